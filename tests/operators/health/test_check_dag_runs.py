"""CheckDagRuns on a recorded Airflow: 4 of 5 half_broken runs failed, 1 of 1 of two others, 4 runs are running."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.health.airflow_api import AirflowUnreachableError
from operators.health.check_dag_runs import CheckDagRunsOperator
from tests.operators.health.conftest import CONN
from tests.operators.health.recorded_airflow import RUNS

EVERYTHING = {
    "failed_runs": {"warn": 0, "fail": 2},
    "failure_ratio": {"warn": "10%", "fail": "50%"},
    "min_runs": 3,
    "running_for": {"warn": "30m", "fail": "6h"},
}


def check(**parameters: Any) -> CheckDagRunsOperator:
    return CheckDagRunsOperator(task_id="check_dag_runs", conn_id="airflow_api", **parameters)


def test_failures_are_judged_per_dag_and_the_task_succeeds(busy, run_task, verdicts_of):
    run = run_task(check(**EVERYTHING))
    assert verdicts_of(run) == {
        "half_broken.failed_runs": ("fail", 4),
        "many_failures.failed_runs": ("warn", 1),
        "größe.μ.failed_runs": ("warn", 1),
        "half_broken.failure_ratio": ("fail", 0.8),
        "slow.running_for": ("warn", pytest.approx(2114, abs=10)),
        "retrying.running_for": ("warn", pytest.approx(2114, abs=10)),
    }
    assert run.xcom["verdict"]["verdict"] == run.result["verdict"] == "fail"


def test_the_result_is_a_small_reference(busy, run_task):
    run = run_task(check(**EVERYTHING))
    assert run.result["kind"] == "judgement"
    assert len(json.dumps(run.result)) <= 1024
    assert len(json.dumps(run.xcom["verdict"])) <= 1024


def test_a_healthy_airflow_passes_with_one_line_for_each_threshold(fresh, run_task, verdicts_of):
    run = run_task(check(**EVERYTHING))
    assert run.result["verdict"] == "pass"
    assert verdicts_of(run) == {
        "failed_runs": ("pass", 0),
        "failure_ratio": ("pass", 0),
        "running_for": ("pass", 0),
    }


def test_a_ratio_of_few_runs_says_nothing(busy, run_task, verdicts_of):
    run = run_task(check(failure_ratio={"fail": "50%"}, min_runs=6))
    assert verdicts_of(run) == {"failure_ratio": ("pass", 0)}


def test_a_ratio_of_one_run_counts_if_one_is_enough(busy, run_task, verdicts_of):
    run = run_task(check(failure_ratio={"fail": "90%"}))
    assert verdicts_of(run) == {
        "many_failures.failure_ratio": ("fail", 1),
        "größe.μ.failure_ratio": ("fail", 1),
    }


def test_runs_that_ended_before_the_window_do_not_count(busy, run_task, verdicts_of):
    """many_failures.m1 ended at 15:51:12, 33 minutes before the recording; all others before 15:50."""
    run = run_task(check(failed_runs={"warn": 0}, window="33m"))
    assert verdicts_of(run) == {"many_failures.failed_runs": ("warn", 1)}


@pytest.mark.parametrize("ignore", [["half_broken", "größe.μ", "many_failures"], ["*_*", "gr*"], ["*"]])
def test_ignored_dags_are_not_looked_at(busy, run_task, verdicts_of, ignore):
    run = run_task(check(failed_runs={"warn": 0}, ignore=ignore))
    assert verdicts_of(run) == {"failed_runs": ("pass", 0)}


def test_a_dag_with_its_own_thresholds_is_judged_by_them(busy, run_task, verdicts_of):
    own = {"half_broken": {"failed_runs": {"warn": 4}}, "slow": {"running_for": {"fail": "1m"}}}
    run = run_task(check(failed_runs={"warn": 1}, running_for={"warn": "1h"}, dags=own))
    assert verdicts_of(run) == {
        "half_broken.failed_runs": ("pass", 4),
        "slow.running_for": ("fail", pytest.approx(2114, abs=10)),
    }


def test_the_run_that_asks_does_not_count_as_running(busy, run_task, verdicts_of):
    for row in busy.rows[RUNS]:
        if row["dag_run_id"] == "long-1":
            row["dag_id"], row["dag_run_id"] = "monitoring", "this-one"
    run = run_task(check(running_for={"warn": "30m"}), dag_id="monitoring", run_id="this-one")
    assert list(verdicts_of(run)) == ["retrying.running_for"]


def test_a_run_without_a_start_has_no_age(busy, run_task, verdicts_of):
    busy.rows[RUNS] = [{**busy.rows[RUNS][0], "state": "running", "start_date": None, "end_date": None}]
    run = run_task(check(running_for={"warn": "1s"}))
    assert verdicts_of(run) == {"always_ok.running_for": ("pass", 0)}


def test_more_failures_than_are_read_are_said_to_be_more(busy, run_task, read_published):
    row = next(row for row in busy.rows[RUNS] if row["state"] == "failed")
    busy.rows[RUNS] = [{**row, "dag_run_id": f"r{i}"} for i in range(1200)]
    run = run_task(check(failed_runs={"fail": 2}))
    assert read_published(run.result, "verdicts.json")["facts"]["runs_failed"] == "200 or more"


def test_the_page_links_to_the_runs(busy, run_task, read_published):
    page = read_published(run_task(check(**EVERYTHING)).result, "report.html")
    assert f'href="{busy.url}/dags/half_broken/runs/run-1"' in page
    assert f'href="{busy.url}/dags/gr%C3%B6%C3%9Fe.%CE%BC/runs/lauf-%C3%BC%2520%201"' in page
    assert "<svg" in page


def test_names_in_the_page_are_escaped(busy, run_task, read_published):
    for row in busy.rows[RUNS]:
        row["dag_run_id"] = "<script>alert(1)</script>"
    assert "<script>alert" not in read_published(run_task(check(**EVERYTHING)).result, "report.html")


def test_a_check_that_cannot_measure_fails_and_is_retried(busy, run_task, monkeypatch, unused_port):
    monkeypatch.setenv(CONN, busy.connection(port=unused_port))
    run = run_task(check(**EVERYTHING), raises=AirflowUnreachableError)
    assert not run.xcom


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "check_dag_runs.thresholds: none is given"),
        ({"failed_runs": {"most": 1}}, "check_dag_runs.failed_runs: a threshold takes"),
        ({"failed_runs": 3}, "check_dag_runs.failed_runs: 3 is not a threshold"),
        ({"failed_runs": {"fail": 1}, "window": "0h"}, "check_dag_runs.window: '0h' is too short, nothing ends"),
        ({"failed_runs": {"fail": 1}, "window": "a day"}, "check_dag_runs.window: 'a day' is not a duration"),
        ({"failed_runs": {"fail": 1}, "ignore": "test"}, "check_dag_runs.ignore: 'test' is not a list"),
        ({"failed_runs": {"fail": 1}, "min_runs": 0}, "check_dag_runs.min_runs: 0 is not a whole number"),
        ({"dags": {"d": {"failed_run": {"fail": 1}}}}, "check_dag_runs.dags.d: unknown key 'failed_run'"),
        ({"dags": {"d": {"running_for": {"warn": "x"}}}}, "check_dag_runs.dags.d.running_for.*'x' is not a duration"),
    ],
)
def test_a_mistake_in_the_yaml_is_named_and_not_retried(busy, run_task, parameters, message):
    run = run_task(check(**parameters), raises=AirflowFailException)
    assert re.search(message, str(run.error))


@pytest.mark.parametrize(
    "parameters",
    [
        {"dags": {"nightly": {"failed_runs": {"warn": 0}}}},
        {"dags": {"nightly": {"versus_usual": {"duration": {"warn": 2}}}}},
    ],
)
def test_thresholds_that_apply_to_nothing_yet_are_no_mistake(fresh, run_task, verdicts_of, parameters):
    """A task that failed would tell the dead-man's switch that nobody looks."""
    assert verdicts_of(run_task(check(**parameters))) == {"nothing_to_judge": ("pass", None)}
