"""One real Airflow for all tests of this folder; they share its pipelines, so each works on a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.airflow_instance import AirflowInstance


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.running)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[AirflowInstance]:
    """A running Airflow with the project's pipelines, all of them paused."""
    instance = AirflowInstance(tmp_path_factory.mktemp("running"), repository)
    yield instance
    instance.stop()
