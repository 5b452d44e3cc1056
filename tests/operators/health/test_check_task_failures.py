"""CheckTaskFailures on a recorded Airflow: 9 failed task instances of 4 tasks, one of them mapped."""

from __future__ import annotations

import re
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.health.airflow_api import AirflowApiError
from operators.health.check_task_failures import CheckTaskFailuresOperator
from tests.operators.health.recorded_airflow import TASKS


def check(**parameters: Any) -> CheckTaskFailuresOperator:
    return CheckTaskFailuresOperator(task_id="check_task_failures", conn_id="airflow_api", **parameters)


def test_failed_tasks_are_counted(busy, run_task, verdicts_of):
    run = run_task(check(failed_tasks={"warn": 0, "fail": 10}))
    assert verdicts_of(run) == {"failed_tasks": ("warn", 9)}


def test_the_same_task_is_judged_by_the_runs_it_failed_in(busy, run_task, verdicts_of):
    """many_failures.crash is mapped: 4 of its instances failed, in 2 runs."""
    run = run_task(check(same_task={"warn": 1, "fail": 2}))
    assert verdicts_of(run) == {
        "half_broken.boom.same_task": ("fail", 3),
        "many_failures.crash.same_task": ("warn", 2),
    }


def test_nothing_failed_yet(fresh, run_task, verdicts_of):
    run = run_task(check(failed_tasks={"warn": 0}, same_task={"warn": 1}))
    assert verdicts_of(run) == {"failed_tasks": ("pass", 0), "same_task": ("pass", 0)}


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        (["half_broken"], 5),
        (["half_broken.boom"], 6),
        (["*.boom"], 6),
        (["größe.*"], 8),
        (["many_*", "half_broken.extract"], 4),
        (["*"], 0),
        (["nothing_of_the_kind"], 9),
    ],
)
def test_ignored_dags_and_tasks_do_not_count(busy, run_task, verdicts_of, ignore, left):
    run = run_task(check(failed_tasks={"fail": 100}, ignore=ignore))
    assert verdicts_of(run) == {"failed_tasks": ("pass", left)}


def test_failures_before_the_window_do_not_count(busy, run_task, verdicts_of):
    run = run_task(check(failed_tasks={"fail": 100}, window="10m"))
    assert verdicts_of(run) == {"failed_tasks": ("pass", 2)}


def test_tries_that_are_retried_are_a_fact_and_no_failure(busy, run_task, read_published):
    run = run_task(check(failed_tasks={"fail": 100}))
    assert read_published(run.result, "verdicts.json")["facts"]["waiting_for_a_retry"] == 1


def test_the_page_links_to_the_log_of_the_latest_try(busy, run_task, read_published):
    page = read_published(run_task(check(failed_tasks={"warn": 0})).result, "report.html")
    assert f'href="{busy.url}/dags/half_broken/runs/run-' in page
    assert re.search(r"/tasks/crash/mapped/\d\?try_number=1", page)
    assert "/tasks/%D0%BC%D0%B0%D0%BB%D0%BE?try_number=1" in page


def test_a_task_that_never_reached_a_host_is_listed(busy, run_task, read_published):
    for row in busy.rows[TASKS]:
        row |= {"hostname": None, "operator": None, "operator_name": None}
    assert "unknown" in read_published(run_task(check(failed_tasks={"warn": 0})).result, "report.html")


def test_more_failures_than_are_read_are_said_to_be_more(busy, run_task, read_published):
    row = next(row for row in busy.rows[TASKS] if row["state"] == "failed")
    busy.rows[TASKS] = [{**row, "dag_run_id": f"r{i}"} for i in range(1100)]
    kept = read_published(run_task(check(failed_tasks={"fail": 10}, ignore=["test_*"])).result, "verdicts.json")
    assert kept["facts"]["failed_tasks"] == "500 to 1100"
    assert kept["verdicts"][0]["message"] == "or up to 1100: not all were read"


@pytest.mark.parametrize(
    ("threshold", "verdict"), [({"fail": 400}, "fail"), ({"fail": 1000}, "inconclusive"), ({"fail": 1200}, "pass")]
)
def test_a_number_of_which_only_a_part_was_read_passes_only_if_the_rest_cannot_matter(
    busy, run_task, verdicts_of, threshold, verdict
):
    row = next(row for row in busy.rows[TASKS] if row["state"] == "failed")
    busy.rows[TASKS] = [{**row, "dag_run_id": f"r{i}"} for i in range(1100)]
    run = run_task(check(failed_tasks=threshold, ignore=["test_*"]))
    assert verdicts_of(run) == {"failed_tasks": (verdict, 500)}


def test_a_number_is_exact_where_everything_counts(busy, run_task, verdicts_of):
    row = next(row for row in busy.rows[TASKS] if row["state"] == "failed")
    busy.rows[TASKS] = [{**row, "dag_run_id": f"r{i}"} for i in range(1100)]
    assert verdicts_of(run_task(check(failed_tasks={"fail": 1000}))) == {"failed_tasks": ("fail", 1100)}


def test_an_error_of_the_server_is_retried(busy, run_task):
    busy.instead[TASKS] = (500, "application/json", '{"detail": "boom"}')
    run_task(check(failed_tasks={"warn": 0}), raises=AirflowApiError)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "check_task_failures.thresholds: none is given"),
        ({"same_task": {"warn": 3, "fail": 1}}, "check_task_failures.same_task: warn must be stricter"),
        ({"failed_tasks": {"fail": 1}, "window": "0s"}, "check_task_failures.window: '0s' is too short, nothing ends"),
        (
            {"failed_tasks": {"fail": 1}, "dags": {"d": {"window": 0}}},
            "check_task_failures.dags.d.window: 0 is too short",
        ),
        ({"failed_tasks": {"fail": 1}, "window": None}, "check_task_failures.window: None is not a duration"),
    ],
)
def test_a_mistake_in_the_yaml_is_named_and_not_retried(busy, run_task, parameters, message):
    run = run_task(check(**parameters), raises=AirflowFailException)
    assert re.search(message, str(run.error))


@pytest.mark.parametrize(
    "parameters",
    [
        {"dags": {"nightly": {"failed_tasks": {"warn": 0}}}},
        {"dags": {"nightly": {"same_task": {"warn": 0}}}},
        {"versus_usual": {"failed_tasks": {"warn": 3}}},
    ],
)
def test_thresholds_that_apply_to_nothing_yet_are_no_mistake(fresh, run_task, verdicts_of, parameters):
    """A task that failed would tell the dead-man's switch that nobody looks."""
    assert verdicts_of(run_task(check(**parameters))) == {"nothing_to_judge": ("pass", None)}
