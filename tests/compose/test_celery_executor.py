"""The stack with the profile for Celery: two workers share the tasks, one is enough. The tests build on each other."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.compose.stack import Stack, long_running, service_of, state_of

SETTINGS = {"AIRFLOW_EXECUTOR": "CeleryExecutor", "COMPOSE_PROFILES": "celery"}
SERVICES = long_running(("redis", "worker"))
HEALTHY_WITHIN = 180
RUNS = 3
"""Of ml_pipeline at once, so that there is more to do than one worker takes."""


@pytest.fixture(scope="module")
def running(stack: Stack, measure: Callable[[str, float], None]) -> Stack:
    """The stack, started."""
    stack.measured["up"] = stack.up()
    measure("CeleryExecutor: from `up` on empty volumes until every service was healthy", stack.measured["up"])
    return stack


def hosts_of(stack: Stack, dag_id: str, run_id: str) -> set[str]:
    """Where the tasks of a run ran."""
    return {task["hostname"] for task in stack.api.tasks(dag_id, run_id) if task["hostname"]}


def workers(stack: Stack) -> list[str]:
    """The hosts of the workers that run."""
    return [c["Config"]["Hostname"] for c in stack.containers("worker") if c["State"]["Running"]]


def test_every_service_is_healthy_in_time(running: Stack) -> None:
    assert running.unhealthy() == []
    services = [service_of(container) for container in running.containers()]
    assert sorted(services) == sorted([*SERVICES, "worker", "migrate", "webhook"])
    assert running.measured["up"] <= HEALTHY_WITHIN


def test_nothing_runs_as_root_and_every_port_is_on_loopback(running: Stack) -> None:
    for container in running.containers():
        if container["State"]["Running"]:
            users = running.shell(f"docker top {container['Id']} -eo pid,uid,args").splitlines()[1:]
            assert users
            assert [line for line in users if line.split()[1] == "0"] == [], service_of(container)
        for bindings in container["NetworkSettings"]["Ports"].values():
            assert {binding["HostIp"] for binding in bindings or ()} <= {"127.0.0.1"}


def test_no_password_is_in_a_list_of_processes(running: Stack) -> None:
    listed = "".join(running.shell(f"docker top {c['Id']} -eo pid,uid,args") for c in running.containers("redis"))
    assert "redis-server" in listed
    assert running.settings["REDIS_PASSWORD"] not in listed


def test_prometheus_scrapes_every_target(running: Stack) -> None:
    assert running.wait_until(lambda: len(running.query("up == 1")) == 5, "five targets that are up")
    assert running.query("up == 0") == []


def test_both_workers_run_tasks_of_pipelines_that_succeed(
    running: Stack, measure: Callable[[str, float], None]
) -> None:
    began = time.monotonic()
    runs = [running.trigger("ml_pipeline") for _ in range(RUNS)]
    for run_id in runs:
        assert set(running.wait_for_success("ml_pipeline", run_id).values()) == {"success"}
    measure(f"CeleryExecutor: {RUNS} runs of ml_pipeline at once", time.monotonic() - began)
    hosts = set().union(*(hosts_of(running, "ml_pipeline", run_id) for run_id in runs))
    assert hosts == set(workers(running))
    assert len(hosts) == 2


def test_the_monitoring_pipeline_succeeds(running: Stack) -> None:
    run_id, states = running.run("monitoring")
    assert set(states.values()) == {"success"}
    assert hosts_of(running, "monitoring", run_id) <= set(workers(running))


def test_the_log_of_a_worker_is_shown(running: Stack) -> None:
    run = running.api.runs("ml_pipeline")[0]
    assert "download_data" in running.api.log("ml_pipeline", run["dag_run_id"], "download_data")


def test_with_one_worker_gone_the_other_goes_on(running: Stack, measure: Callable[[str, float], None]) -> None:
    first, second = running.containers("worker")
    running.shell(f"docker kill {first['Id']}")
    began = time.monotonic()
    run_id, _ = running.run("ml_pipeline")
    measure("CeleryExecutor: a run of ml_pipeline with one worker of two gone", time.monotonic() - began)
    assert hosts_of(running, "ml_pipeline", run_id) == {second["Config"]["Hostname"]}
    running.up()
    assert len(workers(running)) == 2


@pytest.mark.parametrize("service", ["redis", "worker", "scheduler"])
def test_a_killed_container_comes_back(running: Stack, service: str, measure: Callable[[str, float], None]) -> None:
    container = running.containers(service)[0]
    running.kill(container)
    began = time.monotonic()

    def is_back() -> bool:
        now = next(c for c in running.containers(service) if c["Id"] == container["Id"])
        return now["RestartCount"] > container["RestartCount"] and state_of(now) == "healthy"

    running.wait_until(is_back, f"{service} comes back")
    running.wait_until(lambda: not running.unhealthy(), "all are healthy")
    measure(f"CeleryExecutor: {service} killed, until all were healthy again", time.monotonic() - began)


def test_after_all_that_pipelines_run(running: Stack) -> None:
    running.run("ml_pipeline")
    running.run("monitoring")
    assert running.paged() == set(), running.received("page")


def test_down_and_up_loses_no_run(running: Stack) -> None:
    before = {run["dag_run_id"]: run["state"] for run in running.api.runs("ml_pipeline")}
    running.compose("down")
    running.up()
    assert {run["dag_run_id"]: run["state"] for run in running.api.runs("ml_pipeline")} == before


def test_more_workers_can_be_had(running: Stack) -> None:
    running.compose("up --detach --wait --no-recreate --scale worker=3 worker")
    assert len(workers(running)) == 3
    assert running.unhealthy() == []


def test_without_workers_it_pages(running: Stack, measure: Callable[[str, float], None]) -> None:
    known = len(running.received("page"))
    running.compose("stop --timeout 5 worker")
    run_id = running.trigger("ml_pipeline")
    began = time.monotonic()
    running.wait_until(lambda: running.paged(known), "a page", timeout=720)
    measure("CeleryExecutor: no worker and a run to do, until the page", time.monotonic() - began)
    assert running.paged(known) == {"AirflowTasksQueuedNoneRuns"}
    running.compose("start worker")
    began = time.monotonic()
    running.wait_for_success("ml_pipeline", run_id, timeout=900)
    measure("CeleryExecutor: workers started, until that run had succeeded", time.monotonic() - began)


def test_without_redis_it_pages(running: Stack, measure: Callable[[str, float], None]) -> None:
    known = len(running.received("page"))
    running.compose("stop --timeout 5 redis")
    running.trigger("ml_pipeline")
    began = time.monotonic()
    running.wait_until(lambda: running.paged(known), "a page", timeout=600)
    measure("CeleryExecutor: no redis and a run to do, until the page", time.monotonic() - began)
    assert running.paged(known) == {"AirflowTasksCannotStart"}
    running.compose("start redis")
    running.wait_until(lambda: not running.unhealthy(), "all are healthy")
    running.run("ml_pipeline")
