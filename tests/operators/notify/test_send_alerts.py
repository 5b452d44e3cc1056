"""SendAlerts: what it tells whom over many reports, sent to a real HTTP receiver."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.health.generate_health_report import GenerateHealthReportOperator
from operators.health.health_report import HEALTH, HealthReport, read_check
from operators.kept_state import KeptState
from operators.notify.channels import DeliveryError
from operators.notify.send_alerts import SendAlertsOperator
from operators.verdict import Judgement, Outcome, Verdict, record_judgement
from tests.operators.conftest import TaskInstance

HOOK = [{"type": "http", "conn_id": "hook", "endpoint": "alerts"}]


@pytest.fixture
def make_report(run_task: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """``make_report(a=["pass", "fail"], b=None)``: a report on checks with these verdicts; None could not be made."""

    counter = iter(range(1000))

    def make(**checks: list[str] | None) -> dict[str, Any]:
        run_id = f"r{next(counter)}"
        results = [None if o is None else publish_check(name, o, run_id=run_id) for name, o in checks.items()]
        with DAG("a_dag", schedule=None):
            operator = GenerateHealthReportOperator(task_id="generate_health_report", checks=results)
            [BaseOperator(task_id=name) for name in checks] >> operator
        result: dict[str, Any] = run_task(operator, run_id=run_id).result
        return result

    return make


def publish_check(name: str, outcomes: list[str], note: str = "4 of 5", run_id: str = "r1") -> dict[str, Any]:
    """Leave behind what a check does."""
    context: Any = {"ti": TaskInstance("a_dag", run_id, name)}
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


@pytest.fixture
def hourly(make_report, run_task):
    """``hourly([…], a=["fail"])``: the report of the next hour, and what is sent of it to these channels."""
    runs = iter(range(1000))

    def run(channels: Any = HOOK, *, raises: Any = None, tries: int = 1, of: Any = None, **checks: Any) -> Any:
        parameters = {"alert_on": "warn", "channels": channels, **(of or {})}
        report, run_id = make_report(**checks), f"hour-{next(runs)}"
        done = [
            run_task(alerts(report, **parameters), run_id=run_id, try_number=number + 1, raises=raises)
            for number in range(tries)
        ]
        return done[-1]

    return run


def keys(message: dict[str, Any]) -> dict[str, list[str]]:
    """The problems of a message: what it says of them -> their keys."""
    found = {name: [alert["key"] for alert in message[name]] for name in ("new", "worse", "still_open", "recovered")}
    return {name: names for name, names in found.items() if names}


# -- whether anything is sent ----------------------------------------------------------------------------------------


def test_nothing_wrong_sends_nothing_and_says_so(make_report, run_task, received, caplog):
    caplog.set_level(logging.INFO, logger="airflow.task")
    run = run_task(alerts(make_report(a=["pass"], b=["pass"]), channels=HOOK))
    assert run.result is None
    assert received == []
    assert "Nothing to send: health is pass, 0 alerts are open and told" in caplog.text


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
    run_task(alerts(report, alert_on="warn", channels=HOOK))
    (message,) = received
    assert message["path"] == "/alerts"
    assert message["subject"] == "Airflow health: 2 new (critical)"
    assert "NEW\n\na\n  critical  dag_2.a: 2 (threshold warn 0) - 4 of 5\n  warning  dag_1.a: 1" in message["text"]
    assert "dag_0" not in message["text"]
    assert (message["severity"], message["open"]) == ("critical", 2)
    assert message["checks"] == {"a": "fail", "b": "pass"}
    assert message["report"] == f"{report['uri']}/report.html"


def test_a_check_that_could_not_be_made_is_told(make_report, run_task, received):
    run_task(alerts(make_report(a=["pass"], b=None), channels=HOOK))
    assert "warning  could not be made: its task failed or did not run; see its log" in received[0]["text"]
    assert keys(received[0]) == {"new": ["b/unmeasured"]}


def test_without_channels_the_message_is_in_log_and_artefact(make_report, run_task, caplog):
    caplog.set_level(logging.INFO, logger="airflow.task")
    run = run_task(alerts(make_report(a=["fail"])))
    assert "Airflow health: 1 new (critical)" in caplog.text
    assert "No channel wants it" in caplog.text
    assert (run.result["kind"], run.result["rows"]) == ("alert", 0)
    assert "dag_0.a" in kept(run.result, "alert.txt")
    assert json.loads(kept(run.result, "alert.json"))["deliveries"] == []


# -- once, again, over -----------------------------------------------------------------------------------------------


def test_a_problem_that_lasts_is_told_once(hourly, received):
    for _ in range(5):
        hourly(a=["fail", "warn"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a", "a/dag_1.a"]}]


def test_another_problem_is_told_alone(hourly, received):
    hourly(a=["warn"])
    hourly(a=["warn", "pass", "warn"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}, {"new": ["a/dag_2.a"]}]


def test_a_problem_that_becomes_more_urgent_is_told_again_and_one_that_becomes_less_so_is_not(hourly, received):
    for outcome in ("warn", "fail", "warn", "fail"):
        hourly(a=[outcome])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}, {"worse": ["a/dag_0.a"]}]
    assert received[1]["subject"] == "Airflow health: 1 worse (critical)"


def test_what_is_over_is_told_once_it_stays_away(hourly, received):
    hourly(a=["fail"])
    for _ in range(4):
        hourly(a=["pass"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}, {"recovered": ["a/dag_0.a"]}]
    assert received[1]["subject"] == "Airflow health: 1 recovered"
    assert "Open in all: nothing" in received[1]["text"]


def test_what_is_over_and_comes_again_is_new(hourly, received):
    for outcome in ("fail", "pass", "pass", "fail"):
        hourly(a=[outcome])
    assert [list(keys(message)) for message in received] == [["new"], ["recovered"], ["new"]]


def test_a_problem_of_one_report_may_be_too_little(hourly, received):
    for outcome in ("fail", "pass", "fail", "fail"):
        hourly(of={"raise_after": 2}, a=[outcome])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}]


def test_what_comes_and_goes_is_not_told_each_time(hourly, received):
    for hour in range(24):
        hourly(of={"clear_after": 1}, a=["pass" if hour % 2 else "fail"])
    assert len(received) < 6
    last = keys(received[-1])
    assert list(last) == ["new"]
    for _ in range(12):
        hourly(of={"clear_after": 1}, a=["pass"])
    assert keys(received[-1]) == {"recovered": ["a/dag_0.a"]}


def test_a_check_that_could_not_be_made_says_nothing_of_its_problems(hourly, received):
    hourly(a=["fail"])
    for _ in range(3):
        hourly(a=None)
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}, {"new": ["a/unmeasured"]}]
    for _ in range(2):
        hourly(a=["pass"])
    assert keys(received[-1]) == {"recovered": ["a/dag_0.a", "a/unmeasured"]}


@pytest.fixture
def report_of(run_task) -> Callable[..., dict[str, Any]]:
    """``report_of(hour, a=["fail"])``: the report that was made at this hour, by default in the run of this hour."""

    def make(hour: int, *, of_run: str = "", **checks: list[str]) -> dict[str, Any]:
        run_id, made_at = f"hour-{hour}", f"2026-01-01T{hour:02}:00:00+00:00"
        published = [publish_check(name, outcomes, run_id=run_id) for name, outcomes in checks.items()]
        found = tuple(read_check(Reference.from_xcom(reference, where="test")) for reference in published)
        report = HealthReport(dag_id="a_dag", run_id=of_run or run_id, created_at=made_at, checks=found)
        context: Any = {"ti": TaskInstance("a_dag", run_id, "generate_health_report")}
        artifact = ArtifactWriter(context)
        artifact.write_json(HEALTH, report.to_json())
        return artifact.publish("health").to_xcom()

    return make


def test_the_task_of_an_old_run_that_is_cleared_does_not_tell_what_is_over(report_of, run_task, received, dead, caplog):
    old = report_of(0, a=["fail"])
    run_task(alerts(old, channels=[dead]), run_id="hour-0", raises=DeliveryError)
    for hour in (1, 2):
        run_task(alerts(report_of(hour, a=["pass"])), run_id=f"hour-{hour}")
    state = KeptState("a_dag", "send_alerts").read()

    run = run_task(alerts(old, channels=HOOK), run_id="hour-0", try_number=2)

    assert (received, run.result) == ([], None)
    assert KeptState("a_dag", "send_alerts").read() == state
    assert "the report of hour-0, made at 2026-01-01T00:00:00+00:00, is older than that of hour-2" in caplog.text


def test_a_run_that_is_cleared_as_a_whole_has_looked_again_and_counts(report_of, run_task, received):
    run_task(alerts(report_of(1, a=["pass"]), channels=HOOK), run_id="hour-1")
    again = report_of(2, of_run="hour-1", a=["fail"])
    run_task(alerts(again, channels=HOOK), run_id="hour-1", try_number=2)
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}]


def test_what_lasts_is_called_to_mind(hourly, received):
    for _ in range(3):
        hourly(of={"repeat": "1ms"}, a=["fail"])
    assert [list(keys(message)) for message in received] == [["new"], ["still_open"], ["still_open"]]
    assert received[1]["subject"] == "Airflow health: 1 still open (critical)"
    hourly(of={"repeat": "0s"}, a=["fail"])
    assert len(received) == 3


# -- who is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        ({}, ["a/dag_0.a", "b/dag_0.b", "a/dag_1.a"]),
        ({"severities": ["critical"]}, ["a/dag_0.a", "b/dag_0.b"]),
        ({"severities": ["warning", "info"]}, ["a/dag_1.a"]),
        ({"checks": ["b"]}, ["b/dag_0.b"]),
        ({"checks": ["*/dag_0.*"], "severities": ["critical"]}, ["a/dag_0.a", "b/dag_0.b"]),
        ({"checks": ["nothing"]}, None),
    ],
)
def test_a_channel_gets_the_severities_and_checks_that_it_is_for(hourly, received, routing, expected):
    hourly([{**HOOK[0], **routing}], a=["fail", "warn"], b=["fail"])
    assert [keys(message) for message in received] == ([{"new": expected}] if expected else [])


def test_severities_can_be_changed_by_check_and_by_problem(hourly, received):
    changed = {"a/dag_1.*": "critical", "a": "info", "*/dag_9.*": "critical"}
    hourly(of={"severities": changed}, a=["fail", "warn"], b=["warn"])
    assert {alert["key"]: alert["severity"] for alert in received[0]["new"]} == {
        "a/dag_0.a": "info",
        "a/dag_1.a": "critical",
        "b/dag_0.b": "warning",
    }


PAGER = [{**HOOK[0], "severities": ["critical"]}]


def test_a_problem_that_is_no_longer_for_a_channel_is_over_for_it_after_clear_after_reports(hourly, received):
    told = []
    for outcome in ("fail", "warn", "warn"):
        hourly(PAGER, a=[outcome])
        told.append(len(received))
    # One milder report is too few, as one without the problem is: the next may be critical again.
    assert told == [1, 1, 2]
    assert keys(received[-1]) == {"recovered": ["a/dag_0.a"]}


@pytest.mark.parametrize("outcomes", [["fail", "warn"] * 5, ["fail", "warn", "warn"] * 5], ids=" ".join)
def test_a_severity_that_hovers_around_a_threshold_does_not_page_each_time(hourly, received, outcomes):
    for outcome in outcomes:
        hourly(PAGER, a=[outcome])
    assert sum("new" in keys(message) for message in received) <= 3
    for _ in range(12):
        hourly(PAGER, a=["warn"])
    assert keys(received[-1]) == {"recovered": ["a/dag_0.a"]}


def test_what_was_critical_before_it_was_over_is_not_critical_when_it_comes_again_as_a_warning(hourly, received):
    for outcome in ("fail", "pass", "pass", "warn"):
        hourly(a=[outcome])
    assert [(keys(message), message["severity"]) for message in received] == [
        ({"new": ["a/dag_0.a"]}, "critical"),
        ({"recovered": ["a/dag_0.a"]}, "info"),
        ({"new": ["a/dag_0.a"]}, "warning"),
    ]


TWO_ENTRIES = [{**HOOK[0], "severities": ["critical"]}, {**HOOK[0], "severities": ["warning"]}]


def test_two_entries_for_one_receiver_do_not_undo_each_other_every_hour(hourly, received):
    for _ in range(3):
        hourly(TWO_ENTRIES, a=["fail", "warn", "pass"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a", "a/dag_1.a"]}]


def test_a_problem_that_passes_from_one_entry_to_the_other_is_not_over(hourly, received):
    for outcome in ("warn", "fail", "warn", "warn"):
        hourly(TWO_ENTRIES, a=[outcome])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}, {"worse": ["a/dag_0.a"]}]


def test_an_incident_lasts_until_nothing_of_any_entry_is_open(hourly, received, monkeypatch):
    connection = json.loads(os.environ["AIRFLOW_CONN_HOOK"])
    monkeypatch.setenv(
        "AIRFLOW_CONN_PAGER", json.dumps({**connection, "conn_type": "pagerduty_events", "password": "a-key"})
    )
    pager = {"type": "pagerduty", "conn_id": "pager"}
    channels = [{**pager, "severities": ["critical"]}, {**pager, "severities": ["warning"]}]
    for first, second in [("fail", "warn"), ("pass", "warn"), ("pass", "warn"), ("pass", "pass"), ("pass", "pass")]:
        hourly(channels, a=[first, second])
    assert [(event["event_action"], event.get("payload", {}).get("severity")) for event in received] == [
        ("trigger", "critical"),
        ("trigger", "warning"),
        ("resolve", None),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        TWO_ENTRIES,
        TWO_ENTRIES[::-1],
        [{"type": "http", "conn_id": "hook", "endpoint": "elsewhere", "checks": ["nothing"]}, *HOOK],
        [{**HOOK[0], "checks": ["a"], "recoveries": False}],
    ],
    ids=["in two entries", "in two entries, moved", "after another one", "chosen by check"],
)
def test_what_a_channel_knows_is_not_sent_again_when_the_yaml_says_in_another_way_what_goes_there(
    hourly, received, changed
):
    hourly(HOOK, a=["fail", "warn"])
    hourly(changed, a=["fail", "warn"])
    assert len(received) == 1


def test_each_entry_says_whether_it_is_told_what_is_over(hourly, received):
    channels = [TWO_ENTRIES[0], {**TWO_ENTRIES[1], "recoveries": False}]
    for outcomes in (["fail", "warn"], ["pass", "pass"], ["pass", "pass"]):
        hourly(channels, a=outcomes)
    assert [keys(message) for message in received] == [
        {"new": ["a/dag_0.a", "a/dag_1.a"]},
        {"recovered": ["a/dag_0.a"]},
    ]


def test_a_channel_may_do_without_what_is_over(hourly, received):
    channel = [{**HOOK[0], "recoveries": False}]
    for outcome in ("fail", "pass", "pass", "fail"):
        hourly(channel, a=[outcome])
    assert [list(keys(message)) for message in received] == [["new"], ["new"]]


def test_a_channel_that_is_added_later_is_told_what_is_open(hourly, received):
    hourly([], a=["fail"])
    hourly(HOOK, a=["fail"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}]


# -- channels that fail ----------------------------------------------------------------------------------------------


@pytest.fixture
def dead(monkeypatch) -> dict[str, str]:
    """A channel behind which nobody listens."""
    monkeypatch.setenv("AIRFLOW_CONN_DEAD", '{"conn_type": "http", "host": "http://127.0.0.1", "port": 9}')
    return {"type": "http", "conn_id": "dead"}


def test_a_failing_channel_fails_the_task_and_not_the_others(hourly, received, dead):
    run = hourly([dead, *HOOK], a=["fail"], raises=DeliveryError)
    assert "1 of 2 channels did not take the message" in str(run.error)
    assert len(received) == 1


def test_another_try_does_not_tell_those_who_know(hourly, received, dead):
    hourly([*HOOK, dead], a=["fail"], raises=DeliveryError, tries=3)
    assert len(received) == 1


def test_a_channel_that_failed_is_told_with_the_next_report(hourly, received, dead, monkeypatch):
    hourly([dead], a=["fail"], raises=DeliveryError)
    hourly([dead], a=["fail", "warn"], raises=DeliveryError)
    monkeypatch.setenv("AIRFLOW_CONN_DEAD", os.environ["AIRFLOW_CONN_HOOK"])
    hourly([dead], a=["fail", "warn"])
    hourly([dead], a=["fail", "warn"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a", "a/dag_1.a"]}]


ENDED = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""The mail library leaves its connection to the end of the process when the task is ended meanwhile."""


@pytest.fixture
def hanging(silent_port, monkeypatch) -> Callable[[str], dict[str, Any]]:
    """``hanging("x@y.z")``: mail through a server that takes the connection and says nothing."""
    extra = {"timeout": 1, "retry_limit": 5, "disable_ssl": True, "disable_tls": True, "from_email": "a@example.com"}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": silent_port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(connection))
    return lambda address: {"type": "smtp", "conn_id": "mail", "to": [address]}


def test_a_mail_server_that_hangs_takes_its_timeout_once_and_not_six_times(hourly, received, hanging):
    began = time.monotonic()
    hourly([hanging("a@example.com"), *HOOK], a=["fail"], raises=DeliveryError)
    assert time.monotonic() - began < 4
    assert len(received) == 1


@ENDED
@pytest.mark.slow
def test_channels_that_hang_until_the_task_is_ended_do_not_hide_the_others_from_the_next_try(
    make_report, run_task, received, hanging, metrics
):
    channels = [*map(hanging, ("a@example.com", "b@example.com", "c@example.com")), *HOOK]
    report, told = make_report(a=["fail"]), []
    for number in (1, 2):
        with pytest.raises(AirflowTaskTimeout), timeout(2.5):
            run_task(alerts(report, channels=channels), try_number=number)
        told.append(len(received))
        assert any("conn_id=mail,outcome=failed" in line for line in metrics())
    assert told == [0, 1]


@ENDED
def test_who_was_told_before_the_task_was_ended_is_not_told_again(make_report, run_task, received, hanging):
    channels = [*HOOK, *map(hanging, ("a@example.com", "b@example.com"))]
    with pytest.raises(AirflowTaskTimeout), timeout(1.8):
        run_task(alerts(make_report(a=["fail"]), channels=channels), run_id="hour-1")
    run_task(alerts(make_report(a=["fail"]), channels=HOOK), run_id="hour-2")
    assert len(received) == 1


def test_a_channel_that_works_again_has_its_old_place(hourly, received, dead, monkeypatch):
    second = {**HOOK[0], "endpoint": "second"}
    hourly([dead, second], a=["fail"], raises=DeliveryError)
    monkeypatch.setenv("AIRFLOW_CONN_DEAD", os.environ["AIRFLOW_CONN_HOOK"])
    hourly([dead, second], a=["fail", "fail"])
    hourly([dead, second], a=["fail", "fail", "fail"])
    assert [message["path"] for message in received] == ["/second", "/second", "/", "/", "/second"]


def test_what_was_over_before_a_channel_worked_again_is_never_told_to_it(hourly, received, dead, monkeypatch):
    hourly([dead], a=["fail"], raises=DeliveryError)
    hourly([], a=["pass"])
    hourly([], a=["pass"])
    monkeypatch.setenv("AIRFLOW_CONN_DEAD", os.environ["AIRFLOW_CONN_HOOK"])
    hourly([dead], a=["pass"])
    assert received == []


@pytest.mark.parametrize("alert_on", ["fail", "inconclusive"])
def test_a_problem_of_which_nothing_is_known_any_more_is_not_over(hourly, received, alert_on):
    of = {"alert_on": alert_on, "clear_after": 1}
    critical = [{**HOOK[0], "severities": ["critical"]}]
    hourly(critical, of=of, a=["fail"])
    for _ in range(3):
        hourly(critical, of=of, a=["inconclusive"])
    assert [keys(message) for message in received] == [{"new": ["a/dag_0.a"]}]
    hourly(critical, of=of, a=["pass"])
    assert [keys(message) for message in received][1:] == [{"recovered": ["a/dag_0.a"]}]


def test_a_task_that_died_after_a_delivery_does_not_deliver_twice(make_report, run_task, received, monkeypatch):
    report = make_report(a=["fail"])

    def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as broken:
        broken.setattr(KeptState, "write", die)
        run_task(alerts(report, channels=HOOK), raises=RuntimeError)
    run_task(alerts(report, channels=HOOK), try_number=2)
    assert len(received) == 1


def test_metrics_tell_what_is_open_and_what_was_sent(hourly, received, dead, metrics):
    metrics()
    hourly([*HOOK, dead], a=["fail", "warn", "warn"], raises=DeliveryError)
    found = [line for line in metrics() if "health.alerts" in line]
    assert found == [
        "airflow.health.alerts_open,dag_id=a_dag,severity=critical:1|g",
        "airflow.health.alerts_open,dag_id=a_dag,severity=warning:2|g",
        "airflow.health.alerts_open,dag_id=a_dag,severity=info:0|g",
        "airflow.health.alerts_sent_total,dag_id=a_dag,channel=http,conn_id=hook,outcome=delivered:1|c",
        "airflow.health.alerts_sent_total,dag_id=a_dag,channel=http,conn_id=dead,outcome=failed:1|c",
    ]


def test_a_try_that_fails_is_counted_only_if_none_comes_after_it(make_report, run_task, received, dead, metrics):
    report = make_report(a=["fail"])
    sent = []
    for number in (1, 2, 3):
        metrics()
        run_task(alerts(report, channels=[*HOOK, dead]), try_number=number, max_tries=2, raises=DeliveryError)
        sent.append([line.rpartition("conn_id=")[2] for line in metrics() if "alerts_sent_total" in line])
    assert sent == [["hook,outcome=delivered:1|c"], [], ["dead,outcome=failed:1|c"]]


def test_what_is_open_is_counted_also_where_nobody_could_be_told(hourly, dead, metrics):
    metrics()
    hourly([dead], a=["fail"], raises=DeliveryError)
    assert "airflow.health.alerts_open,dag_id=a_dag,severity=critical:1|g" in metrics()


# -- what it looks like, and mistakes --------------------------------------------------------------------------------


def test_names_in_the_page_are_escaped_and_long_lists_cut(run_task, received):
    check = publish_check("a", ["fail"] * 500, note="<script>alert(1)</script>")
    report = run_task(GenerateHealthReportOperator(task_id="generate_health_report", checks=[check])).result
    run = run_task(alerts(report, channels=HOOK))
    assert "<script>" not in kept(run.result, "alert.html")
    assert "and 480 more" in received[0]["text"]
    assert len(received[0]["new"]) == 100
    assert received[0]["open"] == 500


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alert_on": "pass"}, "send_alerts.alert_on: found 'pass'; allowed are warn, inconclusive, fail"),
        ({"channels": [{"type": "pager"}]}, "send_alerts.channels[0]: type must be one of"),
        ({"channels": [{"type": "http"}]}, "send_alerts.channels[0] (http): conn_id is missing"),
        (
            {"channels": [{**HOOK[0], "severities": ["fatal"]}]},
            "send_alerts.channels[0] (http): severities: found 'fatal'; allowed are critical, warning, info",
        ),
        ({"channels": [{**HOOK[0], "recoveries": "no"}]}, "recoveries: 'no' is neither true nor false"),
        ({"channels": [{**HOOK[0], "check": ["a"]}]}, "'check' is unknown; did you mean 'checks'"),
        ({"severities": {"a": "fatal"}}, "send_alerts.severities.a: found 'fatal'"),
        ({"severities": ["a"]}, "send_alerts.severities: expected a mapping of patterns"),
        ({"raise_after": 0}, "send_alerts.raise_after: 0 is not a whole number from 1 on"),
        ({"repeat": "daily"}, "send_alerts.repeat: 'daily' is not a duration"),
    ],
)
def test_a_mistake_is_named_also_when_nothing_is_wrong(make_report, run_task, parameters, message):
    run = run_task(alerts(make_report(a=["pass"]), **parameters), raises=AirflowFailException)
    assert message in str(run.error)


def test_something_that_is_no_report_is_a_mistake(run_task):
    run = run_task(alerts("generate_health_report"), raises=AirflowFailException)
    assert "send_alerts.report: expected the result of an upstream task" in str(run.error)
