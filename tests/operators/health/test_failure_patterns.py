"""CheckTaskFailures: what failures have in common - an error, a place, more retries than usual."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.health.airflow_rows import TaskInstance
from operators.health.check_task_failures import CheckTaskFailuresOperator
from operators.health.task_errors import find_error
from tests.operators.health.recorded_airflow import TASKS, RecordedAirflow, recorded_logs

LOGS = recorded_logs()


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are read for a second; on a busy machine that is too short for the tests of what they say."""
    monkeypatch.setattr("operators.health.task_errors._SECONDS_FOR_LOGS", 60.0)
    monkeypatch.setattr("operators.health.airflow_api._LOG_SECONDS", 60.0)


@pytest.fixture
def judge(run_task, verdicts_of):
    """Run the check and give name -> (verdict, observed)."""
    counter = iter(range(100))

    def judge(**parameters: Any) -> dict[str, tuple[str, Any]]:
        operator = CheckTaskFailuresOperator(task_id="check_task_failures", conn_id="airflow_api", **parameters)
        found: dict[str, tuple[str, Any]] = verdicts_of(run_task(operator, run_id=f"run-{next(counter)}"))
        return found

    return judge


def some_task(**changed: Any) -> TaskInstance:
    fields = {
        **{"dag_id": "failing", "run_id": "r1", "task_id": "bash", "map_index": -1, "try_number": 1},
        **{"operator": "BashOperator", "hostname": "node-a", "pool": "default_pool", "state": "failed"},
        **{"due_at": datetime(2026, 1, 1, tzinfo=UTC)},
        **{"scheduled_at": None, "queued_at": None, "ended_at": None},
    }
    return TaskInstance(**{**fields, **changed})


def fail(busy: RecordedAirflow, number: int, **changed: Any) -> None:
    """Let so many tasks of as many DAGs fail, and nothing else."""
    row = next(row for row in busy.rows[TASKS] if row["state"] == "failed")
    busy.rows[TASKS] = [other for other in busy.rows[TASKS] if other["state"] != "failed"]
    busy.rows[TASKS] += [{**row, "dag_id": f"dag_{i}", "task_id": "load", **changed} for i in range(number)]


def run(busy: RecordedAirflow, number: int, host: str) -> None:
    """Let so many more tasks run on a host."""
    row = next(row for row in busy.rows[TASKS] if row["state"] == "running" and row["pool"] == "default_pool")
    busy.rows[TASKS] += [{**row, "hostname": host, "map_index": i} for i in range(number)]


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("bash", "AirflowException: Bash command failed. The command returned a non-zero exit code 3."),
        (
            "download",
            "AirflowFailException: download.source: file:///nowhere/at/all.csv does not exist; check the path",
        ),
        ("timeout", "AirflowTaskTimeout: Timeout, PID: 29692"),
    ],
)
def test_the_exception_is_found_in_a_recorded_log(log, text):
    error = find_error(LOGS[log], some_task(task_id=log))
    assert error is not None
    assert error.to_text() == text


def test_a_log_without_an_error_has_none():
    assert find_error(LOGS["ok"], some_task()) is None


def test_a_line_that_was_logged_as_an_error_stands_in_for_an_exception():
    lines = [
        *LOGS["ok"],
        '{"event": "disk is full", "level": "error"}',
        '{"event": "bye", "level": "info"}',
        "not json",
    ]
    error = find_error(lines, some_task())
    assert error is not None
    assert error.to_text() == "disk is full"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Timeout, PID: 29692", "Timeout, PID: 4"),
        ("file:///a/b.csv does not exist", "s3://bucket/other.csv does not exist"),
        ("No such file: '/data/x.csv'", "No such file: '/data/y/z.csv'"),
        ("open /data/in/x.csv failed", "open /data/y.csv failed"),
        ("bash.source: is missing", "python.source: is missing"),
        ("job 01a217a4-6cc3-72a5-a272-fec48cd9eb6b lost", "job 0badcafe-6cc3-72a5-a272-fec48cd9eb6b lost"),
        ("connection to node-a:5432\nrefused", "connection to  node-a:5433 refused"),
    ],
)
def test_what_varies_does_not_make_another_error(one, other):
    signatures = {
        find_error(
            [json.dumps({"error_detail": [{"exc_type": "E", "exc_value": text}]})], some_task(task_id=name)
        ).signature
        for text, name in ((one, "bash"), (other, "python"))
    }
    assert len(signatures) == 1


def test_another_exception_is_another_error():
    lines = [
        [json.dumps({"error_detail": [{"exc_type": kind, "exc_value": "x"}]})] for kind in ("OSError", "ValueError")
    ]
    assert len({find_error(line, some_task()).signature for line in lines}) == 2


def test_tasks_that_failed_with_the_same_error_are_told_together(busy, judge):
    for task in ("half_broken.boom", "many_failures.crash"):
        busy.logs[task] = LOGS["bash"]
    busy.logs["half_broken.extract"] = LOGS["timeout"]
    found = judge(same_error={"warn": 1, "fail": 5})
    assert list(found.values()) == [("warn", 2)]
    assert re.fullmatch(r"AirflowException#[0-9a-f]{4}\.same_error", next(iter(found)))


def test_the_page_and_the_failures_name_the_error(busy, run_task, read_published):
    busy.logs["half_broken.boom"] = LOGS["bash"]
    run = run_task(CheckTaskFailuresOperator(task_id="c", conn_id="airflow_api", failed_tasks={"warn": 0}))
    failures = read_published(run.result, "finding.json")["failures"]
    (boom,) = (failure for failure in failures if failure["what"] == "half_broken.boom")
    assert boom["error"] == "AirflowException: Bash command failed. The command returned a non-zero exit code 3."
    assert boom["link"].startswith(f"{busy.url}/dags/half_broken/runs/run-")
    assert boom["count"] == 3
    assert "non-zero exit code 3" in read_published(run.result, "report.html")


def test_a_log_is_read_once_and_those_left_over_the_next_time(busy, judge):
    fail(busy, 12)
    for i in range(12):
        busy.logs[f"dag_{i}.load"] = LOGS["bash"]
    for expected in (6, 12, 12):
        assert list(judge(same_error={"warn": 1}).values()) == [("warn", expected)]
    assert sum("/logs/" in request.path for request in busy.requests) == 12


def test_logs_that_are_gone_are_no_error_in_common(busy, judge):
    assert judge(same_error={"warn": 1}) == {"same_error": ("pass", 0)}


def test_a_log_that_cannot_be_read_is_a_fact_and_does_not_stop_the_check(busy, run_task, read_published):
    fail(busy, 1)
    busy.instead["/api/v2/dags/dag_0/dagRuns/run-0/taskInstances/load/logs/1"] = (500, "application/json", "{}")
    row = next(row for row in busy.rows[TASKS] if row["state"] == "failed")
    row["dag_run_id"] = "run-0"
    run = run_task(CheckTaskFailuresOperator(task_id="c", conn_id="airflow_api", failed_tasks={"warn": 0}))
    assert read_published(run.result, "verdicts.json")["facts"]["logs_that_could_not_be_read"] == 1


def test_the_last_error_of_a_very_long_log_is_found(busy, judge):
    filler = [json.dumps({"event": "x" * 100, "level": "info"})] * 50_000
    for task in ("half_broken.boom", "many_failures.crash"):
        busy.logs[task] = [*LOGS["timeout"], *filler, *LOGS["bash"]]
    (name,) = judge(same_error={"warn": 1})
    assert re.fullmatch(r"AirflowException#[0-9a-f]{4}\.same_error", name)


def test_a_log_whose_end_does_not_come_in_time_has_no_known_error_and_is_not_read_again(
    busy, run_task, read_published, monkeypatch
):
    """An error from its middle may be one that the task has survived."""
    fail(busy, 1)
    busy.logs["dag_0.load"] = LOGS["bash"] * 40
    seconds = iter(range(10_000))
    monkeypatch.setattr("operators.health.airflow_client.monotonic", lambda: float(next(seconds)))
    for run_id in ("first", "second"):
        operator = CheckTaskFailuresOperator(task_id="c", conn_id="airflow_api", failed_tasks={"warn": 0})
        run = run_task(operator, run_id=run_id)
    assert sum("/logs/" in request.path for request in busy.requests) == 1
    assert read_published(run.result, "finding.json")["failures"][0]["error"] == ""


# -- places ----------------------------------------------------------------------------------------------------------


def test_failures_on_one_host_where_few_tasks_run_are_told(busy, judge):
    fail(busy, 6, hostname="node-b")
    run(busy, 50, "node-a")
    assert judge(concentration={"warn": "80%"}) == {"host node-b.concentration": ("warn", 1)}


def test_failures_where_most_tasks_run_anyway_are_nothing_special(busy, judge):
    fail(busy, 6, hostname="node-b")
    run(busy, 50, "node-b")
    assert judge(concentration={"warn": "80%"}) == {"concentration": ("pass", 0)}


def test_where_there_is_only_one_host_nothing_can_be_said(busy, judge):
    fail(busy, 6, hostname="node-a")
    for row in busy.rows[TASKS]:
        row["hostname"] = "node-a" if row["hostname"] else ""
    assert "host node-a.concentration" not in judge(concentration={"warn": "10%"})


def test_few_failures_have_no_pattern(busy, judge):
    fail(busy, 4, hostname="node-b")
    assert judge(concentration={"warn": "10%"}) == {"concentration": ("pass", 0)}


def test_one_pool_and_one_operator_are_told_as_well(busy, judge):
    fail(busy, 6, pool="gpu", operator_name="BigQueryOperator", hostname="")
    found = judge(concentration={"warn": "80%"})
    assert found == {"pool gpu.concentration": ("warn", 1), "operator BigQueryOperator.concentration": ("warn", 1)}


# -- more than usual -------------------------------------------------------------------------------------------------


def test_retries_are_compared_with_those_of_earlier_checks(busy, judge):
    usual = {"retries": {"warn": 3}, "min_looks": 3}
    retrying = next(row for row in busy.rows[TASKS] if row["state"] == "up_for_retry")
    for _ in range(3):
        assert judge(failed_tasks={"fail": 99}, versus_usual=usual) == {"failed_tasks": ("pass", 9)}
    busy.rows[TASKS] += [{**retrying, "map_index": i} for i in range(7)]
    found = judge(retrying={"warn": 5}, versus_usual=usual)
    assert found == {"retrying": ("warn", 8), "retries_vs_usual": ("warn", 8)}


def test_failures_are_compared_with_those_of_earlier_checks(busy, judge):
    usual = {"failed_tasks": {"warn": 2}, "min_looks": 2}
    fail(busy, 3)
    judge(failed_tasks={"fail": 99})
    judge(failed_tasks={"fail": 99})
    fail(busy, 9)
    assert judge(versus_usual=usual) == {"failed_tasks_vs_usual": ("warn", 3)}


# -- DAGs of their own -----------------------------------------------------------------------------------------------


def test_a_dag_has_its_own_thresholds_window_and_tasks_that_do_not_count(busy, judge):
    own = {
        "half_broken": {"failed_tasks": {"warn": 2}, "same_task": {"fail": 1}, "ignore": ["extr*"]},
        "many_*": {"window": "10m"},
    }
    assert judge(failed_tasks={"fail": 99}, same_task={"warn": 9}, dags=own) == {
        "failed_tasks": ("pass", 6),
        "half_broken.failed_tasks": ("warn", 3),
        "half_broken.boom.same_task": ("fail", 3),
    }


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"failure_ratio": {"warn": "5%"}}, "failure_ratio: needs prometheus_conn_id"),
        ({"versus_usual": {"retry": {"warn": 2}}}, "versus_usual: unknown key 'retry'"),
        ({"dags": {"d": {"min_runs": 2}}}, "dags.d: unknown key 'min_runs'; allowed are window, failed_tasks"),
        ({"failed_tasks": {"warn": 0}, "min_failures": 0}, "min_failures: 0 is not a whole number from 1 on"),
        ({"dags": ["d"]}, r"dags: expected a mapping of DAG ids; found \['d'\]"),
    ],
)
def test_a_mistake_in_the_yaml_is_named_and_not_retried(busy, run_task, parameters, message):
    operator = CheckTaskFailuresOperator(task_id="check_task_failures", conn_id="airflow_api", **parameters)
    assert re.search(f"check_task_failures.{message}", str(run_task(operator, raises=AirflowFailException).error))
