"""Celery's workers: what the locks bring fits together, and stack/healthcheck.py asks a real one through a queue."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-password"
APP = """
import os, time
from celery import Celery
app = Celery("app", broker=os.environ["AIRFLOW__CELERY__BROKER_URL"])

@app.task
def be_busy():
    open("busy", "w").close()
    time.sleep(60)
"""
pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path, broker: str, *command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        environment = {**os.environ, "AIRFLOW__CELERY__BROKER_URL": broker}
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def check(broker: str) -> tuple[int, str]:
    command = [sys.executable, ROOT / "stack/healthcheck.py", "worker"]
    environment = {**os.environ, "AIRFLOW__CELERY__BROKER_URL": broker}
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False, env=environment)
    return done.returncode, done.stdout.strip() + done.stderr


def wait_until(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 40
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture
def broker(tmp_path: Path, tool: Callable[[str], str]) -> Iterator[str]:
    """A Redis of its own, with a password."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""]
    with running(tmp_path, "", tool("redis-server"), *options):
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


def test_a_worker_is_healthy_while_it_answers_also_when_it_is_busy(broker: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    celery = [sys.executable, "-m", "celery", "-A", "app"]
    with running(tmp_path, broker, *celery, "worker", "--concurrency", "1"):
        wait_until(lambda: check(broker) == (0, ""), "an answer of the worker")
        environment = {**os.environ, "AIRFLOW__CELERY__BROKER_URL": broker}
        subprocess.run([*celery, "call", "app.be_busy"], cwd=tmp_path, env=environment, check=True, capture_output=True)
        wait_until((tmp_path / "busy").exists, "a task at work")
        assert check(broker) == (0, "")


def test_a_worker_that_is_gone_is_unhealthy(broker: str) -> None:
    wait_until(lambda: "no answer" in check(broker)[1], "Redis is up")
    assert check(broker) == (1, f"celery@{socket.gethostname()}: no answer within 5 s")


def test_a_queue_that_is_gone_is_unhealthy_and_no_password_is_shown() -> None:
    code, said = check(f"redis://:{PASSWORD}@127.0.0.1:9/0")
    assert code == 1
    assert "the queue cannot be reached" in said
    assert PASSWORD not in said


def test_a_refused_password_is_named(broker: str) -> None:
    wait_until(lambda: "no answer" in check(broker)[1], "Redis is up")
    code, said = check(broker.replace(PASSWORD, "wrong"))
    assert code == 1
    assert "the queue cannot be reached" in said


def test_the_locked_provider_and_the_locked_celery_fit_together() -> None:
    """Their own requirements do not say it: celery 5.7 lacks what the provider imports."""
    imports = "import airflow.providers.celery.executors.celery_executor, airflow.providers.celery.cli.celery_command"
    done = subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
