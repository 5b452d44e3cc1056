"""Starts the process that runs a pipeline, shows what happens in it, and gives what came out."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipelines.trial.environment import environment, prepare_home
from pipelines.trial.request import Request

_TICK_SECONDS = 0.2
_LAST_LINES = 12
_PATIENCE_SECONDS = 10
LOG = "run.log"
"""What Airflow and the tasks logged, beside the artefacts."""


class Progress(Protocol):
    """What shows a run while it goes on."""

    def begin(self, scope: str, name: str, detail: str = "") -> None:
        """Something begins."""

    def end(self, scope: str, name: str, state: str, seconds: float | None = None, note: str = "") -> None:
        """Something has ended."""

    def tick(self) -> None:
        """Something still goes on."""


class Silence:
    """Shows nothing."""

    def begin(self, scope: str, name: str, detail: str = "") -> None:
        """Something begins."""

    def end(self, scope: str, name: str, state: str, seconds: float | None = None, note: str = "") -> None:
        """Something has ended."""

    def tick(self) -> None:
        """Something still goes on."""


@dataclass(slots=True)
class Outcome:
    """What came out of a run."""

    state: str = "crashed"
    """``success`` or ``failed``; ``crashed`` if the process ended before the run, ``refused`` if it never began."""
    run_id: str = ""
    seconds: float = 0.0
    tasks: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""
    """Why there was no run."""


def run_trial(request: Request, artifacts: Path, progress: Progress) -> Outcome:
    """Run a pipeline once, and wait for its end; if this is interrupted, so is the run.

    :param request: which pipeline, and how
    :param artifacts: the folder for what the tasks make, and for the log
    :param progress: what is told of it
    """
    with tempfile.TemporaryDirectory(prefix="pipelines-run-home-") as home, (artifacts / LOG).open("wb") as log:
        prepare_home(Path(home))
        reading, writing = os.pipe()
        process = subprocess.Popen(  # noqa: S603 (this same Python)
            [sys.executable, "-P", "-m", "pipelines.trial.child", str(writing)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(Path(home), artifacts, os.environ),
            pass_fds=(writing,),
        )
        os.close(writing)
        try:
            _ask(process, request)
            outcome = _follow(request, reading, progress)
            process.wait()
        finally:
            _end(process)
            os.close(reading)
    if outcome.state == "crashed":
        outcome.message = _last_lines(artifacts / LOG)
    return outcome


def _ask(process: subprocess.Popen[bytes], request: Request) -> None:
    assert process.stdin is not None  # noqa: S101 (it is a pipe)
    with process.stdin as stream:
        stream.write(json.dumps(asdict(request)).encode())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, with those that its tasks have started."""
    import psutil

    if process.poll() is not None:
        return
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=_PATIENCE_SECONDS)
    for member in alive:
        with suppress(psutil.NoSuchProcess):
            member.kill()


def _follow(request: Request, reading: int, progress: Progress) -> Outcome:
    outcome, began, phase = Outcome(), time.monotonic(), ""
    for event in _iter_events(reading):
        kind = event.get("event", "tick")
        if kind == "tick":
            progress.tick()
        elif kind == "phase":
            if phase:
                progress.end(request.dag_id, phase, "ready")
            phase = "" if event["name"] == "running" else event["name"]
            if phase:
                progress.begin(request.dag_id, phase)
        elif kind == "running":
            progress.begin(request.dag_id, _name(event), "running")
        elif kind == "ended":
            progress.end(request.dag_id, _name(event), event["state"], event["seconds"])
        elif kind == "refused":
            outcome.state, outcome.message = "refused", event["message"]
        elif kind == "done":
            outcome.state, outcome.run_id, outcome.tasks = event["state"], event["run_id"], event["tasks"]
    outcome.seconds = time.monotonic() - began
    return outcome


def _name(event: Mapping[str, Any]) -> str:
    mapped = event["map_index"]
    return str(event["task"]) if mapped < 0 else f"{event['task']}[{mapped}]"


def _iter_events(reading: int) -> Iterator[dict[str, Any]]:
    """Yield what the process tells, and an empty event now and then while it tells nothing."""
    buffer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while True:
            if not selector.select(_TICK_SECONDS):
                yield {}
                continue
            data = os.read(reading, 65536)
            if not data:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            yield from (json.loads(line) for line in lines)


def _last_lines(log: Path) -> str:
    lines: Sequence[str] = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LAST_LINES:])
