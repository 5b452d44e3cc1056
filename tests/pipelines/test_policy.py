"""The cluster policy: what is done once, in the process that forks all others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipelines.policy import forks_parses, forks_tasks

FORK = """
import gc, os, sys
sys.argv = {argv!r}
from airflow import settings
settings.initialize()
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, f"{{'pipelines.loader' in sys.modules}} {{gc.get_freeze_count() > 10_000}}".encode())
    os._exit(0)
os.wait()
print(os.read(read, 100).decode(), gc.get_freeze_count())
"""


def child_of(*argv: str) -> str:
    """What a process has that such a command forks, and how much is frozen in its parent."""
    result = subprocess.run(
        [sys.executable, "-c", FORK.format(argv=["/usr/bin/airflow", *argv])],
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.splitlines()[-1]


@pytest.mark.airflow
def test_a_process_that_parses_has_the_loader_and_leaves_what_its_parent_imported_alone() -> None:
    assert child_of("dag-processor") == "True True 0"


@pytest.mark.airflow
def test_other_commands_are_left_as_they_are() -> None:
    assert child_of("tasks", "test") == "False False 0"


def test_which_commands_fork_what() -> None:
    assert [forks_parses(["airflow", *c]) for c in (["dag-processor"], ["scheduler"], ["api-server"], [])] == [
        True,
        False,
        False,
        False,
    ]
    assert forks_tasks(["airflow", "scheduler"])
    assert forks_tasks(["airflow", "celery", "worker"])


def test_the_loader_imports_nothing_of_airflow() -> None:
    """The policy imports it before Airflow is whole."""
    program = "import pipelines.loader, sys; print([m for m in sys.modules if m.split('.')[0] == 'airflow'])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
