"""The stack as `make up` starts it: healthy in time, scraped, paging, hard to lose. The tests build on each other."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compose.stack import ROOT, Stack, long_running, service_of, state_of

SETTINGS: dict[str, str] = {}
SERVICES = long_running()
PIPELINES = ("ml_pipeline", "monitoring")
HEALTHY_WITHIN = 180
"""Seconds from `docker compose up` until every service is healthy, on two cores."""


@pytest.fixture(scope="module")
def running(stack: Stack, measure: Callable[[str, float], None]) -> Stack:
    """The stack, started."""
    stack.measured["up"] = stack.up()
    measure("LocalExecutor: from `up` on empty volumes until every service was healthy", stack.measured["up"])
    return stack


def documented(info: str) -> str:
    """The commands of a block of docs/compose.md."""
    text = (ROOT / "docs/compose.md").read_text(encoding="utf-8")
    block = re.search(rf"^```console {info}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block, info
    return "\n".join(line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ "))


def test_every_service_is_healthy_in_time(running: Stack) -> None:
    assert running.unhealthy() == []
    assert {service_of(container) for container in running.containers()} == {*SERVICES, "migrate", "webhook"}
    assert running.measured["up"] <= HEALTHY_WITHIN


def test_nothing_runs_as_root(running: Stack) -> None:
    for container in running.containers():
        if container["State"]["Running"]:
            users = running.shell(f"docker top {container['Id']} -eo pid,uid,args").splitlines()[1:]
            assert users
            assert [line for line in users if line.split()[1] == "0"] == [], service_of(container)


def test_every_port_is_on_loopback(running: Stack) -> None:
    ports = {
        service_of(container): {
            binding["HostIp"]
            for bindings in container["NetworkSettings"]["Ports"].values()
            for binding in bindings or ()
        }
        for container in running.containers()
    }
    opened = {service for service, addresses in ports.items() if addresses}
    assert opened == {"api-server", "prometheus", "alertmanager", "grafana", "webhook"}
    assert {address for addresses in ports.values() for address in addresses} == {"127.0.0.1"}


def test_prometheus_scrapes_every_target(running: Stack) -> None:
    targets = {"statsd-exporter", "airflow-health", "blackbox-exporter", "prometheus", "alertmanager"}
    running.wait_until(lambda: {row["metric"]["job"] for row in running.query("up == 1")} == targets, str(targets))
    assert running.query("up == 0") == []
    assert running.wait_until(lambda: running.query("probe_success == 1"), "the probe of Airflow's health succeeds")


@pytest.mark.parametrize("dag_id", PIPELINES)
def test_a_pipeline_succeeds(running: Stack, dag_id: str, measure: Callable[[str, float], None]) -> None:
    began = time.monotonic()
    run_id, states = running.run(dag_id)
    measure(f"LocalExecutor: a run of {dag_id}", time.monotonic() - began)
    assert set(states.values()) == {"success"}
    assert all(running.api.log(dag_id, run_id, task) for task in states)


@pytest.mark.parametrize("task_id", ["check_dag_runs", "check_task_failures", "check_scheduler_health"])
def test_a_health_check_has_asked_prometheus(running: Stack, task_id: str) -> None:
    run = running.api.runs("monitoring")[0]
    folder = running.api.xcom("monitoring", run["dag_run_id"], task_id)["uri"].removeprefix("file://")
    verdicts = json.loads(running.compose(f"exec -T scheduler cat '{folder}/verdicts.json'"))
    assert verdicts["facts"]["prometheus"] == "asked"


@pytest.mark.parametrize("series", ["ml_gate_verdict", "ml_data_check", "health_last_success_timestamp_seconds"])
def test_what_the_tasks_measured_is_in_prometheus(running: Stack, series: str) -> None:
    assert running.wait_until(lambda: running.query(series), series)


def test_the_dead_mans_switch_reaches_its_webhook(running: Stack) -> None:
    alerts = running.wait_until(lambda: running.received("watchdog"), "a message to the receiver watchdog")
    assert {alert["labels"]["alertname"] for alert in alerts} == {"Watchdog"}


def history(stack: Stack) -> dict[str, Any]:
    """What must outlive the containers: runs with their tasks, logs, artefacts, what Prometheus has."""
    runs = {(dag, run["dag_run_id"], run["state"]) for dag in PIPELINES for run in stack.api.runs(dag)}
    dag, run_id, _ = min(runs)
    return {
        "runs": runs,
        "tasks": stack.api.task_states(dag, run_id),
        "log": stack.api.log(dag, run_id, "download_data"),
        "artefacts": stack.compose("exec -T scheduler find /opt/airflow/artifacts -type f -name '*.json'").split(),
    }


def test_down_and_up_loses_nothing(running: Stack, measure: Callable[[str, float], None]) -> None:
    before = history(running)
    assert before["runs"]
    assert before["log"]
    assert before["artefacts"]
    running.compose("down")
    assert running.containers() == []
    seconds = running.up()
    measure("LocalExecutor: `up` on volumes that are full", seconds)
    assert history(running) == before
    assert seconds <= HEALTHY_WITHIN
    kept = "last_over_time(health_last_success_timestamp_seconds[1h])"
    assert running.wait_until(lambda: running.query(kept), "what Prometheus knew before")


def test_a_backup_can_be_restored(running: Stack, tmp_path: Path) -> None:
    before = history(running)
    running.shell(documented("backup"))
    dag, run_id, _ = min(before["runs"])
    running.api.call("DELETE", f"/dags/{dag}/dagRuns/{run_id.replace('+', '%2B')}")
    running.compose("exec -T scheduler sh -c 'rm -r /opt/airflow/artifacts/*'")
    assert {found[1] for found in history_of_runs(running)} < {found[1] for found in before["runs"]}
    running.shell(documented("restore"))
    assert history(running) == before


def history_of_runs(stack: Stack) -> set[tuple[str, str, str]]:
    """The runs alone."""
    return {(dag, run["dag_run_id"], run["state"]) for dag in PIPELINES for run in stack.api.runs(dag)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_comes_back(running: Stack, service: str, measure: Callable[[str, float], None]) -> None:
    (container,) = running.containers(service)
    running.kill(container)
    began = time.monotonic()

    def is_back() -> bool:
        (now,) = running.containers(service)
        return now["RestartCount"] > container["RestartCount"] and state_of(now) == "healthy"

    running.wait_until(is_back, f"{service} comes back")
    running.wait_until(lambda: not running.unhealthy(), "all are healthy")
    measure(f"LocalExecutor: {service} killed, until all were healthy again", time.monotonic() - began)


def test_containers_that_came_back_woke_nobody_and_work(running: Stack) -> None:
    assert running.paged() == set(), running.received("page")
    running.run("ml_pipeline")
    running.run("monitoring")
    for component in ("scheduler", "dag_processor", "triggerer"):
        heartbeats = f"increase(airflow_{component}_heartbeat[2m]) > 0"
        assert running.wait_until(lambda asked=heartbeats: running.query(asked), heartbeats)


def test_a_database_that_stays_away_pages(running: Stack, measure: Callable[[str, float], None]) -> None:
    before = running.paged()
    running.compose("stop --timeout 5 postgres")
    began = time.monotonic()
    expected = {"AirflowSchedulerHeartbeatMissing", "AirflowApiServerUnhealthy"}
    running.wait_until(lambda: running.paged() >= expected, f"pages: {expected}", timeout=420)
    measure("postgres stopped, until its pages", time.monotonic() - began)
    running.compose("start postgres")
    began = time.monotonic()
    running.wait_until(lambda: not running.unhealthy(), "all are healthy")
    measure("postgres started again, until all were healthy", time.monotonic() - began)
    running.run("ml_pipeline")
    assert running.paged() - before <= {
        *expected,
        "AirflowDagProcessorHeartbeatMissing",
        "AirflowTriggererHeartbeatMissing",
    }


def test_a_host_that_starts_again_wakes_nobody(running: Stack, measure: Callable[[str, float], None]) -> None:
    """The engine starts all containers at once then, and knows nothing of what depends on what."""
    before = len(running.received("page"))
    ids = [container["Id"] for container in running.containers() if service_of(container) in SERVICES]
    running.shell(f"docker kill {' '.join(ids)} && docker start {' '.join(ids)}")
    began = time.monotonic()
    running.wait_until(lambda: not running.unhealthy(), "all are healthy")
    measure(
        "LocalExecutor: every container killed and started at once, until all were healthy", time.monotonic() - began
    )
    for component in ("scheduler", "dag_processor", "triggerer"):
        heartbeats = f"increase(airflow_{component}_heartbeat[1m]) > 0"
        assert running.wait_until(lambda asked=heartbeats: running.query(asked), heartbeats)
    # by then every alert that takes a start for a fault has come
    time.sleep(max(0.0, 270 - (time.monotonic() - began)))
    assert running.paged(before) == set(), running.received("page")


def test_what_stays_away_pages(running: Stack, measure: Callable[[str, float], None]) -> None:
    expected = {
        "AirflowSchedulerHeartbeatMissing",
        "AirflowDagProcessorHeartbeatMissing",
        "AirflowTriggererHeartbeatMissing",
        "AirflowApiServerUnhealthy",
    }
    before = len(running.received("page"))
    running.compose("stop --timeout 5 scheduler dag-processor triggerer")
    began = time.monotonic()

    running.wait_until(lambda: running.paged(before) >= expected, f"pages: {expected}", timeout=420)
    measure("scheduler, dag processor and triggerer stopped, until the last of four pages", time.monotonic() - began)
    assert running.paged(before) == expected


def test_an_exporter_that_stays_away_pages_alone(running: Stack, measure: Callable[[str, float], None]) -> None:
    running.up()
    before = len(running.received("page"))
    running.compose("stop --timeout 5 statsd-exporter")
    began = time.monotonic()
    running.wait_until(lambda: "AirflowMetricsExporterDown" in running.paged(before), "the page", timeout=300)
    measure("statsd-exporter stopped, until its page", time.monotonic() - began)
    assert running.paged(before) == {"AirflowMetricsExporterDown"}
