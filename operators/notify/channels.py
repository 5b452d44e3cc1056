"""Channels: hands one rendered message to Airflow's notifiers; one that fails does not keep it from the others."""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from operators.artifacts import artifact_root, open_location, path_safe

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier, Connection, Context, ObjectStoragePath

log = logging.getLogger("airflow.task")

_TIMEOUT_SECONDS = 30
_SLACK_TEXT_LIMIT = 30_000
"""Slack cuts a message at 40 000 characters; escaping can make it longer."""


class DeliveryError(RuntimeError):
    """A message that at least one channel did not take; the task is retried, and only that channel is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in every form that a channel needs."""

    subject: str
    text: str
    """Plain text, for the log and for chats."""
    html: str
    """A whole HTML document, for mail."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values for programs; an http channel sends them beside subject and text."""


class Status(StrEnum):
    """How a delivery went."""

    DELIVERED = "delivered"
    ALREADY_DELIVERED = "already delivered"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one channel said."""

    channel: str
    """Type and connection id, e.g. ``slack team_chat``."""
    status: Status
    error: str = ""
    """Why it failed, without secrets."""

    def to_json(self) -> dict[str, str]:
        """Give the plain form."""
        return {key: str(value) for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class ChannelType:
    """What the YAML may say of one type of channel."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    conn_types: tuple[str, ...]
    """Which types of Airflow connection fit."""


CHANNEL_TYPES: Mapping[str, ChannelType] = {
    "smtp": ChannelType(("conn_id", "to"), ("from_email", "cc", "bcc"), ("smtp", "email")),
    "slack": ChannelType(("conn_id",), (), ("slackwebhook",)),
    "http": ChannelType(("conn_id",), ("endpoint", "method"), ("http", "https")),
}
_HTTP_METHODS = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Channel:
    """One checked entry of ``channels``."""

    type: str
    conn_id: str
    options: Mapping[str, Any]
    where: str
    """Its place in the YAML, for errors."""

    @property
    def name(self) -> str:
        """Type and connection id."""
        return f"{self.type} {self.conn_id}"


def read_channels(values: Sequence[Mapping[str, Any]], *, where: str) -> tuple[Channel, ...]:
    """Check the ``channels`` of the YAML; the connections are looked up only when something is sent.

    :param values: ``[{type: smtp|slack|http, conn_id: …, …}]``
    :param where: how to call the parameter in an error, e.g. ``send_notification.channels``
    :raises AirflowFailException: if an entry is not a channel
    """
    return tuple(_read_channel(value, f"{where}[{position}]") for position, value in enumerate(values))


def send(
    channels: Sequence[Mapping[str, Any]], message: Message, context: Context, *, where: str = "channels"
) -> tuple[Delivery, ...]:
    """Send a message through every channel; one that fails does not keep it from the others.

    A channel that took this very message in an earlier try of the task is left out: a receipt beside the run's
    artefacts says so. Should the process die between a delivery and its receipt, the retry sends once more.

    :param channels: ``[{type, conn_id, …}]`` as in the YAML
    :param message: what to send; it is sent as it is, nothing in it is rendered as a template
    :param context: the task's context
    :param where: how to call the parameter in an error
    :returns: one result for each channel, in order; see :func:`require_delivered`
    :raises AirflowFailException: if an entry is not a channel, before anything is sent
    """
    return tuple(_deliver_once(channel, message, context) for channel in read_channels(channels, where=where))


def require_delivered(deliveries: Sequence[Delivery]) -> None:
    """Fail the task if a channel did not take the message.

    :param deliveries: what :func:`send` returned
    :raises DeliveryError: if a channel failed in a way that a retry may heal
    :raises AirflowFailException: if all that failed are misconfigured, where a retry cannot help
    """
    from airflow.sdk.exceptions import AirflowFailException

    undelivered = [d for d in deliveries if d.status in (Status.FAILED, Status.MISCONFIGURED)]
    if not undelivered:
        return
    reasons = "; ".join(f"{d.channel}: {d.error}" for d in undelivered)
    text = f"{len(undelivered)} of {len(deliveries)} channels did not take the message. {reasons}"
    if all(d.status is Status.MISCONFIGURED for d in undelivered):
        raise AirflowFailException(text)
    raise DeliveryError(text)


def _read_channel(value: Any, where: str) -> Channel:
    from airflow.sdk.exceptions import AirflowFailException

    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in CHANNEL_TYPES:
        raise AirflowFailException(f"{where}: type must be one of {', '.join(CHANNEL_TYPES)}; found {kind!r}")
    problem = _problem_of(value, CHANNEL_TYPES[kind])
    if problem:
        raise AirflowFailException(f"{where} ({kind}): {problem}")
    options = {key: option for key, option in value.items() if key not in ("type", "conn_id")}
    return Channel(kind, value["conn_id"], options, where)


def _problem_of(value: Mapping[str, Any], channel_type: ChannelType) -> str | None:
    allowed = ("type", *channel_type.required, *channel_type.optional)
    for key in value:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f"; did you mean {near[0]!r}" if near else ""
            return f"{key!r} is unknown{hint}. Allowed: {', '.join(allowed)}"
    missing = [key for key in channel_type.required if not value.get(key)]
    if missing:
        return f"{', '.join(missing)} is missing"
    if value.get("method", "POST") not in _HTTP_METHODS:
        return f"method must be one of {', '.join(_HTTP_METHODS)}; found {value['method']!r}"
    bad = [a for key in ("to", "cc", "bcc", "from_email") for a in _listed(value.get(key)) if not _is_address(a)]
    return f"{bad[0]!r} is not a mail address" if bad else None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and "@" in value and value.isprintable()


def _deliver_once(channel: Channel, message: Message, context: Context) -> Delivery:
    receipt = _receipt_path(channel, message, context)
    if receipt.exists():
        log.info("%s took this message in an earlier try; not sent again", channel.name)
        return Delivery(channel.name, Status.ALREADY_DELIVERED)
    delivery = _deliver(channel, message, context)
    if delivery.status is Status.DELIVERED:
        log.info("%s took the message %r", channel.name, message.subject)
        receipt.parent.mkdir(parents=True, exist_ok=True)
        receipt.write_bytes(json.dumps(delivery.to_json()).encode())
    else:
        log.error("%s did not take the message: %s", channel.name, delivery.error)
    return delivery


def _receipt_path(channel: Channel, message: Message, context: Context) -> ObjectStoragePath:
    ti = context["ti"]
    parts = [channel.type, channel.conn_id, json.dumps(channel.options, sort_keys=True), message.subject, message.text]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    folder = [artifact_root().rstrip("/"), ti.dag_id, path_safe(ti.run_id), ti.task_id, "delivered"]
    return open_location("/".join([*folder, f"{key}.json"]))


def _deliver(channel: Channel, message: Message, context: Context) -> Delivery:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection: Connection = Connection.get(channel.conn_id)
    except AirflowNotFoundException:
        problem = f"there is no Airflow connection {channel.conn_id!r}; create it, or correct {channel.where}.conn_id"
        return Delivery(channel.name, Status.MISCONFIGURED, problem)
    allowed = CHANNEL_TYPES[channel.type].conn_types
    if connection.conn_type not in allowed:
        problem = (
            f"the connection {channel.conn_id!r} has type {connection.conn_type!r}; "
            f"a channel of type {channel.type!r} takes {' or '.join(allowed)}"
        )
        return Delivery(channel.name, Status.MISCONFIGURED, problem)
    # Whatever a notifier raises is this channel's failure alone: it is kept, logged, and raised after the last channel.
    try:
        # notify(), not the call operator, which would render the message - text of tasks and data - as a template.
        _make_notifier(channel, message).notify(context)
    except AirflowNotFoundException as error:
        return Delivery(channel.name, Status.MISCONFIGURED, _describe(error, connection))
    except Exception as error:  # noqa: BLE001
        return Delivery(channel.name, Status.FAILED, _describe(error, connection))
    return Delivery(channel.name, Status.DELIVERED)


def _make_notifier(channel: Channel, message: Message) -> BaseNotifier:
    makers = {"smtp": _smtp, "slack": _slack, "http": _http}
    return makers[channel.type](channel, message)


def _smtp(channel: Channel, message: Message) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(
        smtp_conn_id=channel.conn_id,
        to=_listed(channel.options["to"]),
        from_email=channel.options.get("from_email"),
        cc=_listed(channel.options.get("cc")) or None,
        bcc=_listed(channel.options.get("bcc")) or None,
        subject=one_line(message.subject),
        html_content=message.html,
    )


def _slack(channel: Channel, message: Message) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    text = message.text if len(message.text) <= _SLACK_TEXT_LIMIT else message.text[:_SLACK_TEXT_LIMIT] + "\n…"
    return SlackWebhookNotifier(
        slack_webhook_conn_id=channel.conn_id,
        text=f"*{_escape_slack(one_line(message.subject))}*\n```{_escape_slack(text)}```",
        timeout=_TIMEOUT_SECONDS,
    )


def _http(channel: Channel, message: Message) -> BaseNotifier:
    from airflow.providers.http.notifications.http import HttpNotifier

    return HttpNotifier(
        http_conn_id=channel.conn_id,
        endpoint=channel.options.get("endpoint"),
        method=channel.options.get("method", "POST"),
        json={"subject": one_line(message.subject), "text": message.text, **message.facts},
        extra_options={"timeout": _TIMEOUT_SECONDS},
    )


def one_line(text: str) -> str:
    """Put a subject on one line: in a mail header, a line break would start another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _escape_slack(text: str) -> str:
    # https://docs.slack.dev/messaging/formatting-message-text: these three, else <!channel> in data would page people.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")


def _describe(error: Exception, connection: Connection) -> str:
    text = one_line(f"{type(error).__name__}: {error}")
    for secret in sorted(_secrets_of(connection), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text[:300]


def _secrets_of(connection: Connection) -> set[str]:
    """List what may be secret in a connection: the password, values of extra, and the path of a webhook address."""
    values: list[Any] = [connection.password, *connection.extra_dejson.values()]
    for address in (connection.host, connection.password):
        if address and "://" in address:
            values.append(address.partition("://")[2].partition("/")[2])
    return {value for value in values if isinstance(value, str) and len(value) >= 4}  # noqa: PLR2004
