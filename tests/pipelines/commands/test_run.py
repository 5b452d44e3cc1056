"""`pipelines run`: real runs with the real Airflow, each in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.pipelines.commands.conftest import Run

PASSWORD = "hunter2hunter2"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
TRY = f"""\
try:
  params: {{size: 3}}
  default_args: {{retries: 3, retry_delay: 1h}}
  task_groups: {{inner: {{}}}}
  tasks:
    first: {{operator: {BASH}, bash_command: "echo size={{{{ params.size }}}}", task_group_name: inner}}
    call:
      operator: airflow.providers.http.operators.http.HttpOperator
      http_conn_id: shop
      endpoint: "/orders?key={{{{ conn.shop.password }}}}"
      dependencies: [first]
    never: {{operator: {EMPTY}, dependencies: [call]}}
    leave: {{operator: {BASH}, bash_command: "exit 99"}}
    clean: {{operator: {EMPTY}, dependencies: [never], teardown: true}}
"""
ASK = f"""\
ask:
  tasks:
    approve: {{operator: airflow.providers.standard.operators.hitl.HITLOperator, subject: Go on?, options: [Approve]}}
    work: {{operator: {BASH}, bash_command: echo done, dependencies: [approve]}}
"""


MANY = f"""\
many:
  task_groups: {{each: {{expand: {{name: [a, b]}}}}}}
  tasks:
    numbers: {{decorator: task, python_callable: operators.functions.list_days, start: "2026-01-01", end: "2026-01-02"}}
    shown:
      operator: {BASH}
      partial: {{retries: 3, retry_delay: 1h}}
      expand: {{env: [{{A: one}}, {{A: two}}]}}
      bash_command: "test $A = one"
    hello: {{operator: {BASH}, bash_command: "echo hello-+each.name", task_group_name: each}}
    end: {{operator: {EMPTY}, dependencies: [each, numbers, shown]}}
    apart: {{operator: {BASH}, bash_command: exit 1}}
"""


@pytest.fixture
def tried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pipelines, a connection, and an Airflow home that must stay as it is."""
    (folder / "try.yaml").write_text(TRY)
    (folder / "ask.yaml").write_text(ASK)
    (folder / "many.yaml").write_text(MANY)
    home = folder.parent / "users-airflow"
    home.mkdir()
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", f"http://me:{PASSWORD}@127.0.0.1:1")
    monkeypatch.setenv("TMPDIR", str(folder.parent))
    monkeypatch.setattr("tempfile.tempdir", str(folder.parent))
    return folder.parent


@pytest.mark.airflow
@pytest.mark.slow
def test_a_run_that_fails_tells_which_task_and_why(run: Run, tried: Path, capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    done = run("run", "try", "--param", "size=4", "--artifacts", "kept")
    text = capfd.readouterr().out

    assert done.code == 1
    states = dict(re.findall(r"^  ([\w.]+) +(success|failed|skipped|upstream_failed)\b", text, re.MULTILINE))
    assert states == {
        "inner.first": "success",
        "call": "failed",
        "never": "upstream_failed",
        "leave": "skipped",
        "clean": "success",
    }
    assert "why call failed\n" in text
    assert "requests.exceptions.ConnectionError" in text
    assert text.rstrip().endswith(f"artifacts  {tried / 'kept'}\nlog        {tried / 'kept' / 'run.log'}")
    log = (tried / "kept" / "run.log").read_text()
    assert "size=4" in log
    assert PASSWORD not in text + log
    assert "key=***" in text
    # nothing was tried again, which would have taken an hour
    assert time.monotonic() - began < 240
    assert sorted(path.name for path in tried.iterdir()) == ["kept", "pipelines", "users-airflow"]
    assert list((tried / "users-airflow").iterdir()) == []


@pytest.mark.airflow
@pytest.mark.slow
def test_one_task_with_what_it_needs_and_one_taken_for_done(run: Run, tried: Path) -> None:
    done = run("run", "try", "--task", "never", "--skip", "call", "--json", "--artifacts", "kept")
    document = done.document
    assert (done.code, document["state"]) == (0, "success")
    assert {task["task_id"]: task["state"] for task in document["tasks"]} == {
        "inner.first": "success",
        "call": "success",
        "never": "success",
    }
    assert "size=3" in (tried / "kept" / "run.log").read_text()


@pytest.mark.airflow
@pytest.mark.slow
def test_mapped_tasks_are_told_one_by_one(run: Run, tried: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("run", "many", "--task", "end").code == 1
    text = capfd.readouterr().out
    states = dict(re.findall(r"^  ([\w.\[\]]+) +(success|failed|upstream_failed)\b", text, re.MULTILINE))
    assert states == {
        "numbers": "success",
        "shown[0]": "success",
        "shown[1]": "failed",
        "each.hello[0]": "success",
        "each.hello[1]": "success",
        "end": "upstream_failed",
    }
    assert "why shown[1] failed\n" in text


@pytest.mark.airflow
@pytest.mark.slow
def test_a_task_that_asks_a_person_is_refused_unless_it_is_taken_for_done(
    run: Run, tried: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "ask").code == 2
    assert 'task "approve" asks a person, and nobody is asked here' in capsys.readouterr().err
    assert run("run", "ask", "--skip", "approve", "--json").document["state"] == "success"


@pytest.mark.airflow
@pytest.mark.slow
def test_an_interrupt_ends_the_tasks_too(tried: Path) -> None:
    (tried / "pipelines" / "long.yaml").write_text(
        f"long:\n  tasks: {{wait: {{operator: {BASH}, bash_command: sleep 300}}}}\n"
    )
    command = [sys.executable, "-m", "pipelines.cli", "run", "long", "--artifacts", "kept"]
    process = subprocess.Popen(
        command,
        cwd=tried,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # tests that a shell has put into its background inherit that it is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (it takes no lock)
    )
    family: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while not any("sleep" in member.name() for member in family) and time.monotonic() < deadline:
        time.sleep(0.3)
        family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "pipelines: interrupted"
    assert f"artifacts  {tried / 'kept'}" in error
    assert [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.airflow
@pytest.mark.slow
def test_a_failed_gate_fails_the_run_and_the_verdict_says_why(
    run: Run, tried: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run("new", "churn")
    path = tried / "pipelines" / "churn.yaml"
    path.write_text(path.read_text().replace("accuracy: {min: 0.9}", "log_loss: {max: 0.0001}"))
    capfd.readouterr()
    assert run("run", "churn").code == 1
    text = capfd.readouterr().out
    assert re.search(r"^  evaluate_model +failed .* fail ", text, re.MULTILINE)
    assert re.search(r"^  send_notification +success ", text, re.MULTILINE)
    reason = text.partition("why evaluate_model failed\n")[2].partition("\n\n")[0]
    assert "log_loss" in reason
    assert len(reason.splitlines()) <= 3


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["tri"], 'there is no pipeline "tri" in pipelines; did you mean "try"?'),
        (["try", "--task", "cal"], 'try has no task "cal"; did you mean "call"?'),
        (["try", "--skip", "cal"], 'try has no task "cal"; did you mean "call"?'),
        (["try", "--param", "siz=4"], 'the pipeline has no parameter "siz"; did you mean "size"?'),
        (["try", "--artifacts", "pipelines/try.yaml"], "pipelines/try.yaml: cannot be used for artefacts: File exists"),
    ],
)
def test_bad_usage_is_one_line(
    run: Run, tried: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert run("run", *argv).code == 2
    assert capsys.readouterr().err == f"pipelines: {message}\n"


def test_a_broken_pipeline_is_not_run(run: Run, tried: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tried / "pipelines" / "try.yaml"
    path.write_text(TRY.replace("dependencies: [call]", "dependencies: [cal]"))
    assert run("run", "try").code == 1
    assert 'P201 "never" depends on "cal", which is not defined' in capsys.readouterr().err


def test_without_airflow_it_says_so(
    run: Run, tried: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipelines.commands.run.find_spec", lambda name: None)
    assert run("run", "try").code == 2
    assert capsys.readouterr().err == "pipelines: a run needs Airflow, which is not installed here\n"
