"""Starts Airflow's components as processes of their own, writes them down, and ends them without leaving one behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import psutil

from pipelines.embedded.interrupts import held

COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # The api-server reads task logs from the disk; servers for them would only take more ports.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
MARK = "PIPELINES_EMBEDDED_ID"
_GRACE_SECONDS = 6.0
# They have nothing to lose (triggers are in the database), and take up to ten seconds to say goodbye.
_SHORT_GRACE_SECONDS = {"triggerer": 2.0, "api-server": 1.0}
_KILL_SECONDS = 5.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START_TICKS = 19  # of the fields after the name
# Only a parent can clear away a process that has ended; we are that until `make run` ends.
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """A process that we started: enough to know it again, though its number were given to another."""

    name: str
    pid: int
    started: float
    """When, in seconds since the epoch."""
    identity: str
    """Which boot of the machine and which moment of it: the number alone may be given to another process."""
    mark: str
    """In the environment of it and of all that it starts."""
    folder: str
    """The working directory of it and of most that it starts."""

    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            return identify(self.pid) == self.identity and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def is_of_this_boot(self) -> bool:
        """Whether the machine has not been started anew since."""
        return self.identity.partition(" ")[0] == _boot()


def identify(pid: int) -> str:
    """Say which process a number stands for now.

    The kernel's own count of ticks since the boot is taken where there is one: wall-clock time, which psutil gives,
    moves when the clock is set.

    :raises psutil.NoSuchProcess: if there is none
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return f"{_boot()} {psutil.Process(pid).create_time():.0f}"
    # The second field, the name in parentheses, may itself hold blanks and parentheses.
    return f"{_boot()} {stat.rpartition(')')[2].split()[_START_TICKS]}"


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except FileNotFoundError:
        return f"{psutil.boot_time():.0f}"


def start_process(
    name: str, command: list[str], *, run: Path, log: Path, environment: Mapping[str, str], mark: str
) -> Record:
    """Start a process in a session of its own and write it down, both or neither.

    :param name: what to call it
    :param command: the program and its arguments
    :param run: the folder of records; the process works in its parent
    :param log: the file that gets its output; the one before is kept as ``.1``
    :param environment: all of its environment
    :param mark: an id that is found again in everything it starts
    """
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    with held, log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, MARK: mark},
            cwd=run.parent,
            start_new_session=True,
        )
        _STARTED[process.pid] = process
        try:
            record = Record(name, process.pid, time.time(), identify(process.pid), mark, str(run.parent))
            _write_record(run, record)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return record


def _write_record(run: Path, record: Record) -> None:
    temporary = run / f"{record.name}.new"
    temporary.write_text(json.dumps(asdict(record)))
    temporary.replace(run / f"{record.name}.json")


def exit_code(record: Record) -> int | None:
    """Give the exit code of a process that this very process started; None while it runs."""
    return _STARTED[record.pid].poll()


def airflow_command(component: str) -> list[str]:
    """Give the command line of a component; through the interpreter, as a script's first line has a length limit."""
    return [sys.executable, "-m", "airflow", *COMPONENTS[component]]


def read_records(run: Path) -> list[Record]:
    """Read the records of everything that was started and not yet stopped."""
    records = []
    for path in sorted(run.glob("*.json")):
        try:
            records.append(Record(**json.loads(path.read_text())))
        except (ValueError, TypeError):
            path.unlink()
    return records


def stop_all(run: Path, records: Iterable[Record] | None = None) -> list[str]:
    """End what was written down, and all that it started in turn; an interrupt waits until that is done.

    Each is asked once; what is left after some seconds is killed.

    :param run: the folder of records
    :param records: the ones to end; all if not given
    :return: the names of those that were running
    """
    chosen = read_records(run) if records is None else list(records)
    with held:
        running = [record.name for record in chosen if record.is_alive()]
        members = find_members(chosen)
        # The api-server last: until the scheduler has ended, tasks have something to tell it.
        for wave in ([r for r in chosen if r.name != "api-server"], [r for r in chosen if r.name == "api-server"]):
            members |= _ask(wave)
        _kill(members | find_members(chosen))
        for record in chosen:
            _forget(run, record)
    return running


def _ask(records: list[Record]) -> set[psutil.Process]:
    """Ask processes to end, wait a while, and give those that they were seen to have started meanwhile."""
    for record in records:
        with suppress(psutil.Error):
            if record.is_alive():
                psutil.Process(record.pid).send_signal(signal.SIGTERM)
    asked = time.monotonic()
    members: set[psutil.Process] = set()
    while any(record.is_alive() and time.monotonic() - asked < _grace(record) for record in records):
        time.sleep(0.1)
        # A task's own processes are found through their parents, as long as those live.
        members |= find_members(records)
    return members


def _grace(record: Record) -> float:
    return _SHORT_GRACE_SECONDS.get(record.name, _GRACE_SECONDS)


def find_members(records: Iterable[Record]) -> set[psutil.Process]:
    """Find every process that belongs to the records: by session, by the mark in its environment, or by its parent."""
    by_session = {record.pid: record for record in records if record.is_of_this_boot()}
    marks = {record.mark for record in by_session.values()}
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        try:
            record = by_session.get(os.getsid(process.pid))
            if (record and _is_of_session(process, record)) or process.environ().get(MARK) in marks:
                found.add(process)
        except (psutil.Error, OSError):
            continue  # another user's, or just ended
    for process in list(found):
        with suppress(psutil.Error):
            found.update(process.children(recursive=True))
    return found


def _is_of_session(process: psutil.Process, record: Record) -> bool:
    if record.is_alive():
        return True
    # A session outlives its leader. The number may since have gone to a stranger, whose folder is another.
    return bool(process.cwd() == record.folder)


def _kill(processes: set[psutil.Process]) -> None:
    # psutil refuses to signal a number that was given to another process meanwhile.
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    killed = time.monotonic()
    while any(map(_is_running, processes)) and time.monotonic() - killed < _KILL_SECONDS:
        time.sleep(0.05)


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _forget(run: Path, record: Record) -> None:
    started = _STARTED.get(record.pid)
    if started and started.poll() is not None:
        del _STARTED[record.pid]
    (run / f"{record.name}.json").unlink(missing_ok=True)
