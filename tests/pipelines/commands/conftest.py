"""A folder with pipelines, and a command line in it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.cli import main


class Done(NamedTuple):
    """What a command gave."""

    code: int
    out: str

    @property
    def document(self) -> Any:
        """Standard output, which is JSON."""
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder ``pipelines`` of the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines").mkdir()
    return tmp_path / "pipelines"


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a command in the current folder."""

    def run(*argv: str) -> Done:
        out = io.StringIO()
        return Done(main(argv, out), out.getvalue())

    return run
