"""Processes are written down, found again and ended with all that they started; strangers are left alone."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipelines.embedded import processes
from pipelines.embedded.interrupts import Interrupts
from pipelines.embedded.processes import Record, identify, read_records, start_process, stop_all

# Starts a child in its own session and one in another, tells their numbers, then does what it is told on SIGTERM.
PARENT = """
import signal, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
children = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
print(*[child.pid for child in children], flush=True)
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(300)
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "run"
    folder.mkdir()
    yield folder
    stop_all(folder)


def start(run: Path, manner: str = "obedient", name: str = "parent") -> tuple[Record, list[int]]:
    """Start the process above, and give its record and the numbers of it and its children."""
    log = run.parent / f"{name}.log"
    command = [sys.executable, "-c", PARENT, manner]
    record = start_process(name, command, run=run, log=log, environment=dict(os.environ), mark=uuid.uuid4().hex)
    while "ready" not in (text := log.read_text()):
        time.sleep(0.02)
    return record, [record.pid, *map(int, text.split()[:2])]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("manner", ["obedient", "stubborn"])
def test_everything_is_ended(run: Path, manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 1.0)
    _, pids = start(run, manner)
    assert alive(pids) == pids

    assert stop_all(run) == ["parent"]

    assert alive(pids) == []
    assert read_records(run) == []


def test_children_of_a_parent_that_was_killed_are_ended(run: Path) -> None:
    record, pids = start(run)
    os.kill(record.pid, signal.SIGKILL)
    while record.is_alive():
        time.sleep(0.02)
    assert alive(pids) == pids[1:]

    stop_all(run)

    assert alive(pids) == []


@pytest.fixture
def stranger(run: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that we did not start, though it works in our folder."""
    sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
    process = subprocess.Popen(sleep, start_new_session=True, cwd=run.parent)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("changed", ["moment", "boot"])
def test_a_number_that_was_given_to_another_process_is_left_alone(
    run: Path, stranger: subprocess.Popen[bytes], changed: str
) -> None:
    boot, _, moment = identify(stranger.pid).partition(" ")
    identity = f"{boot} {int(moment) - 1}" if changed == "moment" else f"another-boot {moment}"
    folder = "/elsewhere" if changed == "moment" else str(run.parent)
    record = Record("scheduler", stranger.pid, time.time(), identity, uuid.uuid4().hex, folder)
    (run / "scheduler.json").write_text(json.dumps(dataclasses.asdict(record)))

    assert not record.is_alive()
    assert stop_all(run) == []
    assert stranger.poll() is None
    assert read_records(run) == []


def test_a_process_is_known_again_by_its_start_however_it_is_named() -> None:
    odd = subprocess.Popen(["/proc/self/exe", "-c", "import time; time.sleep(60)"], executable=sys.executable)
    try:
        assert identify(odd.pid) == identify(odd.pid) != identify(os.getpid())
    finally:
        odd.kill()
        odd.wait()
    with pytest.raises(psutil.NoSuchProcess):
        identify(odd.pid)


def test_a_record_that_cannot_be_read_is_dropped(run: Path) -> None:
    (run / "scheduler.json").write_text('{"pid": ')

    assert read_records(run) == []
    assert list(run.iterdir()) == []


def test_only_the_chosen_ones_are_ended(run: Path) -> None:
    first, first_pids = start(run, name="first")
    _, second_pids = start(run, name="second")

    stop_all(run, [first])

    assert alive(first_pids) == []
    assert alive(second_pids) == second_pids


def test_a_process_that_cannot_be_written_down_is_not_left_running(run: Path) -> None:
    (run / "parent.json").mkdir()  # in the record's place
    before = set(psutil.Process().children())

    with pytest.raises(OSError, match="parent"):
        start(run)

    assert set(psutil.Process().children()) == before
    (run / "parent.json").rmdir()


def test_the_log_before_is_kept(run: Path) -> None:
    for _ in range(2):
        start(run)
        stop_all(run)

    assert (run.parent / "parent.log.1").exists()


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interrupts]:
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    held = Interrupts()
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    held.listen()
    yield held
    for sign, handler in before.items():
        signal.signal(sign, handler)


def interrupt_myself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.01)


def test_an_interrupt_waits_for_the_end_of_what_must_be_whole(listening: Interrupts) -> None:
    finished = []

    def do_it_whole() -> None:
        with listening:
            interrupt_myself()
            finished.append(True)

    with pytest.raises(KeyboardInterrupt):
        do_it_whole()
    assert finished


def test_a_second_interrupt_does_not_break_off_the_cleaning_up(listening: Interrupts) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt_myself()
    listening.settle()

    interrupt_myself()
    listening.check()


def test_an_interrupt_that_python_swallowed_is_raised_at_the_next_check(listening: Interrupts) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        interrupt_myself()

    with pytest.raises(KeyboardInterrupt):
        listening.sleep(0)
