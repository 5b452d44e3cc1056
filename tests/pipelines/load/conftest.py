"""A folder of pipelines, and which of its files are opened."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

BASH = "airflow.providers.standard.operators.bash.BashOperator"

_listeners: list[list[str]] = []


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _listeners and str(arguments[0]).endswith((".yaml", ".yml")):
        for opened in _listeners:
            opened.append(Path(arguments[0]).name)


sys.addaudithook(_listen)


@pytest.fixture
def opened() -> Callable[[], AbstractContextManager[list[str]]]:
    """Collects the names of the YAML files that are opened, by whatever way, in a ``with`` block."""

    @contextmanager
    def listening() -> Iterator[list[str]]:
        names: list[str] = []
        _listeners.append(names)
        try:
            yield names
        finally:
            _listeners.remove(names)

    return listening


def text_of(dag_id: str, command: str = "echo") -> str:
    """A pipeline of one task."""
    return f"{dag_id}:\n  tasks:\n    a: {{operator: {BASH}, bash_command: {command}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with twenty pipelines."""
    folder = tmp_path / "pipelines"
    folder.mkdir()
    for number in range(20):
        (folder / f"file_{number}.yaml").write_text(text_of(f"dag_{number}"))
    return folder
