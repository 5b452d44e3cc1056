"""Settings of the whole test run: an Airflow home of its own, never the user's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# Airflow reads its home when it is first imported, so this stands before any test module is.
_HOME = tempfile.TemporaryDirectory(prefix="airflow-home-")
os.environ["AIRFLOW_HOME"] = _HOME.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ["AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY"] = "False"

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded and public data beside the checkout, which is not part of the project."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/data is not on this machine")
    return folder


SLOW = (
    "editor",
    "operators/deploy",
    "operators/model/test_with_data_tasks.py",
    "operators/model/test_registry.py",
    "pipelines/embedded/test_install.py",
)
"""Tests that start a language server or a fresh process for each case; `make check` leaves them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        name = item.path.relative_to(REPOSITORY / "tests").as_posix()
        if name.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
