"""SendAlerts: quiet when nothing is wrong, one message when something is, sent to a real HTTP receiver."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.health.generate_health_report import GenerateHealthReportOperator
from operators.notify.channels import DeliveryError
from operators.notify.send_alerts import SendAlertsOperator
from operators.verdict import Judgement, Outcome, Verdict, record_judgement
from tests.operators.conftest import TaskInstance

HOOK = [{"type": "http", "conn_id": "hook", "endpoint": "alerts"}]


@pytest.fixture
def make_report(run_task: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """``make_report(a=["pass", "fail"], b=None)``: a report on checks with these verdicts; None could not be made."""

    def make(**checks: list[str] | None) -> dict[str, Any]:
        results = [None if outcomes is None else publish_check(name, outcomes) for name, outcomes in checks.items()]
        operator = GenerateHealthReportOperator(task_id="generate_health_report", checks=results)
        result: dict[str, Any] = run_task(operator).result
        return result

    return make


def publish_check(name: str, outcomes: list[str], note: str = "4 of 5") -> dict[str, Any]:
    """Leave behind what a check does."""
    context: Any = {"ti": TaskInstance("a_dag", "r1", name)}
    verdicts = tuple(
        Verdict(name=f"dag_{i}.{name}", outcome=Outcome(outcome), observed=i, threshold="warn 0", message=note)
        for i, outcome in enumerate(outcomes)
    )
    artifact = ArtifactWriter(context)
    record_judgement(context, artifact, Judgement(title=name, verdicts=verdicts))
    return artifact.publish("judgement").to_xcom()


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the connection ``hook`` leads to has received."""
    messages: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            messages.append({"path": self.path, **body})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    connection = {"conn_type": "http", "host": "http://127.0.0.1", "port": server.server_address[1]}
    monkeypatch.setenv("AIRFLOW_CONN_HOOK", json.dumps(connection))
    yield messages
    server.shutdown()
    server.server_close()
    thread.join()


def alerts(report: Any, **parameters: Any) -> SendAlertsOperator:
    return SendAlertsOperator(task_id="send_alerts", report=report, **parameters)


def kept(reference: dict[str, Any], name: str) -> str:
    return Artifact(Reference.from_xcom(reference, where="test")).read_bytes(name).decode()


def test_nothing_wrong_sends_nothing_and_says_so(make_report, run_task, received, caplog):
    run = run_task(alerts(make_report(a=["pass"], b=["pass"]), channels=HOOK))
    assert run.result is None
    assert received == []
    assert "Nothing to send: health is pass, and alerts start at inconclusive" in caplog.text


@pytest.mark.parametrize(
    ("alert_on", "worst", "is_sent"),
    [
        ("warn", "warn", True),
        ("warn", "inconclusive", True),
        ("warn", "fail", True),
        ("inconclusive", "warn", False),
        ("inconclusive", "inconclusive", True),
        ("inconclusive", "fail", True),
        ("fail", "warn", False),
        ("fail", "inconclusive", False),
        ("fail", "fail", True),
    ],
)
def test_alert_on_is_the_mildest_verdict_worth_a_message(make_report, run_task, received, alert_on, worst, is_sent):
    run_task(alerts(make_report(a=["pass"], b=["pass", worst]), alert_on=alert_on, channels=HOOK))
    assert len(received) == is_sent


def test_one_message_names_what_is_wrong_and_where_to_read_on(make_report, run_task, received):
    report = make_report(a=["pass", "warn", "fail"], b=["pass"])
    run_task(alerts(report, channels=HOOK))
    (message,) = received
    assert message["path"] == "/alerts"
    assert message["subject"] == "Airflow health: fail (1 of 2 checks)"
    assert "fail  dag_2.a: 2 (threshold warn 0) - 4 of 5" in message["text"]
    assert "dag_0" not in message["text"]
    assert message["checks"] == {"a": "fail", "b": "pass"}
    assert message["report"] == f"{report['uri']}/report.html"


def test_a_check_that_could_not_be_made_is_told(make_report, run_task, received):
    run_task(alerts(make_report(a=["pass"], b=None), channels=HOOK))
    assert "could not be made" in received[0]["text"]


def test_without_channels_the_message_is_in_log_and_artefact(make_report, run_task, caplog):
    run = run_task(alerts(make_report(a=["fail"])))
    assert "Airflow health: fail (1 of 1 checks)" in caplog.text
    assert "No channel is configured" in caplog.text
    assert (run.result["kind"], run.result["rows"]) == ("alert", 0)
    assert "dag_0.a" in kept(run.result, "alert.txt")
    assert json.loads(kept(run.result, "alert.json"))["deliveries"] == []


def test_a_failing_channel_fails_the_task_and_not_the_others(make_report, run_task, received, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_DEAD", '{"conn_type": "http", "host": "http://127.0.0.1", "port": 9}')
    channels = [{"type": "http", "conn_id": "dead"}, *HOOK]
    run = run_task(alerts(make_report(a=["fail"]), channels=channels), raises=DeliveryError)
    assert "1 of 2 channels did not take the message" in str(run.error)
    assert len(received) == 1


def test_a_retry_does_not_tell_those_who_know(make_report, run_task, received, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_DEAD", '{"conn_type": "http", "host": "http://127.0.0.1", "port": 9}')
    report = make_report(a=["fail"])
    for number in (1, 2):
        operator = alerts(report, channels=[*HOOK, {"type": "http", "conn_id": "dead"}])
        run_task(operator, try_number=number, raises=DeliveryError)
    assert len(received) == 1


def test_names_in_the_page_are_escaped_and_long_lists_cut(run_task, received):
    check = publish_check("a", ["fail"] * 500, note="<script>alert(1)</script>")
    report = run_task(GenerateHealthReportOperator(task_id="generate_health_report", checks=[check])).result
    run = run_task(alerts(report, channels=HOOK))
    assert "<script>" not in kept(run.result, "alert.html")
    assert "and 480 more" in received[0]["text"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alert_on": "pass"}, "send_alerts.alert_on: found 'pass'; allowed are warn, inconclusive, fail"),
        ({"channels": [{"type": "pager"}]}, "send_alerts.channels[0]: type must be one of"),
        ({"channels": [{"type": "http"}]}, "send_alerts.channels[0] (http): conn_id is missing"),
    ],
)
def test_a_mistake_is_named_also_when_nothing_is_wrong(make_report, run_task, parameters, message):
    run = run_task(alerts(make_report(a=["pass"]), **parameters), raises=AirflowFailException)
    assert message in str(run.error)


def test_something_that_is_no_report_is_a_mistake(run_task):
    run = run_task(alerts("generate_health_report"), raises=AirflowFailException)
    assert "send_alerts.report: expected the result of an upstream task" in str(run.error)
