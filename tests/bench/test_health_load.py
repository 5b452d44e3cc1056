"""A smaller `make bench-health`: the checks of monitoring.yaml on a real PostgreSQL with 20,000 task instances."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from operators.health.airflow_api import REQUESTS_AT_MOST
from tests.bench.busy_airflow import BusyAirflow, run_busy_airflow
from tests.bench.health import CHECKS, STORM, measure
from tests.bench.postgres_server import find_binaries

pytestmark = pytest.mark.running
SECONDS_AT_MOST = 2.0


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyAirflow]:
    if find_binaries() is None:
        message = "PostgreSQL is not installed (Debian: postgresql)"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with run_busy_airflow(tmp_path_factory.mktemp("busy"), dags=40, runs=5) as airflow:
        yield airflow


@pytest.fixture(autouse=True)
def settings(airflow: BusyAirflow, artifact_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", airflow.connection)


@pytest.fixture
def artifact_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{tmp_path}/artifacts")
    return tmp_path / "artifacts"


@pytest.mark.parametrize("situation", ["calm", "storm"])
def test_a_check_costs_ten_requests_and_two_seconds_at_most(airflow: BusyAirflow, situation: str) -> None:
    if situation == "storm":
        airflow.execute(STORM)
    costs = measure(airflow, situation, 3)
    assert {cost.check for cost in costs} == set(CHECKS)
    assert max(cost.requests for cost in costs) <= REQUESTS_AT_MOST
    # The second look and the third; the first one pays for what Airflow and this process load once.
    assert min(sum(c.seconds for c in costs[n : n + 3]) for n in (3, 6)) / 3 <= SECONDS_AT_MOST


def test_what_they_find_is_what_is_there(airflow: BusyAirflow) -> None:
    """The same questions, asked in SQL."""
    from tests.bench.health import make_check
    from tests.operators.conftest import TaskInstance

    airflow.beat()
    ((failed_tasks,),) = airflow.execute("SELECT count(*) FROM task_instance WHERE state = 'failed'")
    ((retrying,),) = airflow.execute("SELECT count(*) FROM task_instance WHERE state = 'up_for_retry'")
    ((failing_dags,),) = airflow.execute("SELECT count(DISTINCT dag_id) FROM dag_run WHERE state = 'failed'")
    found = {}
    for name in CHECKS:
        operator = make_check(name)
        finding = operator.check({"ti": TaskInstance("monitoring", "a-run", name)})
        found |= finding.measures
        if name == "check_scheduler_health":
            verdicts = {verdict.name: verdict.observed for verdict in finding.judgement.verdicts}
    assert found["failed tasks"] == failed_tasks
    assert found["waiting for a retry"] == retrying
    assert found["failing DAGs"] == failing_dags
    assert found["running runs"] == 40
    assert (found["import errors"], found["deferred tasks"], found["queued tasks"]) == (1, 10, 40)
    assert verdicts["lost_jobs"] == 1
