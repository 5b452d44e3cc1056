from __future__ import annotations

import json
import logging
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_logs
from fsspec.implementations.local import LocalFileSystem

from operators.notify.channels import (
    Delivery,
    DeliveryError,
    Message,
    Status,
    read_channels,
    require_delivered,
    send,
)
from operators.notify.message_value import Incident
from tests.operators.published import task_context

MAIL = {"type": "smtp", "conn_id": "team_mail", "to": ["ml@example.com"]}
CHAT = {"type": "slack", "conn_id": "team_chat"}
HTTP = {"type": "http", "conn_id": "incidents", "endpoint": "/events"}
MESSAGE = Message(
    subject="ml_pipeline: failed", text="task  state\neval  failed", html="<h1>failed</h1>", facts={"state": "failed"}
)

pytestmark = pytest.mark.usefixtures("artifact_root", "connections")


def deliver(*channels: dict[str, Any], message: Message = MESSAGE, **where: Any) -> list[tuple[str, str]]:
    deliveries = send(channels, message, task_context("send_notification", **where))
    return [(delivery.channel, str(delivery.status)) for delivery in deliveries]


def failure(*channels: dict[str, Any]) -> str:
    (delivery,) = send(channels, MESSAGE, task_context("send_notification"))
    assert delivery.status in (Status.FAILED, Status.MISCONFIGURED)
    return delivery.error


def test_mail_reaches_every_recipient(mail: Any) -> None:
    channel = {**MAIL, "cc": "lead@example.com", "bcc": ["audit@example.com"], "from_email": "pipelines@example.com"}

    assert deliver(channel) == [("smtp team_mail", "delivered")]

    assert mail.recipients == [["ml@example.com", "lead@example.com", "audit@example.com"]]
    (received,) = mail.mails
    assert received["Subject"] == "ml_pipeline: failed"
    assert received["From"] == "pipelines@example.com"
    assert received["Bcc"] is None
    assert received.get_body(("html",)).get_content().strip() == "<h1>failed</h1>"


def test_the_sender_comes_from_the_connection_if_not_from_the_yaml(mail: Any) -> None:
    deliver(MAIL)

    assert mail.mails[0]["From"] == "airflow@example.com"


def test_a_chat_gets_the_text(web: Any) -> None:
    assert deliver(CHAT) == [("slack team_chat", "delivered")]

    (request,) = web.requests
    assert request["path"] == "/services/T0/B0/chat-secret"
    assert request["body"]["text"] == "*ml_pipeline: failed*\n```task  state\neval  failed```"


def test_a_web_service_gets_json(web: Any) -> None:
    assert deliver(HTTP, {**HTTP, "endpoint": "/other", "method": "PUT"}) == [("http incidents", "delivered")] * 2

    first, second = web.requests
    assert (first["method"], first["path"], second["method"], second["path"]) == ("POST", "/events", "PUT", "/other")
    assert first["body"] == {"subject": "ml_pipeline: failed", "text": MESSAGE.text, "state": "failed"}
    assert first["headers"]["Authorization"].startswith("Basic ")


def test_one_channel_that_fails_does_not_keep_it_from_the_others(web: Any, mail: Any) -> None:
    mail.refuses = True

    assert deliver(MAIL, CHAT, HTTP) == [
        ("smtp team_mail", "failed"),
        ("slack team_chat", "delivered"),
        ("http incidents", "delivered"),
    ]


def test_a_retry_goes_only_to_the_channel_that_failed(web: Any, mail: Any) -> None:
    mail.refuses = True
    deliver(MAIL, CHAT, try_number=1)
    mail.refuses = False

    assert deliver(MAIL, CHAT, try_number=2) == [
        ("smtp team_mail", "delivered"),
        ("slack team_chat", "already delivered"),
    ]
    assert len(mail.mails) == len(web.requests) == 1


def test_a_storage_that_takes_no_receipt_does_not_keep_the_message_from_the_other_channels(
    web: Any, artifact_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(HTTP)
    (receipt,) = artifact_root.rglob("delivered/*.json")
    receipt.unlink()
    receipt.parent.rmdir()
    receipt.parent.touch()  # a file, where a folder has to be

    assert deliver(HTTP, CHAT) == [("http incidents", "delivered"), ("slack team_chat", "delivered")]
    assert len(web.requests) == 3
    assert caplog.text.count("cannot be written; another try sends again: FileExistsError") == 2


def test_a_storage_that_cannot_be_asked_for_a_receipt_does_not_keep_the_message_from_anybody(
    web: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> bool:
        raise PermissionError("403 Forbidden")

    monkeypatch.setattr(LocalFileSystem, "exists", refuse)

    assert deliver(HTTP, CHAT) == [("http incidents", "delivered"), ("slack team_chat", "delivered")]
    assert "so the message is sent: PermissionError: 403 Forbidden" in caplog.text


def test_another_message_or_run_is_sent_again(web: Any) -> None:
    deliver(CHAT)
    another = Message(subject="ml_pipeline: success", text="fine now", html="<p>fine</p>")

    assert deliver(CHAT, message=another, try_number=2) == [("slack team_chat", "delivered")]
    assert deliver(CHAT, run_id="the next run") == [("slack team_chat", "delivered")]
    assert len(web.requests) == 3


def test_text_of_tasks_is_never_rendered_as_a_template(web: Any, mail: Any) -> None:
    sly = "{{ conn.team_mail.password }} {% for x in range(9) %}x{% endfor %}"

    deliver(MAIL, CHAT, HTTP, message=Message(subject=sly, text=sly, html=sly))

    assert sly in web.requests[0]["body"]["text"]
    assert web.requests[1]["body"]["text"] == sly
    assert mail.mails[0].get_body(("html",)).get_content().strip() == sly


def test_text_of_tasks_cannot_page_people_in_a_chat(web: Any) -> None:
    deliver(CHAT, message=Message(subject="<!channel>", text="<@U1> & ```done", html=""))

    assert web.requests[0]["body"]["text"] == "*&lt;!channel&gt;*\n```&lt;@U1&gt; &amp; '''done```"


def test_a_subject_cannot_add_mail_headers(mail: Any) -> None:
    deliver(MAIL, message=Message(subject="done\r\nBcc: thief@example.com", text="", html="<p>done</p>"))

    assert mail.recipients == [["ml@example.com"]]
    assert mail.mails[0]["Subject"] == "done Bcc: thief@example.com"
    assert mail.mails[0]["Bcc"] is None


def test_a_long_message_is_cut_for_a_chat(web: Any) -> None:
    deliver(CHAT, message=Message(subject="long", text="x" * 100_000, html=""))

    assert len(web.requests[0]["body"]["text"]) < 40_000
    assert web.requests[0]["body"]["text"].endswith("\n…```")


def test_an_unknown_connection_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert failure({"type": "slack", "conn_id": "nobody"}) == (
        "there is no Airflow connection 'nobody'; create it, or correct channels[0].conn_id"
    )
    assert "slack nobody did not take the message" in caplog.text


def test_a_connection_of_another_type_is_named() -> None:
    assert "the connection 'team_mail' has type 'smtp'; a channel of type 'slack' takes slackwebhook" in failure(
        {"type": "slack", "conn_id": "team_mail"}
    )


def test_a_server_that_says_no_is_quoted(web: Any) -> None:
    web.status = 503

    assert "503" in failure(HTTP)
    assert "Status Code: 503" in failure(CHAT)


def test_no_secret_is_told(
    monkeypatch: pytest.MonkeyPatch, closed_port: int, artifact_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = {
        "conn_type": "http",
        "host": f"http://127.0.0.1:{closed_port}/hooks/url-secret",
        "password": "pass-secret",
    }
    monkeypatch.setenv("AIRFLOW_CONN_HOOK", json.dumps(webhook))
    slack = {"conn_type": "slackwebhook", "password": f"http://127.0.0.1:{closed_port}/services/token-secret"}
    monkeypatch.setenv("AIRFLOW_CONN_CLOSED_CHAT", json.dumps(slack))

    deliveries = send(
        [{"type": "http", "conn_id": "hook"}, {"type": "slack", "conn_id": "closed_chat"}, HTTP, CHAT],
        MESSAGE,
        task_context("send_notification"),
    )

    kept = "".join(path.read_text() for path in artifact_root.rglob("*.json"))
    told = f"{deliveries} {kept} {' '.join(r.getMessage() for r in caplog.records if r.name == 'airflow.task')}"
    assert [str(d.status) for d in deliveries] == ["failed", "failed", "delivered", "delivered"]
    assert "secret" not in told


@pytest.mark.parametrize(
    "connection",
    [
        {"conn_type": "http", "host": "{address}/hooks/a token"},
        {"conn_type": "http", "host": "http://{address}/hooks/token"},
        {"conn_type": "http", "schema": "https", "host": "{address}/hooks/token?signature=token"},
        {"conn_type": "http", "host": "{address}?signature=token"},
        {"conn_type": "slackwebhook", "password": "http://{address}/services/token"},
        {"conn_type": "pagerduty_events", "host": "{address}/token", "password": "integration-key"},
        {"conn_type": "apprise", "extra": {"config": [{"path": "json://{address}/token"}]}},
    ],
    ids=str,
)
def test_the_address_of_a_webhook_is_in_no_line_of_the_log_whoever_writes_it(
    connection: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = f"token-{uuid.uuid4()}"  # what was masked by another test stays masked
    text = json.dumps(connection).replace("{address}", f"127.0.0.1:{closed_port}").replace("token", secret)
    monkeypatch.setenv("AIRFLOW_CONN_HOOK", text)
    kinds = {"slackwebhook": "slack", "pagerduty_events": "pagerduty"}
    channel = {"type": kinds.get(connection["conn_type"], connection["conn_type"]), "conn_id": "hook"}

    incident = Incident(key="a", summary="a", severity="critical", source="a")
    message = replace(MESSAGE, incidents=(incident,))
    (delivery,) = send([channel], message, task_context("send_notification"))

    assert delivery.status is Status.FAILED
    assert secret not in delivery.error
    log = "\n".join([capfd.readouterr().out, *(record.getMessage() for record in caplog.records)])
    assert secret not in mask_logs(None, "", {"event": log})["event"]  # what Airflow does to each line of a task's log


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ({"conn_id": "x"}, "channels[0]: type must be one of smtp, slack, http, pagerduty, apprise; found None"),
        ({"type": "sms", "conn_id": "x"}, "found 'sms'"),
        ("slack", "type must be one of"),
        ({"type": "slack"}, "channels[0] (slack): conn_id is missing"),
        ({"type": "smtp", "conn_id": "x"}, "channels[0] (smtp): to is missing"),
        ({"type": "smtp", "conn_id": "x", "to": "ml-team"}, "'ml-team' is not a mail address"),
        ({"type": "smtp", "conn_id": "x", "to": ["a@b.c\nBcc: d@e.f"]}, "is not a mail address"),
        ({"type": "slack", "conn_id": "x", "conn_ids": "y"}, "'conn_ids' is unknown; did you mean 'conn_id'"),
        ({"type": "http", "conn_id": "x", "method": "DELETE"}, "method must be one of POST, PUT, PATCH"),
        ({"type": "http", "conn_id": "x", "headers": {}}, "'headers' is unknown"),
        ({"type": "pagerduty", "conn_id": "x", "severities": ["critical"]}, "'severities' is unknown"),
        ({"type": "apprise"}, "channels[0] (apprise): conn_id is missing"),
    ],
)
def test_a_mistake_in_a_channel_is_told_before_anything_is_sent(channel: Any, message: str, web: Any) -> None:
    with pytest.raises(AirflowFailException) as caught:
        deliver(CHAT, channel)

    assert message.replace("channels[0]", "channels[1]") in str(caught.value)
    assert web.requests == []


def test_addresses_may_be_a_list_or_text() -> None:
    read_channels([{**MAIL, "to": "a@b.c, d@e.f"}, {**MAIL, "to": ["a@b.c"]}], where="channels")


@pytest.mark.parametrize(
    ("statuses", "error"),
    [
        ([], None),
        ([Status.DELIVERED, Status.ALREADY_DELIVERED], None),
        ([Status.DELIVERED, Status.FAILED], DeliveryError),
        ([Status.MISCONFIGURED, Status.FAILED], DeliveryError),
        ([Status.DELIVERED, Status.MISCONFIGURED], AirflowFailException),
    ],
)
def test_a_failed_delivery_is_retried_and_a_misconfigured_one_is_not(
    statuses: list[Status], error: type[Exception] | None
) -> None:
    deliveries = [Delivery(f"slack {position}", status, "why") for position, status in enumerate(statuses)]

    if error is None:
        require_delivered(deliveries)
        return
    with pytest.raises(error, match=r"channels did not take the message\. slack"):
        require_delivered(deliveries)
