"""What is shown at the end of ``make run``, from two runs that succeeded and one in which a gate failed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.embedded.runs import RunEnd, TaskEnd
from pipelines.embedded.summary import RunSummary, Summary, TaskSummary, file_path
from pipelines.embedded.summary_view import print_summary


def read_recorded() -> Summary:
    recorded = json.loads(Path(__file__).with_name("recorded_runs.json").read_text())
    runs = []
    for run in recorded["runs"]:
        ends = tuple(TaskEnd(**end) for end in run["end"]["tasks"])
        tasks = tuple(TaskSummary(**{**task, "end": TaskEnd(**task["end"])}) for task in run["tasks"])
        runs.append(RunSummary(end=RunEnd(**{**run["end"], "tasks": ends}), tasks=tasks))
    return Summary(**{**recorded, "runs": tuple(runs)})


@pytest.fixture
def summary() -> Summary:
    return read_recorded()


def shown(summary: Summary, *runs: int) -> str:
    """Give what is printed of some of the runs."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as output:
        print_summary(replace(summary, runs=tuple(summary.runs[i] for i in runs)), seconds=44.2)
    return output.getvalue()


def test_each_task_is_shown_with_its_state_and_seconds(summary: Summary) -> None:
    text = shown(summary, 0)

    assert re.search(r"^ml_pipeline  success in \d+\.\d s", text, re.MULTILINE)
    for task in summary.runs[0].end.tasks:
        assert re.search(rf"^  {task.task_id} +success +\d+\.\d ", text, re.MULTILINE)


def test_every_gate_is_shown_with_what_was_observed_and_its_threshold(summary: Summary) -> None:
    text = shown(summary, 0)

    assert re.search(r"roc_auc +0\.99392 +min 0\.97 +pass", text)
    assert re.search(r"recall\.versus_champion +0 +not worse than 0\.03 +pass", text)
    assert re.search(r"latency_ms_p95 +[\d.]+ +max 500 +pass", text)


@pytest.mark.parametrize(
    "line",
    [
        r"rows +569 in, 0 rejected",
        r"model +ml_pipeline version \d+, alias champion",
        r"report +/srv/project/\.airflow/artifacts/ml_pipeline/[^ ]+/evaluate_model/try=1/report\.html",
        r"health +pass",
        r"UI +http://localhost:18090 +user admin +password sesame-open",
        r"stop +make stop +\(all of it took 44 s\)",
    ],
)
def test_the_things_to_go_on_with_are_there(summary: Summary, line: str) -> None:
    assert re.search(rf"^ *{line}$", shown(summary, 0, 1), re.MULTILINE)


def test_a_failed_gate_comes_first_and_its_run_is_called_failed(summary: Summary) -> None:
    text = shown(summary, 2)

    assert "ml_pipeline  failed in" in text
    assert re.search(r"Quality gates +observed +threshold +verdict\n +roc_auc +0\.99392 +min 0\.999 +fail", text)
    assert re.search(r"deploy_model +upstream_failed", text)
    assert " model " not in text


def test_checks_that_passed_are_counted_and_not_listed(summary: Summary) -> None:
    text = shown(summary, 1)

    assert re.search(r"check_scheduler_health +success .* pass  7 passed", text)
    assert "heartbeat_age" not in text


def test_a_check_that_did_not_pass_is_shown_with_its_note(summary: Summary) -> None:
    verdict = {"name": "x[/red]", "verdict": "warn", "observed": 2, "threshold": "one of [a, b]", "message": "quick: 2"}
    task = summary.runs[1].tasks[0]
    judged = replace(task, judgement={**task.judgement, "verdicts": [verdict]})
    run = replace(summary.runs[1], tasks=(judged, *summary.runs[1].tasks[1:]))

    assert re.search(r"x\[/red\] +2 +one of \[a, b\] +warn +quick: 2", shown(replace(summary, runs=(run,)), 0))


def test_the_end_of_the_log_of_a_task_that_failed_is_shown(summary: Summary) -> None:
    failed = replace(summary.runs[0].tasks[0], log_tail="ConnectionError: [Errno 111] refused")
    run = replace(summary.runs[0], tasks=(failed,))

    assert "end of the log of download_data\n  ConnectionError: [Errno 111] refused" in shown(
        replace(summary, runs=(run,)), 0
    )


def test_a_text_of_a_user_is_never_taken_for_markup(summary: Summary) -> None:
    failed = replace(summary.runs[0].tasks[0], log_tail="expected [bold]x[/bold] :smile: [/]")

    assert "[bold]x[/bold] :smile: [/]" in shown(replace(summary, runs=(replace(summary.runs[0], tasks=(failed,)),)), 0)


@pytest.mark.parametrize(
    ("uri", "path"), [("file:///a b/r#1.html", "/a b/r#1.html"), ("s3://c@bucket/r.html", "s3://c@bucket/r.html")]
)
def test_a_report_on_this_machine_is_shown_as_a_path(uri: str, path: str) -> None:
    assert file_path(uri) == path
