"""MonitoringComplete: its line, its failure, and its metric as it leaves the machine."""

from __future__ import annotations

import time
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from operators.health.monitoring_complete import MonitoringCompleteOperator


def complete(report: Any) -> MonitoringCompleteOperator:
    return MonitoringCompleteOperator(task_id="monitoring_complete", report=report)


def test_one_line_says_how_airflow_is(make_report, busy_checks, run_task):
    run = run_task(complete(make_report(busy_checks)))
    assert run.result == (
        "Airflow health: fail - check_dag_runs fail (2 fail, 4 warn of 6), "
        "check_task_failures warn (2 warn of 2), check_scheduler_health warn (2 warn of 7)"
    )


def test_problems_that_were_found_do_not_fail_the_run(make_report, busy_checks, run_task):
    assert run_task(complete(make_report(busy_checks))).error is None


def test_a_healthy_airflow(make_report, fresh_checks, run_task):
    line = run_task(complete(make_report(fresh_checks))).result
    assert line.startswith("Airflow health: pass - check_dag_runs pass (all passed of 3)")


def test_a_check_that_could_not_be_made_fails_the_run(make_report, busy_checks, run_task):
    run = run_task(complete(make_report([*busy_checks[:2], None])), raises=AirflowFailException)
    assert "Could not be made: generate_health_report.checks[2]" in str(run.error)


def test_the_dead_mans_switch_is_told_that_somebody_looked(metrics, make_report, busy_checks, run_task):
    reference = make_report(busy_checks)
    metrics()
    run_task(complete(reference))
    [(name, value)] = [line.split(":") for line in metrics()]
    assert name == "airflow.health.last_success_timestamp_seconds,dag_id=a_dag"
    assert abs(int(value.removesuffix("|g")) - time.time()) < 60


def test_a_run_that_could_not_look_does_not_calm_the_dead_mans_switch(metrics, make_report, run_task):
    reference = make_report([None])
    metrics()
    run_task(complete(reference), raises=AirflowFailException)
    assert metrics() == []


def test_a_result_of_another_task_is_a_mistake(busy_checks, run_task):
    run = run_task(complete(busy_checks[0]), raises=AirflowFailException)
    assert "monitoring_complete.report: expected the result of a GenerateHealthReport task" in str(run.error)


def test_no_report_is_a_mistake(run_task):
    run = run_task(complete(None), raises=AirflowFailException)
    assert "monitoring_complete.report" in str(run.error)
