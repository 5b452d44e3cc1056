"""Runs one step of the installation and tells how it goes.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from pipelines.embedded.install_problems import explain, without_passwords
from pipelines.embedded.interrupts import held

_POLL_SECONDS = 0.05
_REDRAW_SECONDS = 0.25
_HEARTBEAT_SECONDS = 10.0
_BROUGHT_BY_VENV = 3


class Paths(NamedTuple):
    """Where things are."""

    repository: Path
    venv: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.venv / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """Says what has been installed; written last."""
        return self.venv / ".installed.json"

    @property
    def unfinished(self) -> Path:
        """Exists while an installation is under way."""
        return self.venv / ".unfinished"

    @property
    def log(self) -> Path:
        """What the installers print."""
        return self.venv / "install.log"


class Step(NamedTuple):
    """One command of the installation."""

    name: str
    command: list[str]
    variables: dict[str, str] = {}  # noqa: RUF012 (never changed)
    packages: int = 0
    """How many packages it installs; 0 if that is not worth telling."""


def run_step(paths: Paths, step: Step) -> None:
    """Run a command, with its output in the log, a line that tells of it, and nothing left behind by an interrupt.

    :raises InstallError: if it fails
    """
    began = time.monotonic()
    with paths.log.open("ab") as log:
        paths.log.chmod(0o600)
        log.write(f"\n$ {without_passwords(' '.join(step.command))}\n".encode())
        log.flush()
        offset = log.tell()
        process = None
        try:
            with held:
                process = subprocess.Popen(
                    step.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=_environment(step),
                    start_new_session=True,  # an interrupt reaches only us; we end all of it
                )
            _wait(process, paths, step, began)
        finally:
            with held:
                _end(process)
    if process.returncode:
        output = paths.log.read_bytes()[offset:].decode(errors="replace")
        raise explain(f"Installing: {step.name}", output, paths.log)
    say(f"{step.name}{f': {step.packages}' if step.packages else ''}   {time.monotonic() - began:.1f} s", done=True)


def _environment(step: Step) -> dict[str, str]:
    environment = {**os.environ, **step.variables, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    # They would lead the installers elsewhere than into our environment.
    for foreign in ("PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        environment.pop(foreign, None)
    return environment


def _wait(process: subprocess.Popen[bytes], paths: Paths, step: Step, began: float) -> None:
    interval = _REDRAW_SECONDS if sys.stdout.isatty() else _HEARTBEAT_SECONDS
    told = began
    while process.poll() is None:
        held.sleep(_POLL_SECONDS)
        if time.monotonic() - told >= interval:
            told = time.monotonic()
            say(f"{step.name}{_count(paths, step)} … {told - began:.0f} s", passing=True)


def _count(paths: Paths, step: Step) -> str:
    if not step.packages:
        return ""
    found = sum(1 for _ in paths.venv.glob("lib/python*/site-packages/*.dist-info"))
    return f", {min(found, step.packages)} of {step.packages}" if found > _BROUGHT_BY_VENV else ", downloading"


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def say(text: str, *, passing: bool = False, done: bool = False) -> None:
    """Print a line; on a terminal a passing one is overwritten by the next."""
    if sys.stdout.isatty():
        mark = "\x1b[32m✓\x1b[0m" if done else "\x1b[2m…\x1b[0m" if passing else " "
        print(f"\r\x1b[K{mark} install   {text}", end="" if passing else "\n", flush=True)
    else:
        print(f"install   {text}", flush=True)
