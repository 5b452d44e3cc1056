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


@pytest.fixture(scope="session")
def servers() -> None:
    """Skip where Prometheus and Alertmanager are not installed; in CI they have to be."""
    from pipelines.embedded.monitoring import find_programs
    from pipelines.embedded.obstacles import StartError

    try:
        find_programs()
    except StartError as missing:
        pytest.fail(str(missing)) if os.environ.get("CI") else pytest.skip(str(missing))


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
    # one file of alerting waits for minutes; side by side with the others it has to begin first, and running next
    items.sort(key=lambda item: not item.path.relative_to(REPOSITORY / "tests").as_posix().startswith(_FIRST))


_FIRST = ("alerting/", "running/")
