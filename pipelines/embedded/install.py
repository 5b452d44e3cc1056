"""Makes ``.venv`` from the lock files: the first step of ``make run`` and ``make test``.

Standard library only, and run by the system's Python: ``python3 -m pipelines.embedded.install``. The user's own pip
configuration decides on the index.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.embedded import interrupts
from pipelines.embedded.install_problems import (
    InstallError,
    MissingPackageError,
    check_python,
    check_space,
    missing_venv,
)
from pipelines.embedded.install_steps import Paths, Step, run_step, say
from pipelines.embedded.pip_settings import read_pip_settings, uv_environment

RUNTIME_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
_VENV_BYTES = 1_500_000_000
_TEMPORARY_BYTES = 600_000_000


def install(paths: Paths, *, dev: bool) -> None:
    """Bring the environment to what the lock files say; does nothing if it is there already.

    :param paths: of the repository and the environment
    :param dev: whether the tools for development and tests are wanted too
    :raises InstallError: if it cannot be done; the message names the fix
    """
    check_python(sys.version_info[:2])
    # The lock for development holds the other one's versions too.
    locks = [RUNTIME_LOCK, DEV_LOCK] if dev else [RUNTIME_LOCK]
    if _is_installed(paths, locks):
        return
    with _alone(paths.repository / RUNTIME_LOCK):
        if not _is_installed(paths, locks):
            _install(paths, locks)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    # The lock file is there and is never written here, so it can serve as a lock in the other sense too.
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another installation is at work in this folder; waiting for its end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(paths: Paths, locks: list[str]) -> None:
    began = time.monotonic()
    _check_space(paths)
    _make_environment(paths)
    paths.unfinished.touch()
    _install_packages(paths, paths.repository / locks[-1])
    _install_project(paths)
    _write_stamp(paths, locks)
    paths.unfinished.unlink()
    say(f"ready after {time.monotonic() - began:.0f} s")


# -- what is installed -------------------------------------------------------------------------------------------------


def _is_installed(paths: Paths, locks: list[str]) -> bool:
    stamp = _read_stamp(paths)
    installed = stamp.get("locks", {})
    return (
        not paths.unfinished.exists()
        and paths.python.exists()
        and _is_ours(paths, stamp)
        and all(installed.get(lock) == _digest(paths, lock) for lock in locks)
    )


def _digest(paths: Paths, lock: str) -> str:
    digest = hashlib.sha256()
    for name in (lock, "pyproject.toml"):
        digest.update((paths.repository / name).read_bytes())
    return digest.hexdigest()


def _identity(paths: Paths) -> dict[str, str]:
    return {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", "path": str(paths.venv)}


def _is_ours(paths: Paths, stamp: dict[str, Any]) -> bool:
    # An environment that was moved, or whose Python was upgraded, is of no use.
    return all(stamp.get(key) == value for key, value in _identity(paths).items())


def _read_stamp(paths: Paths) -> dict[str, Any]:
    try:
        stamp: dict[str, Any] = json.loads(paths.stamp.read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def _write_stamp(paths: Paths, locks: list[str]) -> None:
    stamp = {**_identity(paths), "locks": {lock: _digest(paths, lock) for lock in locks}}
    temporary = paths.stamp.with_suffix(".new")
    temporary.write_text(json.dumps(stamp, indent=2))
    temporary.replace(paths.stamp)


# -- the environment ---------------------------------------------------------------------------------------------------


def _check_space(paths: Paths) -> None:
    temporary = Path(tempfile.gettempdir())
    needed = {paths.repository: 0 if paths.stamp.exists() else _VENV_BYTES, temporary: _TEMPORARY_BYTES}
    if paths.repository.stat().st_dev == temporary.stat().st_dev:
        needed = {paths.repository: sum(needed.values())}
    check_space({str(path): (shutil.disk_usage(path).free, size) for path, size in needed.items()})


def _make_environment(paths: Paths) -> None:
    if paths.venv.exists() and _is_broken(paths):
        say(f"{paths.venv.name} is unfinished, or was made for another Python or folder: making it anew")
        shutil.rmtree(paths.venv)
    if paths.python.exists():
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise missing_venv(sys.version_info[:2])
    paths.venv.mkdir(exist_ok=True)
    paths.unfinished.touch()
    name = f"virtual environment {paths.venv.name} (Python {sys.version.split()[0]})"
    run_step(paths, Step(name, [sys.executable, "-m", "venv", str(paths.venv)]))


def _is_broken(paths: Paths) -> bool:
    stamp = _read_stamp(paths)
    moved = bool(stamp) and not _is_ours(paths, stamp)
    return paths.unfinished.exists() or moved or not _has_pip(paths.python)


def _has_pip(python: Path) -> bool:
    try:
        return subprocess.run([str(python), "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# -- the packages ------------------------------------------------------------------------------------------------------


def _install_packages(paths: Paths, lock: Path) -> None:
    text = lock.read_text()
    name, count = f"packages of {lock.name}", len(re.findall(r"^[A-Za-z0-9].*==", text, re.MULTILINE))
    # The lock has everything. An older pip that looks for more finds a newer celery for "celery[redis]", and gives up.
    command = [*_pip(paths), "install", "--no-deps", "--require-hashes", "-r", str(lock)]
    by_pip = Step(name, command, packages=count)
    variables = uv_environment(read_pip_settings(paths.python))
    if variables is None or not _install_uv(paths, text):
        run_step(paths, by_pip)
        return
    # uv fetches and unpacks in parallel, in a fraction of pip's time. What it cannot do, pip may.
    command = [str(paths.python), "-m", "uv", "pip", "install", "--no-config", "--no-progress", "--require-hashes"]
    command += ["--python", str(paths.python), "-r", str(lock)]
    try:
        run_step(paths, Step(name, command, variables, packages=count))
    except InstallError:
        say("uv could not do it; trying pip")
        run_step(paths, by_pip)


def _install_uv(paths: Paths, lock: str) -> bool:
    """Install the uv that the lock names; False if there is none for this platform."""
    pinned = re.search(r"^uv==.*(?:\n\s+.*)*", lock, re.MULTILINE)
    if not pinned:
        return False
    requirement = paths.venv / "uv.txt"
    requirement.write_text(pinned.group(0) + "\n")
    command = [*_pip(paths), "install", "--require-hashes", "--only-binary", ":all:", "-r", str(requirement)]
    try:
        run_step(paths, Step("installer uv", command))
    except MissingPackageError:
        return False
    return True


def _install_project(paths: Paths) -> None:
    # No isolation: its build backend is in the lock too, and was checked by hash.
    command = [*_pip(paths), "install", "--no-deps", "--no-build-isolation", "-e", str(paths.repository)]
    run_step(paths, Step("the project itself", command))


def _pip(paths: Paths) -> list[str]:
    return [str(paths.python), "-m", "pip", "--disable-pip-version-check", "--no-input"]


def main(arguments: list[str] | None = None) -> int:
    """Install from the command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m pipelines.embedded.install", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="the tools for development and tests too")
    parser.add_argument("--repository", type=Path, default=Path(__file__).resolve().parents[2], help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    repository = parsed.repository.resolve()
    interrupts.held.listen()
    try:
        install(Paths(repository, repository / ".venv"), dev=parsed.dev)
    except InstallError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        interrupts.held.settle()
        print("\ninstall   interrupted; nothing is left running. Run the same command to begin again.", file=sys.stderr)
        return interrupts.EXIT_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main())
