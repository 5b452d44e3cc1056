"""From a fault to the page, with real servers and the project's rules: their own windows, and their own waits."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.alerting import faults
from tests.alerting.conftest import Chains, Moments
from tests.alerting.prometheus import has_data

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(600)
LOG = logging.getLogger(__name__)
"""Tells the measured times: `pytest --log-cli-level=INFO`."""

PAGE_WITHIN = 240
"""Seconds: the promise."""
KILLED = {
    "AirflowSchedulerHeartbeatMissing": "scheduler",
    "AirflowDagProcessorHeartbeatMissing": "dag-processor",
    "AirflowTriggererHeartbeatMissing": "triggerer",
    "AirflowApiServerUnhealthy": "api-server",
}
"""Alert -> the component that was killed, or frozen."""
FAULTS: dict[str, dict[str, str]] = {
    "AirflowDagRunFailed": {"dag_id": "fails"},
    "AirflowCallbackExceptions": {"dag_id": "fails"},
    "AirflowDeadlineMissed": {"dag_id": "late"},
    "AirflowTasksLostHeartbeat": {"dag_id": "lost", "task_id": "hang"},
    "AirflowDagImportErrors": {},
    "AirflowDagProcessorTimeouts": {},
    "AirflowTriggersFailing": {},
    "MlGateFailed": {"dag_id": "worse"},
    "MlGateFailsRepeatedly": {"dag_id": "strict"},
    "MlDataCheckFailed": {"dag_id": "bad_data"},
    "PipelineNotificationsFailing": {"dag_id": "strict", "channel": "http"},
    "PipelineFilesBroken": {},
    "HealthCheckFailed": {"check": "check_dag_runs"},
    "HealthAlertsUndelivered": {"channel": "http"},
}
"""Alert -> labels by which it is told from others."""
FOR_INFORMATION: dict[str, dict[str, str]] = {
    "AirflowTaskRetriesHigh": {"dag_id": "again", "task_id": "flaky"},
    "PipelineVerdictFailed": {"dag_id": "watch", "task_id": "check_dag_runs"},
    "StatsdExporterBadLines": {},
}
"""The same of alerts that may wait: Alertmanager collects them for five minutes."""
BY_PROMTOOL = {
    "freshness": "a pipeline has hours and days",
    "executor": "its alerts wait 20 minutes and more",
    "slo": "it takes more than a hundred tasks within an hour",
}
"""Component -> why none of its alerts is fired here; prometheus/tests has all of them."""


def test_healthy_running_fires_nothing_but_the_watchdog(chains: Chains, healthy: set[str]) -> None:
    assert healthy == {"Watchdog"}
    assert {notice.alert for notice in chains.watched.webhook.notices()} <= {"Watchdog"}


@pytest.mark.parametrize("alert", FAULTS)
def test_a_fault_is_told(chains: Chains, moments: Moments, alert: str) -> None:
    notice = chains.watched.webhook.wait(alert, until=moments.faults + 400, **FAULTS[alert])
    LOG.info("%s: %.0f s", notice.alert, notice.received - moments.faults)
    assert (notice.receiver == "page") == (notice.labels["severity"] == "critical")
    assert notice.receiver in ("page", "default", "event")
    assert notice.annotations["summary"]


@pytest.mark.parametrize("alert", KILLED)
def test_a_dead_component_is_a_page_within_four_minutes(chains: Chains, moments: Moments, alert: str) -> None:
    notice = chains.watched.webhook.wait(alert, until=moments.airflow_killed + PAGE_WITHIN + 30)
    seconds = notice.received - moments.airflow_killed
    LOG.info("%s: %.0f s", notice.alert, seconds)
    assert notice.receiver == "page"
    assert seconds <= PAGE_WITHIN


def test_a_dead_exporter_is_one_page_and_heartbeats_are_none(chains: Chains, moments: Moments) -> None:
    notice = chains.dark.webhook.wait("AirflowMetricsExporterDown", until=moments.servers_killed + PAGE_WITHIN)
    LOG.info("%s: %.0f s", notice.alert, notice.received - moments.servers_killed)
    assert notice.receiver == "page"
    address = f"http://127.0.0.1:{chains.dark.servers.ports.alertmanager}/api/v2/alerts"
    deadline = max(moments.servers_killed + 300, time.time() + 15)
    states: dict[str, str] = {}
    while len(states) < 3 and time.time() < deadline:
        found = httpx.get(address, trust_env=False).json()
        states = {
            a["labels"]["alertname"]: a["status"]["state"] for a in found if "HeartbeatMissing" in str(a["labels"])
        }
        time.sleep(1)
    names = ("Scheduler", "DagProcessor", "Triggerer")
    assert states == {f"Airflow{name}HeartbeatMissing": "suppressed" for name in names}
    assert not [notice for notice in chains.dark.webhook.notices() if "HeartbeatMissing" in notice.alert]


@pytest.fixture(scope="module")
def restarted(chains: Chains, moments: Moments) -> float:
    """Airflow runs again, once all of its death has been told; gives the moment."""
    for alert in KILLED:
        chains.watched.webhook.wait(alert, until=moments.airflow_killed + PAGE_WITHIN + 30)
    chains.watched.airflow.restart()
    return time.time()


@pytest.mark.parametrize("alert", KILLED)
def test_the_recovery_is_told(chains: Chains, restarted: float, alert: str) -> None:
    notice = chains.watched.webhook.wait(alert, "resolved", until=restarted + 240)
    LOG.info("%s: %.0f s", notice.alert, notice.received - restarted)
    assert notice.receiver == "page"


def test_the_watchdog_ends_with_prometheus(chains: Chains, moments: Moments, restarted: float) -> None:
    """A dead man's switch service takes a Watchdog that stays away for an alarm; Alertmanager itself says so, too."""
    assert chains.dumb.webhook.notices("Watchdog", "firing")[0].receiver == "watchdog"
    notice = chains.dumb.webhook.wait("Watchdog", "resolved", until=moments.servers_killed + 400)
    LOG.info("%s: %.0f s", notice.alert, notice.received - moments.servers_killed)
    later = [n for n in chains.dumb.webhook.notices("Watchdog", "firing") if n.received > notice.received]
    assert later == []


@pytest.mark.parametrize("alert", FOR_INFORMATION)
def test_what_may_wait_is_told_later(chains: Chains, moments: Moments, restarted: float, alert: str) -> None:
    notice = chains.watched.webhook.wait(alert, until=moments.faults + 540, **FOR_INFORMATION[alert])
    LOG.info("%s: %.0f s", notice.alert, notice.received - moments.faults)
    assert (notice.receiver, notice.labels["severity"]) == ("default", "info")


def test_each_component_has_an_alert_that_was_fired_here_or_a_reason() -> None:
    rules = [rule for path in (REPOSITORY / "prometheus/rules").glob("*.yml") for rule in rules_of(path)]
    component = {rule["alert"]: rule["labels"]["component"] for rule in rules if "alert" in rule}
    fired = {component[alert] for alert in (*KILLED, *FAULTS, *FOR_INFORMATION, "Watchdog")}
    assert fired | set(BY_PROMTOOL) == set(component.values())
    assert fired.isdisjoint(BY_PROMTOOL)


def rules_of(path: Path) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(path.read_text())["groups"]:
        yield from group["rules"]


def queries() -> Iterator[tuple[str, str, bool]]:
    """Give each query of each panel and annotation: where, the expression without variables, whether for one moment."""
    for path in sorted((REPOSITORY / "grafana/dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        for annotation in board["annotations"]["list"]:
            yield f"{path.stem}: {annotation['name']}", annotation["target"]["expr"], False
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                expression = re.sub(r"\$(?:dag_id|pool_name)\b", ".*", target["expr"])
                expression = expression.replace("$__rate_interval", "1m")
                assert "$" not in expression, target["expr"]
                yield f"{path.stem}: {panel['title']}", expression, bool(target.get("instant"))


def test_every_query_of_every_panel_and_annotation_returns_data(chains: Chains, restarted: float) -> None:
    prometheus = chains.watched.prometheus
    # what was restarted has to be scraped twice for a rate
    time.sleep(max(0.0, restarted + 35 - time.time()))
    empty = set()
    for place, expression, instant in queries():
        now = time.time()
        series = (
            prometheus.instant(expression) if instant else prometheus.over_time(expression, chains.watched.began, now)
        )
        if not has_data(series):
            empty.add((place, expression))
    assert empty == set()


def test_no_secret_is_in_a_page_a_label_or_an_alert(chains: Chains, restarted: float) -> None:
    chain = chains.watched
    secrets = json.loads((chain.airflow.settings.home / "secrets.json").read_text())
    secrets["webhook"] = faults.SECRET
    texts = [*chain.webhook.bodies, *chain.prometheus.texts(), chain.exported()]
    assert len(texts) > 100
    assert [name for name, secret in secrets.items() for text in texts if secret in text] == []
