"""PagerDuty and Apprise: what leaves the machine for them, and how a lost message is noticed."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from operators.notify.channels import Message, send
from operators.notify.message_value import Incident
from tests.operators.published import task_context

PAGER = {"type": "pagerduty", "conn_id": "on_call"}
MANY = {"type": "apprise", "conn_id": "services"}
BEGUN = Incident(
    key="monitoring/check_dag_runs",
    summary="DAG runs: load.failed_runs: 4\n and 1 more",
    severity="critical",
    source="monitoring",
    links={"Health report": "https://reports.example/1"},
)
MESSAGE = Message(
    subject="Airflow health: 2 new (critical)",
    text="NEW\n\nDAG runs",
    html="<p>x</p>",
    facts={"open": 2},
    severity="critical",
    incidents=(BEGUN,),
)

pytestmark = pytest.mark.usefixtures("artifact_root")


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, web: Any) -> Any:
    """``connect("on_call", …)`` makes a connection that leads to the receiver."""

    def make(conn_id: str, **fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    make("on_call", conn_type="pagerduty_events", host=f"http://127.0.0.1:{web.port}", password="an-integration-key")
    make("services", conn_type="apprise", extra={"config": [{"path": f"json://127.0.0.1:{web.port}/one"}]})
    return make


def deliver(channel: dict[str, Any], message: Message = MESSAGE) -> tuple[str, str]:
    (delivery,) = send([channel], message, task_context("send_alerts"))
    return str(delivery.status), delivery.error


# -- PagerDuty ---------------------------------------------------------------------------------------------------------


def test_what_begins_triggers_an_incident(web: Any, connect: Any) -> None:
    assert deliver(PAGER) == ("delivered", "")
    (request,) = web.requests
    assert request["path"] == "/v2/enqueue"
    assert request["body"] == {
        "routing_key": "an-integration-key",
        "event_action": "trigger",
        "dedup_key": "monitoring/check_dag_runs",
        "payload": {
            "summary": "DAG runs: load.failed_runs: 4 and 1 more",
            "source": "monitoring",
            "severity": "critical",
            "custom_details": {"text": MESSAGE.text, "open": 2},
        },
        "links": [{"href": "https://reports.example/1", "text": "Health report"}],
    }


def test_what_is_over_resolves_it_by_the_same_key(web: Any, connect: Any) -> None:
    over = Incident(key=BEGUN.key, summary="", severity="info", source="monitoring", is_over=True)
    assert deliver(PAGER, Message(subject="s", text="t", html="", incidents=(over,))) == ("delivered", "")
    (request,) = web.requests
    assert request["body"] == {
        "routing_key": "an-integration-key",
        "event_action": "resolve",
        "dedup_key": "monitoring/check_dag_runs",
    }


def test_a_refused_event_is_a_failure_and_tells_no_key(web: Any, connect: Any) -> None:
    web.status = 400
    status, error = deliver(PAGER)
    assert status == "failed"
    assert "400 Bad Request" in error
    assert "integration-key" not in error


def test_a_connection_without_a_key_says_what_it_is(connect: Any) -> None:
    connect("on_call", conn_type="pagerduty_events")
    assert deliver(PAGER) == (
        "misconfigured",
        "the connection 'on_call' has no password; it is the integration key of the PagerDuty service",
    )


# -- Apprise -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "kind"), [("critical", "failure"), ("warning", "warning"), ("info", "info")])
def test_apprise_sends_to_the_services_of_the_connection(web: Any, connect: Any, severity: str, kind: str) -> None:
    message = Message(subject="s", text="the text", html="", severity=severity)
    assert deliver(MANY, message) == ("delivered", "")
    (request,) = web.requests
    assert request["path"] == "/one"
    assert {key: request["body"][key] for key in ("title", "message", "type")} == {
        "title": "s",
        "message": "the text",
        "type": kind,
    }


def test_a_tag_chooses_among_the_services(web: Any, connect: Any) -> None:
    paths = {"data": f"json://127.0.0.1:{web.port}/data", "ops": f"json://127.0.0.1:{web.port}/ops"}
    config = [{"path": path, "tag": tag} for tag, path in paths.items()]
    connect("services", conn_type="apprise", extra={"config": json.dumps(config)})
    assert deliver({**MANY, "tag": "ops"}) == ("delivered", "")
    assert [request["path"] for request in web.requests] == ["/ops"]


def test_a_service_that_does_not_take_it_is_a_failure(web: Any, connect: Any) -> None:
    """Airflow's own provider does not look at what the library says, and the message is lost."""
    web.status = 500
    assert deliver(MANY) == (
        "failed",
        "RuntimeError: Apprise could not deliver to every service of the connection, or none has the tag",
    )


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        ({}, "has no services; its extra is"),
        ({"config": "not json"}, "has no services; its extra is"),
        ({"config": [{"url": "json://x"}]}, "has no services; its extra is"),
        ({"config": {"path": "nonsense://secret-token"}}, "Apprise cannot read the address config[0].path"),
    ],
)
def test_a_connection_that_apprise_cannot_read_is_named(connect: Any, extra: Any, error: str) -> None:
    connect("services", conn_type="apprise", extra=extra)
    status, told = deliver(MANY)
    assert status == "misconfigured"
    assert error in told
    assert "secret-token" not in told


def test_without_the_library_its_installation_is_told(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert deliver(MANY) == (
        "misconfigured",
        "a channel of type 'apprise' needs the library: pip install apprise",
    )
