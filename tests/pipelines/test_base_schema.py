"""The base schema lists all that the installed Airflow has: nothing is forgotten when Airflow is updated."""

from __future__ import annotations

import inspect
from typing import Any

import airflow.sdk
import pytest

from pipelines.build.partitions import _MAPPERS, _WINDOWS
from pipelines.build.schedules import _MAKERS
from schemas.contract import load_contract

DEFINITIONS = load_contract().document["$defs"]
NOT_IN_YAML = {"dag_id", "auto_register", "sla_miss_callback", "task_group"}
OWN = {"freshness", "tasks", "task_groups", "timezone"}
# what the YAML calls otherwise: Airflow's names are those of its attributes, its documentation's are these
CALLED = {
    "expression": "cron",
    "partition_mapper_config": "partition_mappers",
    "default_partition_mapper": "default_mapper",
    "n": "minimum_count",
}


def arguments_of(name: str) -> set[str]:
    parameters = inspect.signature(getattr(airflow.sdk, name)).parameters
    # a mapper of mappers takes them by their place
    names = {"mappers" if parameter.startswith("mapper") else parameter for parameter in parameters}
    return {CALLED.get(parameter, parameter) for parameter in names}


def names_in(home: str, key: str) -> list[str]:
    assert list(DEFINITIONS[f"{home}s"]) == DEFINITIONS[home]["properties"][key]["enum"]
    return list(DEFINITIONS[f"{home}s"])


def test_every_argument_of_a_dag_is_a_key_of_a_pipeline() -> None:
    arguments = set(inspect.signature(airflow.sdk.DAG).parameters) - NOT_IN_YAML
    assert set(DEFINITIONS["dag"]["properties"]) - OWN == arguments


def test_what_a_pipeline_takes_the_default_block_takes_too() -> None:
    assert set(DEFINITIONS["dag"]["properties"]) - {"tasks", "task_groups"} <= set(DEFINITIONS["default"]["properties"])


def test_every_timetable_has_a_form() -> None:
    offered = {name for name in airflow.sdk.__all__ if name.endswith("Timetable")} | {"PartitionedAtRuntime"}
    assert set(names_in("timetable", "timetable")) == offered == set(_MAKERS)


def test_every_partition_mapper_and_window_has_a_form() -> None:
    abstract = {"PartitionMapper", "Window"}
    for suffix, home, key, made in (
        ("Mapper", "partition_mapper", "mapper", _MAPPERS),
        ("Window", "partition_window", "window", _WINDOWS),
    ):
        offered = {name for name in airflow.sdk.__all__ if name.endswith(suffix)} - abstract
        assert set(names_in(home, key)) == offered == set(made)


@pytest.mark.parametrize(
    ("home", "name"),
    [(home, name) for home in ("timetables", "partition_mappers", "partition_windows") for name in DEFINITIONS[home]],
)
def test_each_takes_what_airflow_takes(home: str, name: str) -> None:
    assert set(DEFINITIONS[home][name]["properties"]) == arguments_of(name)


def test_assets_take_what_airflow_takes() -> None:
    assert set(DEFINITIONS["asset_definition"]["properties"]) == arguments_of("Asset")
    assert set(DEFINITIONS["asset_access_control"]["properties"]) == arguments_of("AssetAccessControl")
    assert set(DEFINITIONS["asset_watcher"]["properties"]) == arguments_of("AssetWatcher")


def test_deadlines_take_what_airflow_takes() -> None:
    from airflow.sdk.definitions.callback import SyncCallback

    beside = set(inspect.signature(SyncCallback).parameters) - {"callback_callable", "kwargs"}
    assert set(DEFINITIONS["deadline_alert"]["properties"]) == arguments_of("DeadlineAlert") | beside
    references = {name for name in vars(airflow.sdk.DeadlineReference) if name.isupper() and name[0] != "_"}
    assert references == {"DAGRUN_LOGICAL_DATE", "DAGRUN_QUEUED_AT", "AVERAGE_RUNTIME", "FIXED_DATETIME", "TYPES"}


def test_run_types_and_permissions_are_those_of_airflow() -> None:
    from airflow.sdk.api.datamodels._generated import DagRunType
    from airflow.security.permissions import RESOURCE_DETAILS_MAP

    listed = DEFINITIONS["dag"]["properties"]["allowed_run_types"]["items"]["enum"]
    assert set(listed) == {kind.value for kind in DagRunType}
    short, long = DEFINITIONS["access_control"]["additionalProperties"]["anyOf"]
    granted: dict[str, Any] = {key: set(value["items"]["enum"]) for key, value in long["properties"].items()}
    assert granted == {resource: set(details["actions"]) for resource, details in RESOURCE_DETAILS_MAP.items()}
    assert set(short["items"]["enum"]) == granted["DAGs"]


@pytest.mark.parametrize("event", ["execute", "success", "failure", "retry", "skipped"])
def test_tasks_and_default_args_take_every_callback(event: str) -> None:
    for home in ("default_args", "task_shape"):
        assert f"on_{event}_callback" in DEFINITIONS[home]["properties"]
    assert f"on_{event}_callback" in inspect.signature(airflow.sdk.BaseOperator.__init__).parameters
