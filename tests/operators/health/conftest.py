"""An Airflow to ask, and the checks to ask it with."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from operators.health.check_dag_runs import CheckDagRunsOperator
from operators.health.check_scheduler_health import CheckSchedulerHealthOperator
from operators.health.check_task_failures import CheckTaskFailuresOperator
from operators.health.generate_health_report import GenerateHealthReportOperator
from tests.operators.health.recorded_airflow import RecordedAirflow, serve

CONN = "AIRFLOW_CONN_AIRFLOW_API"


@pytest.fixture
def airflow_as(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], RecordedAirflow]]:
    """``airflow_as("busy")`` answers as that recording; the connection ``airflow_api`` leads to it."""
    with ExitStack() as servers:

        def start(name: str) -> RecordedAirflow:
            recording = servers.enter_context(serve(RecordedAirflow.load(name)))
            monkeypatch.setenv(CONN, recording.connection())
            return recording

        yield start


@pytest.fixture
def busy(airflow_as: Callable[[str], RecordedAirflow]) -> RecordedAirflow:
    """An Airflow with failed, running, queued and waiting work, a broken file and a full pool."""
    return airflow_as("busy")


@pytest.fixture
def fresh(airflow_as: Callable[[str], RecordedAirflow]) -> RecordedAirflow:
    """An Airflow in its first minute: no runs yet, and a triggerer that never ran."""
    return airflow_as("fresh")


@pytest.fixture
def read_published() -> Callable[[dict[str, Any], str], Any]:
    """``read_published(reference, "verdicts.json")`` gives a file of an artefact: JSON parsed, other text as it is."""

    def read(reference: dict[str, Any], name: str) -> Any:
        text = (Path(urlsplit(reference["uri"]).path) / name).read_text()
        return json.loads(text) if name.endswith(".json") else text

    return read


@pytest.fixture
def verdicts_of(read_published: Callable[..., Any]) -> Callable[[Any], dict[str, tuple[str, Any]]]:
    """``verdicts_of(task_run)`` gives name -> (verdict, observed)."""

    def read(run: Any) -> dict[str, tuple[str, Any]]:
        found = read_published(run.result, "verdicts.json")["verdicts"]
        return {verdict["name"]: (verdict["verdict"], verdict["observed"]) for verdict in found}

    return read


def _run_checks(run_task: Callable[..., Any], run_id: str) -> list[dict[str, Any]]:
    operators = (
        CheckDagRunsOperator(
            task_id="check_dag_runs",
            conn_id="airflow_api",
            failed_runs={"warn": 0, "fail": 2},
            failure_ratio={"warn": "10%", "fail": "50%"},
            min_runs=3,
            running_for={"warn": "30m", "fail": "6h"},
        ),
        CheckTaskFailuresOperator(
            task_id="check_task_failures",
            conn_id="airflow_api",
            failed_tasks={"warn": 0, "fail": 10},
            same_task={"warn": 2, "fail": 3},
        ),
        CheckSchedulerHealthOperator(
            task_id="check_scheduler_health",
            conn_id="airflow_api",
            heartbeat_age={"warn": "45s", "fail": "2m"},
            import_errors={"warn": 0, "fail": 5},
            pool_usage={"warn": "90%"},
            queued_for={"warn": "5m", "fail": "30m"},
        ),
    )
    return [run_task(operator, run_id=run_id).result for operator in operators]


@pytest.fixture
def busy_checks(busy: RecordedAirflow, run_task: Callable[..., Any]) -> list[dict[str, Any]]:
    """The results of the three checks on a busy Airflow: fail, warn, warn."""
    return _run_checks(run_task, "busy")


@pytest.fixture
def fresh_checks(fresh: RecordedAirflow, run_task: Callable[..., Any]) -> list[dict[str, Any]]:
    """The results of the three checks on a fresh Airflow: all pass."""
    return _run_checks(run_task, "fresh")


@pytest.fixture
def make_report(run_task: Callable[..., Any]) -> Callable[[list[Any]], dict[str, Any]]:
    """``make_report(checks)`` gives the result of a GenerateHealthReport task."""

    def make(checks: list[Any]) -> dict[str, Any]:
        result: dict[str, Any] = run_task(
            GenerateHealthReportOperator(task_id="generate_health_report", checks=checks)
        ).result
        return result

    return make


@pytest.fixture
def unused_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port at which somebody listens and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])
