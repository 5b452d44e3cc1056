"""GenerateHealthReport from the real results of checks, and from checks that left none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import ArtifactError
from operators.health.generate_health_report import GenerateHealthReportOperator


def report(*checks: Any, **parameters: Any) -> GenerateHealthReportOperator:
    return GenerateHealthReportOperator(task_id="generate_health_report", checks=list(checks), **parameters)


def test_the_worst_check_is_the_verdict(busy_checks, run_task, read_published):
    run = run_task(report(*busy_checks))
    kept = read_published(run.result, "health.json")
    assert {check["task_id"]: check["verdict"] for check in kept["checks"]} == {
        "check_dag_runs": "fail",
        "check_task_failures": "warn",
        "check_scheduler_health": "warn",
    }
    assert run.result["verdict"] == kept["verdict"] == run.xcom["verdict"]["verdict"] == "fail"
    assert run.xcom["verdict"]["failing"] == ["check_dag_runs"]


def test_everything_passes(fresh_checks, run_task):
    run = run_task(report(*fresh_checks))
    assert run.result["verdict"] == "pass"
    assert run.xcom["verdict"]["passed"] == 3


def test_the_result_is_a_small_reference(busy_checks, run_task):
    run = run_task(report(*busy_checks))
    assert (run.result["kind"], run.result["rows"]) == ("health", 3)
    assert len(json.dumps(run.result)) <= 1024
    assert len(json.dumps(run.xcom["verdict"])) <= 1024


def test_the_page_shows_each_verdict_and_leads_to_the_checks_own_pages(busy_checks, run_task, read_published):
    page = read_published(run_task(report(*busy_checks)).result, "report.html")
    assert "half_broken.failure_ratio" in page
    assert "tiny.pool_usage" in page
    assert busy_checks[0]["uri"] in page


def test_the_page_needs_nothing_from_elsewhere(busy_checks, run_task, read_published):
    page = read_published(run_task(report(*busy_checks)).result, "report.html")
    assert "<script" not in page
    assert "src=" not in page
    assert "url(" not in page


def test_a_check_without_a_result_is_inconclusive_and_named(busy_checks, run_task, read_published):
    with DAG("monitoring", schedule=None):
        checks = [BaseOperator(task_id=f"check_{name}") for name in ("dag_runs", "task_failures", "scheduler_health")]
        operator = report(busy_checks[0], None, busy_checks[2])
        checks >> operator
    kept = read_published(run_task(operator).result, "health.json")
    missing = kept["checks"][1]
    assert (missing["task_id"], missing["verdict"], missing["is_measured"]) == (
        "check_task_failures",
        "inconclusive",
        False,
    )


def test_no_check_has_a_result(run_task, read_published):
    run = run_task(report(None, None))
    assert run.result["verdict"] == "inconclusive"
    names = [check["task_id"] for check in read_published(run.result, "health.json")["checks"]]
    assert names == ["generate_health_report.checks[0]", "generate_health_report.checks[1]"]


def test_the_trend_shows_earlier_reports_in_their_order(busy_checks, fresh_checks, run_task, read_published):
    for hour, checks in ((3, busy_checks), (1, fresh_checks), (2, [None, *fresh_checks[1:]])):
        run = run_task(report(*checks), run_id=f"scheduled__2026-01-01T0{hour}:00:00+00:00", dag_id="monitoring")
    run = run_task(report(*busy_checks), run_id="scheduled__2026-01-01T04:00:00+00:00", dag_id="monitoring")
    page = read_published(run.result, "report.html")
    assert "The last 4 reports" in page
    assert [page.count(f'fill="var(--{verdict})"') for verdict in ("pass", "inconclusive", "fail")] == [6, 2, 4]


def test_the_trend_is_of_this_pipeline_and_of_the_latest_reports(fresh_checks, run_task, read_published):
    run_task(report(*fresh_checks), dag_id="another")
    for day in range(1, 31):
        run_task(report(*fresh_checks), dag_id="monitoring", run_id=f"manual__2026-01-{day:02}T00:00:00+00:00")
    run = run_task(report(*fresh_checks), dag_id="monitoring", run_id="manual__2026-02-01T00:00:00+00:00")
    assert "The last 24 reports" in read_published(run.result, "report.html")


@pytest.mark.parametrize("damage", ["{", "{}", '{"checks": 3}', "[]"])
def test_an_earlier_report_that_cannot_be_read_does_not_stop_this_one(fresh_checks, run_task, read_published, damage):
    earlier = run_task(report(*fresh_checks), run_id="manual__2026-01-01T00:00:00+00:00")
    (Path(urlsplit(earlier.result["uri"]).path) / "health.json").write_text(damage)
    run = run_task(report(*fresh_checks), run_id="manual__2026-01-02T00:00:00+00:00")
    assert "The last 1 reports" in read_published(run.result, "report.html")


def test_a_check_whose_artefact_was_altered_is_no_result(busy_checks, run_task):
    path = Path(urlsplit(busy_checks[1]["uri"]).path) / "verdicts.json"
    path.write_text(path.read_text().replace("warn", "pass"))
    run = run_task(report(*busy_checks), raises=ArtifactError)
    assert "verdicts.json was altered" in str(run.error)


def test_something_that_is_no_result_is_a_mistake(run_task):
    run = run_task(report("check_dag_runs"), raises=AirflowFailException)
    assert "generate_health_report.checks[0]: expected the result of an upstream task" in str(run.error)
