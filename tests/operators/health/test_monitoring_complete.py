"""MonitoringComplete: its line, its failure, and its metrics as they leave the machine."""

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


def test_the_metrics_say_how_it_is_and_that_somebody_looked(metrics, make_report, busy_checks, run_task):
    reference = make_report(busy_checks)
    metrics()
    run_task(complete(reference))
    found = dict(line.split(":") for line in metrics())
    last_success = found.pop("airflow.health.last_success_timestamp_seconds,dag_id=a_dag")
    assert abs(int(last_success.removesuffix("|g")) - time.time()) < 60
    assert found == {
        "airflow.health.verdict,dag_id=a_dag,check=check_dag_runs": "3|g",
        "airflow.health.problems,dag_id=a_dag,check=check_dag_runs,severity=critical": "2|g",
        "airflow.health.problems,dag_id=a_dag,check=check_dag_runs,severity=warning": "4|g",
        "airflow.health.verdict,dag_id=a_dag,check=check_task_failures": "1|g",
        "airflow.health.problems,dag_id=a_dag,check=check_task_failures,severity=critical": "0|g",
        "airflow.health.problems,dag_id=a_dag,check=check_task_failures,severity=warning": "2|g",
        "airflow.health.verdict,dag_id=a_dag,check=check_scheduler_health": "1|g",
        "airflow.health.problems,dag_id=a_dag,check=check_scheduler_health,severity=critical": "0|g",
        "airflow.health.problems,dag_id=a_dag,check=check_scheduler_health,severity=warning": "2|g",
    }


def test_a_run_that_could_not_look_does_not_calm_the_dead_mans_switch(metrics, make_report, run_task):
    reference = make_report([None])
    metrics()
    run_task(complete(reference), raises=AirflowFailException)
    found = metrics()
    assert found[0] == "airflow.health.verdict,dag_id=a_dag,check=generate_health_report.checks_0_:2|g"
    assert not [line for line in found if "last_success" in line]


def test_a_result_of_another_task_is_a_mistake(busy_checks, run_task):
    run = run_task(complete(busy_checks[0]), raises=AirflowFailException)
    assert "monitoring_complete.report: expected the result of a GenerateHealthReport task" in str(run.error)


def test_no_report_is_a_mistake(run_task):
    run = run_task(complete(None), raises=AirflowFailException)
    assert "monitoring_complete.report" in str(run.error)
