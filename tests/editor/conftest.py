"""Installs the pinned yaml-language-server with npm into a folder of its own, and starts it once."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.editor.editor import Editor
from tests.editor.language_server import LanguageServer

LOCKED = Path(__file__).parent / "server"
# what npm says when it cannot reach its registry; anything else is a failure of ours
_NO_NETWORK = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|E403|E5\d\d)\b"
)
SETTINGS: dict[str, Any] = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "yamlVersion": "1.1",
        "schemaStore": {"enable": False},
    },
    "http": {},
    "[yaml]": {},
    "editor": {},
    "files": {},
}


def _give_up(reason: str) -> NoReturn:
    """Skip aloud on somebody's machine, fail where a skip would go unseen."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; the editor tests may not be skipped where CI is set")
    pytest.skip(f"EDITOR NOT TESTED: {reason}")


def _install(npm: str, folder: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(LOCKED, unfinished)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"]
    done = subprocess.run(command, cwd=unfinished, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        shutil.rmtree(unfinished)
        if _NO_NETWORK.search(done.stderr):
            _give_up("npm cannot reach its registry")
        pytest.fail(f"npm ci failed:\n{done.stderr}")
    try:
        unfinished.rename(folder)
    except OSError:
        # another process of this run was quicker
        shutil.rmtree(unfinished)
        if not folder.is_dir():
            raise


@pytest.fixture(scope="session")
def server_command(request: pytest.FixtureRequest) -> list[str]:
    """How the language server is started; installed on first use, kept in pytest's cache."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        _give_up("npm or node is not installed")
    lock = hashlib.sha256((LOCKED / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = request.config.cache.mkdir("language-server") / lock
    if not folder.is_dir():
        _install(npm, folder)
    return [node, str(folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"), "--stdio"]


@pytest.fixture(scope="session")
def editor(server_command: list[str], repository: Path) -> Iterator[Editor]:
    """An editor that has this repository open."""
    with LanguageServer(server_command, repository, SETTINGS) as server:
        yield Editor(server, repository)
