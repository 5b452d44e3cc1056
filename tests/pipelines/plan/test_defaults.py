"""What the plan takes for Airflow's own defaults is what Airflow has."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.plan.defaults import DAG_DEFAULTS, GROUP_DEFAULTS, TASK_DEFAULTS

pytestmark = pytest.mark.airflow
OWN = ("timezone", "schedule", "setup", "teardown")
"""Arguments that Airflow has under other names, or gets from us."""


def plain(value: Any) -> Any:
    """Give an empty container as the YAML has it, and an enumeration as its text."""
    return list(value) if isinstance(value, set) else getattr(value, "value", value)


@pytest.mark.parametrize("key", [key for key in DAG_DEFAULTS if key not in OWN])
def test_of_a_dag(key: str) -> None:
    from airflow.sdk import DAG

    value = getattr(DAG("orders"), key)
    assert (dict(value) if key == "params" else plain(value)) == DAG_DEFAULTS[key]


@pytest.mark.parametrize("key", [key for key in TASK_DEFAULTS if key not in OWN])
def test_of_a_task(key: str) -> None:
    from airflow.providers.standard.operators.empty import EmptyOperator

    assert plain(getattr(EmptyOperator(task_id="load"), key)) == TASK_DEFAULTS[key]


@pytest.mark.parametrize("key", GROUP_DEFAULTS)
def test_of_a_group(key: str) -> None:
    from airflow.sdk import DAG, TaskGroup

    with DAG("orders"):
        assert getattr(TaskGroup("sources"), key) == GROUP_DEFAULTS[key]
