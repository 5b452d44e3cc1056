"""The installer on real environments, small ones: what it does, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from tests.pipelines.embedded.conftest import SmallProject

SLOW = pytest.mark.running  # left out of `make check`


def can_import(project: SmallProject, module: str) -> bool:
    command = [str(project.venv / "bin/python"), "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def processes_below(folder: Path) -> list[str]:
    """Give the command lines of all processes that name a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line:
            found.append(line)
    return found


def test_it_installs_and_the_second_time_takes_no_time(project: SmallProject) -> None:
    first = project.install()

    assert first.returncode == 0, first.stdout + first.stderr
    assert "packages of requirements.lock: 1" in first.stdout
    assert can_import(project, "needed, backend")

    began = time.monotonic()
    second = project.install()

    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert time.monotonic() - began < 2


def test_a_changed_lock_is_installed(prepared: SmallProject) -> None:
    prepared.install()
    (prepared.folder / "requirements.lock").write_text((prepared.folder / "requirements-dev.lock").read_text())

    assert prepared.install().returncode == 0
    assert can_import(prepared, "needed, tool")


def test_the_environment_for_development_serves_for_running_too(prepared: SmallProject) -> None:
    assert prepared.install("--dev").returncode == 0
    assert can_import(prepared, "needed, tool")
    assert prepared.install().stdout == ""


@SLOW
def test_an_environment_that_was_moved_is_made_anew(prepared: SmallProject, tmp_path: Path) -> None:
    prepared.install()
    prepared.folder = prepared.folder.rename(tmp_path / "moved")

    result = prepared.install()

    assert result.returncode == 0
    assert "making it anew" in result.stdout
    assert can_import(prepared, "needed, backend")


@pytest.mark.parametrize(
    "sign", [signal.SIGINT, *(pytest.param(s, marks=SLOW) for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL))]
)
def test_an_interrupted_installation_is_repaired_by_the_next(prepared: SmallProject, sign: signal.Signals) -> None:
    installing = subprocess.Popen(
        prepared.command(),
        cwd=Path(__file__).resolve().parents[3],
        env={**prepared.environment, "BACKEND_SECONDS": "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert installing.stdout
    while "packages of" not in installing.stdout.readline():
        assert installing.poll() is None
    time.sleep(0.5)
    installing.send_signal(sign)
    _, error = installing.communicate(timeout=20)

    if sign != signal.SIGKILL:
        assert installing.returncode == 130
        assert "nothing is left running" in error
        assert processes_below(prepared.folder) == []
    for left in psutil.process_iter(["cmdline"]):
        # After a kill nobody was there to clean up; the next one must not be disturbed by it.
        if str(prepared.folder) in " ".join(left.info["cmdline"] or []):
            left.kill()

    again = prepared.install()

    assert again.returncode == 0, again.stdout + again.stderr
    assert "making it anew" in again.stdout
    assert can_import(prepared, "needed, backend")


@SLOW
def test_a_broken_environment_is_made_anew(prepared: SmallProject) -> None:
    prepared.install()
    (prepared.venv / "bin/python").unlink()
    (prepared.venv / "bin/python").symlink_to("/nowhere/python3")

    assert prepared.install().returncode == 0
    assert can_import(prepared, "needed")


# -- what it says when it cannot ---------------------------------------------------------------------------------------


def test_a_python_without_ensurepip_names_the_package_to_install(project: SmallProject, tmp_path: Path) -> None:
    library = Path(os.__file__).parent
    home = tmp_path / "home" / "lib" / library.name
    home.mkdir(parents=True)
    for entry in library.iterdir():
        if entry.name != "ensurepip":
            (home / entry.name).symlink_to(entry)

    result = project.install(python=sys._base_executable, PYTHONHOME=str(tmp_path / "home"))

    assert result.returncode == 1
    assert "ensurepip is missing" in result.stderr
    assert "sudo apt install python3-venv" in result.stderr
    assert not project.venv.exists()


def test_an_index_that_refuses_the_connection_is_named(prepared: SmallProject) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        index = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        prepared.environment.pop("PIP_NO_INDEX")
        prepared.environment.pop("PIP_FIND_LINKS")
        result = prepared.install(PIP_INDEX_URL=index, PIP_RETRIES="1")

    assert result.returncode == 1
    assert "No package index answers" in result.stderr
    assert "pip config set global.index-url" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_package_that_the_index_lacks_is_named(prepared: SmallProject) -> None:
    with (prepared.folder / "requirements.lock").open("a") as lock:
        lock.write(f"absent==1.0 --hash=sha256:{'0' * 64}\n")

    result = prepared.install()

    assert result.returncode == 1
    assert "No matching distribution found for absent==1.0" in result.stderr


def test_a_file_that_was_tampered_with_is_refused(prepared: SmallProject) -> None:
    lock = prepared.folder / "requirements.lock"
    lock.write_text(f"needed==1.0 --hash=sha256:{'0' * 64}\n")

    result = prepared.install()

    assert result.returncode == 1
    assert "not the one in the lock file" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk can be mounted by root only")
def test_a_full_disk_is_told_before_anything_is_written(project: SmallProject, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        subprocess.run(["cp", "-r", str(project.folder), str(disk)], check=True)
        project.folder = disk / "project"
        result = project.install()
        left = list(project.folder.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)

    assert result.returncode == 1
    assert "0.0 GB free" in result.stderr
    assert "Free some space" in result.stderr
    assert project.venv not in left


def test_no_password_of_an_index_is_told(prepared: SmallProject) -> None:
    prepared.environment.pop("PIP_NO_INDEX")
    prepared.environment.pop("PIP_FIND_LINKS")
    result = prepared.install(PIP_INDEX_URL="http://me:sesame@127.0.0.1:9/simple", PIP_RETRIES="0")

    assert result.returncode == 1
    assert "sesame" not in result.stdout + result.stderr
    assert (prepared.venv / "install.log").stat().st_mode & 0o077 == 0


def test_the_stamp_says_what_was_installed(prepared: SmallProject) -> None:
    prepared.install()

    stamp = json.loads((prepared.venv / ".installed.json").read_text())

    assert list(stamp["locks"]) == ["requirements.lock"]
    assert stamp["path"] == str(prepared.venv)
