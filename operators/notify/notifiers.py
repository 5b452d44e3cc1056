"""One function for each type of channel: it hands a message over, or raises."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from operators.http_client import open_http, url_of
from operators.notify.channel_config import TIMEOUT_SECONDS, Channel, listed
from operators.notify.message_value import Message, one_line

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier, Connection, Context

_SLACK_TEXT_LIMIT = 30_000
"""Slack cuts a message at 40 000 characters; escaping can make it longer."""
_PAGERDUTY = "https://events.pagerduty.com"
_PAGERDUTY_SUMMARY_LIMIT = 1024
_APPRISE_TYPES = {"critical": "failure", "warning": "warning", "info": "info"}
"""Severity -> how Apprise calls it."""


class MisconfiguredError(RuntimeError):
    """A channel that no retry can heal; the message says what to do."""


def notify(channel: Channel, connection: Connection, message: Message, context: Context) -> None:
    """Hand a message to a channel.

    :param connection: that of the channel, of a type that fits
    :raises MisconfiguredError: if a retry cannot help
    :raises Exception: whatever a notifier raises
    """
    if channel.type in _NOTIFIERS:
        # notify(), not the call operator, which would render the message - text of tasks and data - as a template.
        _NOTIFIERS[channel.type](channel, message).notify(context)
    else:
        _SENDERS[channel.type](channel, connection, message)


def _smtp(channel: Channel, message: Message) -> BaseNotifier:
    from operators.notify.single_try_mail import SingleTryMail

    return SingleTryMail(
        smtp_conn_id=channel.conn_id,
        to=listed(channel.options["to"]),
        from_email=channel.options.get("from_email"),
        cc=listed(channel.options.get("cc")) or None,
        bcc=listed(channel.options.get("bcc")) or None,
        subject=one_line(message.subject),
        html_content=message.html,
    )


def _slack(channel: Channel, message: Message) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    text = message.text if len(message.text) <= _SLACK_TEXT_LIMIT else message.text[:_SLACK_TEXT_LIMIT] + "\n…"
    return SlackWebhookNotifier(
        slack_webhook_conn_id=channel.conn_id,
        text=f"*{_escape_slack(one_line(message.subject))}*\n```{_escape_slack(text)}```",
        timeout=TIMEOUT_SECONDS,
    )


def _http(channel: Channel, message: Message) -> BaseNotifier:
    from airflow.providers.http.notifications.http import HttpNotifier

    return HttpNotifier(
        http_conn_id=channel.conn_id,
        endpoint=channel.options.get("endpoint"),
        method=channel.options.get("method", "POST"),
        json={"subject": one_line(message.subject), "text": message.text, **message.facts},
        extra_options={"timeout": TIMEOUT_SECONDS},
    )


def _pagerduty(channel: Channel, connection: Connection, message: Message) -> None:
    """Send each of the message's incidents to the Events API v2.

    The provider's notifier can only reach events.pagerduty.com and brings a client library for these few fields.
    """
    if not connection.password:
        raise MisconfiguredError(
            f"the connection {channel.conn_id!r} has no password; it is the integration key of the PagerDuty service"
        )
    url = url_of(connection) if connection.host else _PAGERDUTY
    with open_http() as client:
        for incident in message.incidents:
            body: dict[str, Any] = {
                "routing_key": connection.password,
                "event_action": "resolve" if incident.is_over else "trigger",
                "dedup_key": incident.key,
            }
            if not incident.is_over:
                body["payload"] = {
                    "summary": one_line(incident.summary)[:_PAGERDUTY_SUMMARY_LIMIT],
                    "source": incident.source,
                    "severity": incident.severity,
                    "custom_details": {"text": message.text, **message.facts},
                }
                body["links"] = [{"href": href, "text": text} for text, href in incident.links.items()]
            client.post(f"{url}/v2/enqueue", json=body, timeout=TIMEOUT_SECONDS).raise_for_status()


def _apprise(channel: Channel, connection: Connection, message: Message) -> None:
    """Send through the services of the connection, in the form of Airflow's provider: ``{"config": [{"path": url}]}``.

    The provider itself does not look at what the library says of the delivery, so a lost message would look sent.
    """
    try:
        from apprise import Apprise
    except ImportError:
        raise MisconfiguredError("a channel of type 'apprise' needs the library: pip install apprise") from None

    services = Apprise()
    for position, service in enumerate(_apprise_services(channel, connection)):
        if not services.add(service["path"], tag=service.get("tag")):
            raise MisconfiguredError(
                f"the connection {channel.conn_id!r}: Apprise cannot read the address config[{position}].path"
            )
    is_sent = services.notify(
        body=message.text,
        title=one_line(message.subject),
        notify_type=_APPRISE_TYPES[message.severity],
        body_format="text",
        tag=channel.options.get("tag", "all"),
    )
    if not is_sent:
        raise RuntimeError("Apprise could not deliver to every service of the connection, or none has the tag")


def _apprise_services(channel: Channel, connection: Connection) -> list[Mapping[str, Any]]:
    config = connection.extra_dejson.get("config")
    try:
        found = json.loads(config) if isinstance(config, str) else config
    except ValueError:
        found = None
    services = [found] if isinstance(found, Mapping) else found
    if not isinstance(services, list) or not all(isinstance(s, Mapping) and s.get("path") for s in services):
        raise MisconfiguredError(
            f'the connection {channel.conn_id!r} has no services; its extra is {{"config": [{{"path": "URL"}}]}}'
        )
    return services


def _escape_slack(text: str) -> str:
    # https://docs.slack.dev/messaging/formatting-message-text: these three, else <!channel> in data would page people.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")


_NOTIFIERS: Mapping[str, Callable[[Channel, Message], BaseNotifier]] = {"smtp": _smtp, "slack": _slack, "http": _http}
"""Those for which Airflow's notifier says whether it worked."""
_SENDERS: Mapping[str, Callable[[Channel, Any, Message], None]] = {"pagerduty": _pagerduty, "apprise": _apprise}
