"""Two hundred pipelines on a running Airflow: whatever is done to some files, the others and their tasks go on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running.airflow_instance import AirflowInstance
from tests.running.watch import Story, Watch

BASH = "airflow.providers.standard.operators.bash.BashOperator"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
HTTP = "airflow.providers.http.operators.http.HttpOperator"
ELSEWHERE = "airflow.providers.ssh.operators.ssh.SSHOperator"
WITHIN = 30.0
"""Seconds in which an error must be there, or gone: the parse interval of 2, a parse of all files, a busy machine."""

BEATS = ("many_beat_scheduler", "many_beat_worker")
SHIPPED = {"ml_pipeline", "monitoring", "census_income"}
VICTIM = "many_100"
FLICKERING = "many_106"
ORDINARY = """\
{dag_id}:
  schedule: "@daily"
  start_date: "2026-01-01"
  catchup: false
  default_args: {{owner: tests, retries: 2}}
  tasks:
    download: {{operator: DownloadData, source: sample://wine}}
    validate: {{operator: ValidateData, dependencies: [download], data: download, rows: {{min: 150}}}}
    prepare: {{operator: PreprocessData, dependencies: [validate], data: validate, target: target}}
    tell: {{operator: SendNotification, dependencies: [prepare], teardown: true}}
"""
BEAT = """\
{dag_id}:
  schedule: "@continuous"
  start_date: "2026-01-01"
  max_active_runs: 1
  tasks:
    beat: {{operator: {operator}}}
"""
LONG = """\
{dag_id}:
  schedule: null
  tasks:
    wait: {{operator: {operator}, bash_command: "until [ -e {flag} ]; do sleep 0.2; done; echo waited", retries: 0}}
    then: {{operator: {operator}, bash_command: "echo {words}", dependencies: [wait], retries: 0}}
"""
GOOD = ORDINARY.format(dag_id=VICTIM)
MISTAKES = {
    "syntax": ("P003", GOOD + "  tags: [a\n"),
    "shape": ("P101", GOOD.replace("catchup:", "catch_up:")),
    "graph": ("P204", GOOD.replace("source:", "dependencies: [validate], source:")),
    "schedule": ("P301", GOOD.replace("@daily", "61 25 * * *")),
    "parameter": ("P103", GOOD.replace("rows: {min: 150}", "rows: many")),
    "reference": ("P501", GOOD.replace("data: download", "data: upload")),
    "a task that cannot be made": (
        'P900 pipeline "many_100" cannot be built: task "post": ValueError: Invalid JSON provided',
        GOOD + f"    post: {{operator: {HTTP}, headers: {{Content-Type: application/json}}, data: '{{'}}\n",
    ),
    "an operator that is not installed": (
        'P900 pipeline "many_100" cannot be built: task "far"',
        GOOD + f"    far: {{operator: {ELSEWHERE}, command: date}}  # pipelines: ignore=P403\n",
    ),
    "an executor that is not there": (
        'P900 pipeline "many_100" cannot be built: UnknownExecutorException',
        GOOD + f"    fast: {{operator: {EMPTY}, executor: Fast}}\n",
    ),
}


@pytest.fixture
def many(airflow: AirflowInstance, tmp_path: Path) -> Iterator[Path]:
    """Two hundred pipelines more, all of them known to Airflow; gives the file that ends the long tasks."""
    flag = tmp_path / "go"
    names = {f"many_{number:03}": ORDINARY for number in range(196)}
    texts = {f"{name}.yaml": text.format(dag_id=name) for name, text in names.items()}
    operators = dict(zip(BEATS, (EMPTY, f"{BASH}, bash_command: date"), strict=True))
    texts |= {f"{name}.yaml": BEAT.format(dag_id=name, operator=operator) for name, operator in operators.items()}
    texts |= {f"{name}.yaml": long_text(name, flag) for name in ("many_long_other", "many_long_same")}
    for name, text in texts.items():
        airflow.write(name, text)
    for dag_id in (*BEATS, "many_long_other", "many_long_same", VICTIM):
        airflow.wait_for_dag(dag_id, timeout=90)
    assert len([dag for dag in airflow.api.dags() if dag["dag_id"].startswith("many_")]) == 200
    yield flag
    for dag_id in BEATS:
        airflow.pause(dag_id)
    for path in airflow.dags.rglob("many_*.yaml"):
        path.unlink()


def long_text(dag_id: str, flag: Path, words: str = "as before") -> str:
    return LONG.format(dag_id=dag_id, operator=BASH, flag=flag, words=words)


@pytest.mark.timeout(400)
def test_whatever_is_done_to_some_files_the_others_and_their_tasks_go_on(
    airflow: AirflowInstance, many: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story()
    for dag_id in BEATS:
        airflow.unpause(dag_id)
    runs = {dag_id: airflow.trigger(dag_id) for dag_id in ("many_long_other", "many_long_same")}
    for dag_id, run_id in runs.items():
        airflow.wait_until(lambda d=dag_id, r=run_id: airflow.task_states(d, r)["wait"] == "running", what=dag_id)
    story.tell("200 pipelines are there; two run without end, two have a task that runs for long")
    watched = {dag["dag_id"] for dag in airflow.api.dags() if dag["dag_id"].startswith("many_")} | SHIPPED
    with Watch(airflow, watched, BEATS) as watch, flickering(airflow.dags / f"{FLICKERING}.yaml"):
        story.tell("from now on a file is deleted and written again all the time")
        airflow.wait_until(lambda: all(watch.runs(dag_id) >= 2 for dag_id in BEATS), what="runs without end")
        try:
            break_one(airflow, story, watch)
            break_the_file_of_a_running_task(airflow, story, many)
            move_files(airflow, story, watch)
            finish_the_long_tasks(airflow, story, many, runs)
        finally:
            for dag_id in BEATS:
                pause = watch.longest_pause(dag_id)
                story.tell(f"{dag_id}: {watch.runs(dag_id)} runs, at most {pause:.1f} s between the ends of two")
            story.tell(f"looked {watch.looks} times at every pipeline; harmed: {watch.harmed or 'none'}")
            with capsys.disabled():
                sys.stdout.write("\n" + "\n".join(story.lines) + "\n")
    # the deleted one is gone, and the broken ones may have been; nothing else ever was, not for a moment
    assert {"many_101"} <= set(watch.harmed) <= {"many_101", VICTIM, FLICKERING}, watch.harmed
    assert all(watch.longest_pause(dag_id) < WITHIN for dag_id in BEATS)


@contextmanager
def flickering(path: Path) -> Iterator[None]:
    """Delete a file and write it again, several times a second: at some time Airflow is just about to read it."""
    text, stopped = path.read_text(), threading.Event()

    def flicker() -> None:
        while not stopped.wait(0.4):
            path.unlink()
            stopped.wait(0.4)
            path.write_text(text)

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def break_one(airflow: AirflowInstance, story: Story, watch: Watch) -> None:
    """Make each class of mistake in one file, one after the other, and then mend it."""
    for name, (message, text) in MISTAKES.items():
        before, began = {dag_id: watch.runs(dag_id) for dag_id in BEATS}, time.monotonic()
        assert text != GOOD
        airflow.write(f"{VICTIM}.yaml", text)
        airflow.wait_until(lambda m=message: m in airflow.import_errors().get("problems.py", ""), WITHIN, what=name)
        seen = time.monotonic() - began
        errors = airflow.import_errors()
        assert list(errors) == ["problems.py"]
        assert f"pipelines/{VICTIM}.yaml:" in errors["problems.py"]
        airflow.wait_until(
            lambda b=before: all(watch.runs(dag_id) > b[dag_id] for dag_id in BEATS), what="runs of others"
        )
        story.tell(f"{name}: {message[:40]} is shown after {seen:.1f} s, the others have run since")
    for metric in ("dag_processing.import_errors", "pipeline.files_broken"):
        assert airflow.metrics.gauge(metric) == 1.0
    story.tell("statsd received airflow.dag_processing.import_errors = 1 and airflow.pipeline.files_broken = 1")
    began = time.monotonic()
    airflow.write(f"{VICTIM}.yaml", GOOD)
    airflow.wait_until(lambda: not airflow.import_errors(), WITHIN, what="the end of the import error")
    gone = time.monotonic() - began
    for metric in ("dag_processing.import_errors", "pipeline.files_broken"):
        airflow.wait_until(lambda m=metric: airflow.metrics.gauge(m, since=began) == 0.0, WITHIN, what=metric)
    story.tell(f"mended: the import error is gone after {gone:.1f} s, and statsd received 0 for both")


def break_the_file_of_a_running_task(airflow: AirflowInstance, story: Story, flag: Path) -> None:
    """Break the file of a pipeline whose task runs, then edit it: the task goes on."""
    airflow.write("many_long_same.yaml", "many_long_same: [\n")
    airflow.wait_until(lambda: "P003" in airflow.import_errors().get("problems.py", ""), WITHIN, what="P003")
    story.tell("the file of a running task is broken, and the error shown")
    airflow.write("many_long_same.yaml", long_text("many_long_same", flag, "after the edit"))
    airflow.wait_until(lambda: not airflow.import_errors(), WITHIN, what="the end of the import error")
    airflow.wait_until(lambda: "after the edit" in airflow.source("many_long_same"), WITHIN, what="the edit")
    story.tell("it is mended, with another task after the running one; the Code tab shows it")


def move_files(airflow: AirflowInstance, story: Story, watch: Watch) -> None:
    """Delete, rename, copy and swap files."""
    folder = airflow.dags
    before = {dag_id: watch.runs(dag_id) for dag_id in BEATS}
    began = time.monotonic()
    airflow.remove("many_101.yaml")
    (folder / "many_102.yaml").rename(folder / "many_renamed.yaml")
    airflow.write("many_copy.yaml", ORDINARY.format(dag_id="many_103"))
    swap(folder / "many_104.yaml", folder / "many_105.yaml")
    swap(folder / "many_long_same.yaml", folder / "many_long_other.yaml")
    story.tell("one file deleted, one renamed, one copied, two swapped, and those of the two running tasks swapped")
    shown = 'pipelines/many_copy.yaml:1:1: P206 pipeline "many_103" is defined already, in pipelines/many_103.yaml:1'
    airflow.wait_until(lambda: shown in airflow.import_errors().get("problems.py", ""), WITHIN, what="P206")
    story.tell(f"the copy is shown after {time.monotonic() - began:.1f} s: P206, defined already in many_103.yaml")
    airflow.remove("many_copy.yaml")
    airflow.wait_until(lambda: not airflow.import_errors(), WITHIN, what="the end of the import error")
    for dag_id, name in (("many_102", "many_renamed"), ("many_104", "many_105"), ("many_105", "many_104")):
        airflow.wait_until(lambda d=dag_id, n=name: file_of(airflow, d) == f"{n}.yaml", WITHIN, what=dag_id)
    story.tell("renamed and swapped pipelines are where their files are")
    airflow.wait_until(
        lambda: (airflow.api.dag("many_101") or {"is_stale": True})["is_stale"], 60, what="many_101 gone"
    )
    story.tell(f"the deleted pipeline is gone after {time.monotonic() - began:.1f} s")
    assert all(watch.runs(dag_id) > before[dag_id] for dag_id in BEATS)


def swap(one: Path, other: Path) -> None:
    spare = one.with_suffix(".spare")
    one.rename(spare)
    other.rename(one)
    spare.rename(other)


def file_of(airflow: AirflowInstance, dag_id: str) -> str:
    return Path((airflow.api.dag(dag_id) or {"fileloc": ""})["fileloc"]).name


def finish_the_long_tasks(airflow: AirflowInstance, story: Story, flag: Path, runs: dict[str, str]) -> None:
    """Let the tasks that ran all the time end, and those after them run."""
    states = {dag_id: airflow.task_states(dag_id, run_id)["wait"] for dag_id, run_id in runs.items()}
    assert states == {"many_long_other": "running", "many_long_same": "running"}
    story.tell("both long tasks still run")
    flag.touch()
    for dag_id, run_id in runs.items():
        run = airflow.wait(dag_id, run_id, timeout=60)
        assert run.state == "success"
        assert airflow.tries(dag_id, run_id) == {"wait": 1, "then": 1}
        words = {"many_long_other": "as before", "many_long_same": "after the edit"}[dag_id]
        assert (airflow.xcom(run, "wait"), airflow.xcom(run, "then")) == ("waited", words)
    story.tell("both ended well on the first try, and the tasks after them too")
