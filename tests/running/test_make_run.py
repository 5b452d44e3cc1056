"""``make run`` and ``make stop`` as a person uses them: again, interrupted, with a port taken, after a crash."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from pipelines.embedded.processes import Record, find_members, read_records
from tests.running.airflow_instance import free_port

PIPELINES = """\
default:
  start_date: "2026-01-01"
  schedule: "@daily"
  catchup: false
  max_active_runs: 1
  default_args: {owner: tests}
quick:
  tasks:
    greet: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: echo hello}
slow:
  tasks:
    wait: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: sleep 300}
wrong:
  tasks:
    fail: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: "echo nine lives; exit 9"}
"""


@dataclass
class Home:
    """A folder in which ``make run`` works."""

    folder: Path
    port: int = field(default_factory=free_port)
    seen: list[Record] = field(default_factory=list)

    @property
    def run_folder(self) -> Path:
        return self.folder / "airflow" / "run"

    def command(self, command: str, *arguments: str) -> list[str]:
        home = ["--home", str(self.folder / "airflow")]
        return [sys.executable, "-m", "pipelines.embedded", *home, command, *arguments]

    def begin(self, *pipelines: str) -> subprocess.Popen[str]:
        """Begin a ``make run``."""
        runs = [part for name in pipelines for part in ("--run", name)]
        command = self.command("start", "--dags", str(self.folder / "pipelines"), "--port", str(self.port), *runs)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def start(self, *pipelines: str) -> subprocess.CompletedProcess[str]:
        """Do a whole ``make run``."""
        process = self.begin(*pipelines)
        output, error = process.communicate(timeout=200)
        self.seen += read_records(self.run_folder)
        return subprocess.CompletedProcess(process.args, process.returncode, output, error)

    def monitor(self) -> str:
        """Do a whole ``make monitoring-local``."""
        command = self.command("monitoring", "--dags", str(self.folder / "pipelines"), "--port", str(self.port))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
        assert done.returncode == 0, done.stdout + done.stderr
        self.seen += read_records(self.run_folder) + read_records(self.folder / "airflow" / "monitoring" / "run")
        return done.stdout

    def stop(self) -> str:
        return subprocess.run(self.command("stop"), capture_output=True, text=True, check=True, timeout=60).stdout

    def pids(self) -> dict[str, int]:
        return {record.name: record.pid for record in read_records(self.run_folder)}

    def left(self) -> list[str]:
        """Give every process that one of the runs left behind."""
        inside = [process for process in psutil.process_iter() if str(self.folder) in command_line(process)]
        return [line for process in {*inside, *find_members(self.seen)} if (line := command_line(process))]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("make-run"))
    dags = home.folder / "pipelines"
    dags.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(repository / "pipelines" / name, dags / name)
    (dags / "some.yaml").write_text(PIPELINES)
    yield home
    home.stop()


@pytest.fixture
def stopped(home: Home) -> Iterator[Home]:
    """A home in which nothing runs, before and after."""
    home.stop()
    yield home
    home.stop()
    assert home.left() == []


@pytest.fixture
def up(home: Home) -> Home:
    """A home in which Airflow runs; the first test that asks for it starts it."""
    result = home.start()
    assert result.returncode == 0, result.stderr
    return home


def wait_for(look: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 100
    while not look():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def begin_slow(home: Home) -> subprocess.Popen[str]:
    """Start the pipeline that takes long, and give its `make run` when its task is at work."""
    # that of a run which was interrupted just now may still be there
    before = waiting(home)
    process = home.begin("slow")
    wait_for(lambda: bool(waiting(home) - before), process)
    return process


def waiting(home: Home) -> set[int]:
    """Give the processes that wait."""
    members = find_members(read_records(home.run_folder))
    return {process.pid for process in members if "sleep 300" in command_line(process)}


def command_line(process: psutil.Process) -> str:
    """Give a process's command line; nothing for one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


MOMENTS = {
    "while the database is made": "database",
    "after the first component": "api-server",
    "while the components start": "triggerer",
}


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "closed terminal"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupted_start_leaves_nothing_running(stopped: Home, moment: str, sign: signal.Signals) -> None:
    if MOMENTS[moment] == "database":
        (stopped.folder / "airflow" / "database.version").unlink(missing_ok=True)
    process = stopped.begin("slow")
    wait_for(lambda: MOMENTS[moment] in stopped.pids(), process)
    stopped.seen += read_records(stopped.run_folder)

    process.send_signal(sign)
    process.send_signal(sign)  # people press it twice
    _, error = process.communicate(timeout=60)

    assert process.returncode == 130, error
    assert "interrupted; nothing is left running" in error
    assert "Traceback" not in error
    assert stopped.left() == []


def test_an_interrupted_run_leaves_nothing_running_and_does_not_block_the_next(stopped: Home) -> None:
    process = begin_slow(stopped)
    stopped.seen += read_records(stopped.run_folder)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)

    assert "interrupted; nothing is left running" in error
    assert stopped.left() == []

    dags = stopped.folder / "pipelines" / "some.yaml"
    dags.write_text(PIPELINES.replace("sleep 300", "sleep 0"))
    try:
        result = stopped.start("slow")
    finally:
        dags.write_text(PIPELINES)

    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"slow +wait +success", result.stdout)
    assert "waits for the end" not in result.stdout


def test_stop_ends_a_run_that_is_at_work(stopped: Home) -> None:
    process = begin_slow(stopped)
    stopped.seen += read_records(stopped.run_folder)

    stopped.stop()

    process.communicate(timeout=10)
    assert process.returncode == 130
    assert stopped.left() == []


def test_a_taken_port_is_named_with_one_that_is_free(stopped: Home) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", stopped.port))
        taken.listen()
        result = stopped.start("quick")

    assert result.returncode == 1
    assert f"Port {stopped.port} on 127.0.0.1 is taken by another program" in result.stderr
    suggested = re.search(r"make run PORT=(\d+)", result.stderr)
    assert suggested
    assert int(suggested.group(1)) > stopped.port
    assert "Traceback" not in result.stderr


# -- these share one Airflow, up to the last, which stops it -----------------------------------------------------------


def test_the_second_time_what_runs_is_reused(up: Home) -> None:
    pids = up.pids()
    result = up.start("quick")

    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"start +Airflow +reused", result.stdout)
    assert up.pids() == pids
    assert f"http://localhost:{up.port}" in result.stdout
    assert "password" in result.stdout


def test_an_interrupt_leaves_an_airflow_that_ran_before(up: Home) -> None:
    pids = up.pids()
    process = begin_slow(up)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "the Airflow that ran before still runs" in error
    assert up.pids() == pids


def test_a_second_run_at_the_same_time_is_refused(up: Home) -> None:
    process = begin_slow(up)

    second = up.start("quick")

    assert second.returncode == 1
    assert f"Another `make run` is at work in this folder (process {process.pid})" in second.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_a_run_that_fails_fails_make_and_shows_the_end_of_its_log(up: Home) -> None:
    result = up.start("wrong")

    assert result.returncode == 1
    assert re.search(r"fail +failed", result.stdout)
    assert "end of the log of fail" in result.stdout
    assert "nine lives" in result.stdout


def test_a_pipeline_that_does_not_exist_is_named_with_those_that_do(up: Home) -> None:
    result = up.start("nosuch")

    assert result.returncode == 1
    assert "no pipeline 'nosuch'" in result.stderr
    assert "quick, slow, wrong" in result.stderr


def test_secrets_are_for_their_owner_only_and_in_no_log(up: Home) -> None:
    home = up.folder / "airflow"
    for name in ("secrets.json", "passwords.json", "airflow.cfg", "airflow.db"):
        assert (home / name).stat().st_mode & 0o077 == 0, name
    secrets = json.loads((home / "secrets.json").read_text())
    for log in (home / "logs").rglob("*.log*"):
        text = log.read_text(errors="replace")
        assert not [name for name, value in secrets.items() if value in text], log


def test_monitoring_beside_it_gets_the_metrics_of_what_is_run(up: Home, servers: None) -> None:
    shown = up.monitor()
    pids = up.pids()
    ports = json.loads((up.folder / "airflow" / "monitoring" / "ports.json").read_text())
    result = up.start("quick")

    assert "stands in for it" in shown or shutil.which("statsd_exporter")
    assert f"Prometheus    http://localhost:{ports['prometheus']}\n" in shown
    assert re.search(r"start +Airflow +reused", result.stdout)
    assert up.pids() == pids
    wait_for_page(ports["exporter"], "/metrics", 'airflow_ti_finish{dag_id="quick",')
    wait_for_page(ports["prometheus"], "/api/v1/query?query=airflow_scheduler_heartbeat", '"value"')
    assert re.search(r"monitoring +all servers +reused", up.monitor())
    assert up.pids() == pids


def wait_for_page(port: int, path: str, text: str) -> None:
    deadline = time.monotonic() + 60
    page = ""
    while text not in page:
        assert time.monotonic() < deadline, page
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            page = answer.read().decode()
        time.sleep(0.3)


def test_after_a_crash_everything_is_started_again(up: Home) -> None:
    pids = up.pids()
    os.kill(pids["scheduler"], signal.SIGKILL)
    result = up.start("quick")

    assert result.returncode == 0, result.stdout + result.stderr
    assert not set(pids.values()) & set(up.pids().values())


def test_stop_ends_all_and_says_so(up: Home) -> None:
    airflow, monitoring = (
        "api-server, dag-processor, scheduler, triggerer",
        "alertmanager, blackbox-exporter, prometheus",
    )
    stopped = rf"stopped {airflow}(, {monitoring}, statsd-exporter)? in [\d.]+ s\n"
    assert re.fullmatch(stopped, up.stop())
    assert up.left() == []
    assert up.stop() == "nothing is running\n"
