"""Very many failures in one place: what is said of all others, and that nobody is told that they have recovered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from operators.artifacts import Artifact, Reference
from operators.health.check_dag_runs import CheckDagRunsOperator
from operators.health.check_task_failures import CheckTaskFailuresOperator
from operators.health.generate_health_report import GenerateHealthReportOperator
from operators.notify.send_alerts import SendAlertsOperator
from tests.operators.health.recorded_airflow import TASKS, RecordedAirflow
from tests.operators.health.test_run_comparison import Clock

MINUTE, HOUR = 60.0, 3600.0
SAME_TASK = {"same_task": {"warn": 1, "fail": 3}}


class Failures:
    """A recorded Airflow whose failed tasks a test makes, and whose time it moves on."""

    def __init__(self, airflow: RecordedAirflow) -> None:
        self.airflow = airflow
        self._row = next(row for row in airflow.rows[TASKS] if row["state"] == "failed")
        airflow.rows[TASKS] = []

    def add(self, dag_id: str, *runs: str, ago: float, instances: int = 1) -> None:
        """One task failed in these runs, so many seconds ago, in each with so many mapped instances."""
        end = (self.airflow.now - timedelta(seconds=ago)).isoformat()
        changed = {"dag_id": dag_id, "task_id": "t", "end_date": end, "hostname": ""}
        self.airflow.rows[TASKS] += [
            {**self._row, **changed, "id": f"{dag_id}/{run}/{i}", "dag_run_id": run, "map_index": i}
            for run in runs
            for i in range(instances)
        ]

    def start_anew(self, dag_id: str) -> None:
        """The task of this DAG is cleared in all runs."""
        for row in self.airflow.rows[TASKS]:
            if row["dag_id"] == dag_id:
                row["state"] = "running"

    def pass_by(self, seconds: float) -> None:
        self.airflow.date = format_datetime(self.airflow.now + timedelta(seconds=seconds), usegmt=True)


@pytest.fixture
def failures(busy: RecordedAirflow) -> Failures:
    return Failures(busy)


@pytest.fixture
def look(run_task: Callable[..., Any]) -> Callable[..., Any]:
    """Run the check once more, and give its task run."""
    counter = iter(range(100))

    def look(**parameters: Any) -> Any:
        operator = CheckTaskFailuresOperator(
            task_id="check_task_failures", conn_id="airflow_api", **{**SAME_TASK, **parameters}
        )
        return run_task(operator, run_id=f"run-{next(counter)}")

    return look


@pytest.fixture
def tell(run_task: Callable[..., Any]) -> Callable[[Any], dict[str, list[str]]]:
    """Make the report of a check and tell of it; give what the alert says of each problem."""
    counter = iter(range(100))

    def tell(check: Any) -> dict[str, list[str]]:
        run_id = f"run-{next(counter)}"
        report = run_task(GenerateHealthReportOperator(task_id="report", checks=[check.result]), run_id=run_id).result
        alerts = SendAlertsOperator(task_id="send_alerts", report=report, alert_on="warn", clear_after=1)
        told = run_task(alerts, run_id=run_id).result
        if told is None:
            return {}
        kept = Artifact(Reference.from_xcom(told, where="test")).read_json("alert.json")
        found = {what: [alert["key"] for alert in kept[what]] for what in ("new", "worse", "still_open", "recovered")}
        return {what: keys for what, keys in found.items() if keys}

    return tell


def test_many_failures_of_one_task_do_not_heal_another(failures, look, verdicts_of):
    failures.add("billing", "r0", "r1", "r2", "r3", "r4", ago=5 * HOUR)
    assert verdicts_of(look())["billing.t.same_task"] == ("fail", 5)
    failures.pass_by(HOUR)
    failures.add("mapped", "r", ago=MINUTE, instances=300)
    assert verdicts_of(look()) == {"billing.t.same_task": ("fail", 5)}


def test_a_failure_counts_behind_a_storm_until_the_window_has_left_it_behind(failures, look, verdicts_of):
    failures.add("billing", "r0", "r1", "r2", "r3", ago=5 * HOUR)
    look(window="10h")
    for hours, expected in ((4, ("fail", 4)), (2, None)):
        failures.pass_by(hours * HOUR)
        failures.add(f"storm_{hours}", "r", ago=MINUTE, instances=300)
        assert verdicts_of(look(window="10h")).get("billing.t.same_task") == expected


def test_a_task_that_was_started_anew_is_forgotten_once_the_storm_is_over(failures, look, verdicts_of):
    failures.add("billing", "r0", "r1", "r2", "r3", ago=5 * HOUR)
    look()
    failures.start_anew("billing")
    failures.pass_by(HOUR)
    failures.add("mapped", "r", ago=MINUTE, instances=100)
    assert verdicts_of(look()) == {"mapped.t.same_task": ("pass", 1)}


def test_many_failures_in_a_day_are_known_if_few_come_between_two_looks(failures, look, verdicts_of, read_published):
    """A large Airflow has hundreds of failures a day; that must not make each check inconclusive."""
    for hour in range(8):
        failures.add(f"dag_{hour}", "r", ago=MINUTE, instances=150)
        run = look()
        assert "failures_seen" not in verdicts_of(run)
        assert read_published(run.result, "finding.json")["is_complete"]
        failures.pass_by(HOUR)


def test_what_failed_before_a_storm_at_the_first_look_is_unknown_and_does_not_pass(
    failures, look, verdicts_of, read_published
):
    failures.add("billing", "r0", "r1", "r2", "r3", ago=5 * HOUR)
    failures.add("mapped", "r", ago=10 * MINUTE, instances=600)
    run = look()
    assert verdicts_of(run) == {"failures_seen": ("inconclusive", "500 of 604")}
    (verdict,) = read_published(run.result, "verdicts.json")["verdicts"]
    assert "which tasks failed before 22 Nov 16:14 UTC is not known" in verdict["message"]
    assert read_published(run.result, "finding.json")["requests"] <= 10


def test_a_storm_with_its_own_pattern_fails_and_does_not_pass_the_rest(failures, look, verdicts_of):
    failures.add("storm", *(f"r{i}" for i in range(600)), ago=10 * MINUTE)
    assert verdicts_of(look()) == {
        "storm.t.same_task": ("fail", 500),
        "failures_seen": ("inconclusive", "500 of 600"),
    }


def test_nobody_is_told_that_a_problem_is_over_while_it_may_be_behind_a_storm(failures, look, tell, artifact_root):
    failures.add("billing", "r0", "r1", "r2", "r3", ago=5 * HOUR)
    assert tell(look()) == {"new": ["check_task_failures/billing.t.same_task"]}
    shutil.rmtree(artifact_root / "state" / "a_dag" / "check_task_failures")
    failures.pass_by(HOUR)
    failures.add("mapped", "r", ago=MINUTE, instances=600)
    assert tell(look()) == {"new": ["check_task_failures/failures_seen"]}
    failures.pass_by(25 * HOUR)
    assert set(tell(look())["recovered"]) == {
        "check_task_failures/billing.t.same_task",
        "check_task_failures/failures_seen",
    }


# -- runs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def runs(busy: RecordedAirflow) -> Clock:
    return Clock(busy)


@pytest.fixture
def look_at_runs(run_task: Callable[..., Any]) -> Callable[[], Any]:
    """Judge failed runs once more, and give the task run."""
    counter = iter(range(100))

    def look() -> Any:
        operator = CheckDagRunsOperator(task_id="check_dag_runs", conn_id="airflow_api", failed_runs={"warn": 0})
        return run_task(operator, run_id=f"run-{next(counter)}")

    return look


def fail_each_minute(runs: Clock, dag_id: str, number: int) -> None:
    for minute in range(number, 0, -1):
        runs.run(dag_id, due=minute * MINUTE, takes=10, state="failed")


def test_a_dag_that_fails_each_minute_does_not_heal_another(runs, look_at_runs, verdicts_of):
    runs.run("billing", due=5 * HOUR, state="failed")
    assert verdicts_of(look_at_runs()) == {"billing.failed_runs": ("warn", 1)}
    for hours in range(1, 5):
        runs.pass_by(HOUR)
        fail_each_minute(runs, "each_minute", 60)
        run = look_at_runs()
        assert verdicts_of(run) == {
            "each_minute.failed_runs": ("warn", 60 * hours),
            "billing.failed_runs": ("warn", 1),
        }


def test_failed_runs_that_nobody_has_seen_are_unknown(runs, look_at_runs, verdicts_of, read_published):
    runs.run("billing", due=5 * HOUR, state="failed")
    fail_each_minute(runs, "each_minute", 210)
    run = look_at_runs()
    assert verdicts_of(run) == {
        "each_minute.failed_runs": ("warn", 200),
        "failed_runs_seen": ("inconclusive", "200 of 211"),
    }
    assert not read_published(run.result, "finding.json")["is_complete"]
    assert read_published(run.result, "verdicts.json")["facts"]["runs_failed"] == "200 or more"


def test_nobody_is_told_that_a_dag_has_recovered_while_its_failures_may_be_behind_a_storm(
    runs, look_at_runs, tell, artifact_root
):
    runs.run("billing", due=5 * HOUR, state="failed")
    assert tell(look_at_runs()) == {"new": ["check_dag_runs/billing.failed_runs"]}
    shutil.rmtree(artifact_root / "state" / "a_dag" / "check_dag_runs")
    fail_each_minute(runs, "each_minute", 210)
    assert set(tell(look_at_runs())) == {"new"}


def test_a_dag_that_has_failed_each_minute_for_a_day_does_not_heal_another(runs, look_at_runs, verdicts_of):
    runs.run("billing", due=MINUTE, takes=10, state="failed")
    for _ in range(23):
        look_at_runs()
        runs.pass_by(HOUR)
        fail_each_minute(runs, "each_minute", 60)
    found = verdicts_of(look_at_runs())
    assert found == {"each_minute.failed_runs": ("warn", 23 * 60), "billing.failed_runs": ("warn", 1)}
