"""GenerateHealthReport from the real results of checks, and from checks that left none."""

from __future__ import annotations

import json
import logging
import re
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


def test_the_metrics_say_what_each_check_found(busy_checks, run_task, metrics):
    run_task(report(*busy_checks))
    assert {line for line in metrics() if line.startswith("airflow.health.")} == {
        "airflow.health.verdict,dag_id=a_dag,check=check_dag_runs:3|g",
        "airflow.health.problems,dag_id=a_dag,check=check_dag_runs,severity=critical:2|g",
        "airflow.health.problems,dag_id=a_dag,check=check_dag_runs,severity=warning:4|g",
        "airflow.health.verdict,dag_id=a_dag,check=check_task_failures:1|g",
        "airflow.health.problems,dag_id=a_dag,check=check_task_failures,severity=critical:0|g",
        "airflow.health.problems,dag_id=a_dag,check=check_task_failures,severity=warning:2|g",
        "airflow.health.verdict,dag_id=a_dag,check=check_scheduler_health:1|g",
        "airflow.health.problems,dag_id=a_dag,check=check_scheduler_health,severity=critical:0|g",
        "airflow.health.problems,dag_id=a_dag,check=check_scheduler_health,severity=warning:2|g",
    }


def test_a_check_that_could_not_be_made_is_inconclusive_as_a_metric(run_task, metrics):
    run_task(report(None))
    assert "airflow.health.verdict,dag_id=a_dag,check=generate_health_report.checks_0_:2|g" in metrics()


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
    assert "Numbers over time" in page
    assert "2026" in page


def test_the_trend_is_of_this_pipeline_and_of_the_latest_reports(fresh_checks, run_task, read_published):
    run_task(report(*fresh_checks), dag_id="another")
    for day in range(1, 31):
        run_task(report(*fresh_checks), dag_id="monitoring", run_id=f"manual__2026-01-{day:02}T00:00:00+00:00")
    run = run_task(report(*fresh_checks), dag_id="monitoring", run_id="manual__2026-02-01T00:00:00+00:00")
    assert "The last 24 reports" in read_published(run.result, "report.html")


def test_what_is_wrong_stands_first_the_worst_at_the_top(busy_checks, run_task, read_published):
    page = read_published(run_task(report(*busy_checks)).result, "report.html")
    table = page[page.index("What is wrong") :].partition("</table>")[0]
    assert page.index("What is wrong") < page.index("The last 1 reports") < page.index("Top failures")
    cells = re.findall(r'<td class="(\w+)">', table)
    assert cells == ["fail"] * 2 + ["warn"] * 8
    assert "half_broken.failure_ratio" in table


def test_top_failures_lead_to_the_run_and_to_the_log(busy, busy_checks, run_task, read_published):
    run = run_task(report(*busy_checks))
    page = read_published(run.result, "report.html")
    assert f'href="{busy.url}/dags/half_broken/runs/run-1"' in page
    assert re.search(rf'href="{busy.url}/dags/half_broken/runs/[^"]+/tasks/boom\?try_number=1"', page)
    checks = read_published(run.result, "health.json")["checks"]
    assert [failure["what"] for failure in checks[1]["failures"]][:2] == ["half_broken.boom", "many_failures.crash"]


def test_numbers_are_kept_for_the_lines_over_time(busy_checks, fresh_checks, run_task, read_published):
    run_task(report(*fresh_checks), run_id="scheduled__2026-01-01T00:00:00+00:00")
    run = run_task(report(*busy_checks), run_id="scheduled__2026-01-01T01:00:00+00:00")
    kept = read_published(run.result, "health.json")
    assert kept["checks"][0]["measures"] == {"failed runs": 6, "failing DAGs": 3, "running runs": 4}
    page = read_published(run.result, "report.html")
    assert re.search(r"failed runs</text><text [^>]+>6</text>", page)


def test_the_page_tells_what_each_check_has_cost(busy_checks, run_task, read_published):
    page = read_published(run_task(report(*busy_checks)).result, "report.html")
    assert re.search(r"<td>check_dag_runs</td><td>cost</td><td>\d+ requests, \d+\.\d\d s</td>", page)


def old_report(run_task, checks, day: int, **parameters: Any) -> dict[str, Any]:
    """Make a report and let it have been made in January."""
    run = run_task(
        report(*checks, **parameters), run_id=f"scheduled__2026-01-{day:02}T00:00:00+00:00", dag_id="monitoring"
    )
    path = Path(urlsplit(run.result["uri"]).path) / "health.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "created_at": f"2026-01-{day:02}T00:05:00+00:00"}))
    result: dict[str, Any] = run.result
    return result


def test_reports_that_are_older_than_they_are_kept_are_deleted(fresh_checks, run_task, artifact_root, caplog):
    caplog.set_level(logging.INFO, logger="airflow.task")
    recent = run_task(report(*fresh_checks), run_id="scheduled__2026-02-01T00:00:00+00:00", dag_id="monitoring").result
    old_report(run_task, fresh_checks, 1)
    old_report(run_task, fresh_checks, 2, keep="999w")
    run = run_task(report(*fresh_checks, keep="30d"), run_id="manual__2026-02-02T00:00:00+00:00", dag_id="monitoring")
    left = sorted(path.name[:24] for path in (artifact_root / "monitoring").iterdir())
    assert left == ["manual__2026-02-02T00_00", "scheduled__2026-02-01T00"]
    assert Path(urlsplit(recent["uri"]).path).exists()
    assert Path(urlsplit(run.result["uri"]).path).exists()
    assert "deleted the reports of 2 runs that are older than 30d" in caplog.text


def test_what_other_tasks_of_the_run_left_goes_with_its_report_and_nothing_else(fresh_checks, run_task, artifact_root):
    kept = Path(urlsplit(old_report(run_task, fresh_checks, 1)["uri"]).path).parents[1]
    for task in ("check_dag_runs", "send_alerts", "of_another_branch"):
        (kept / task).mkdir()
        (kept / task / "file").write_text("x")
    with DAG("monitoring", schedule=None):
        operator = report(*fresh_checks)
        BaseOperator(task_id="check_dag_runs") >> operator >> BaseOperator(task_id="send_alerts")
    run_task(operator, run_id="manual__2026-02-02T00:00:00+00:00", dag_id="monitoring")
    assert [path.name for path in kept.iterdir()] == ["of_another_branch"]


def test_a_run_of_an_old_date_that_was_made_now_stays(fresh_checks, run_task, artifact_root):
    run_task(report(*fresh_checks), run_id="backfill__2020-01-01T00:00:00+00:00", dag_id="monitoring")
    run_task(report(*fresh_checks, keep="1h"), run_id="manual__2026-02-02T00:00:00+00:00", dag_id="monitoring")
    assert len(list((artifact_root / "monitoring").iterdir())) == 2


def test_a_time_that_is_none_is_a_mistake(fresh_checks, run_task):
    run = run_task(report(*fresh_checks, keep="a month"), raises=AirflowFailException)
    assert "generate_health_report.keep: 'a month' is not a duration" in str(run.error)


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
