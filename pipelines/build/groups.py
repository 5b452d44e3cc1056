"""Makes the task groups of a pipeline."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipelines.build.values import task_values

if TYPE_CHECKING:
    from airflow.sdk import DAG, TaskGroup

GroupConfigs = Mapping[str, Mapping[str, Any]]
"""Name of a group -> the group, as in the YAML."""


def group_configs(config: Mapping[str, Any]) -> GroupConfigs:
    """Give the groups of a pipeline, whether they stand in a mapping or in a list."""
    groups = config.get("task_groups") or {}
    return groups if isinstance(groups, Mapping) else dict(_iter_listed(groups))


def _iter_listed(groups: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for group in groups:
        yield group["group_name"], {key: value for key, value in group.items() if key != "group_name"}


def make_groups(dag: DAG, configs: GroupConfigs, zone: ZoneInfo) -> dict[str, TaskGroup]:
    """Make task groups, those that hold others before these.

    :param dag: the DAG that they belong to
    :param configs: the groups
    :param zone: that of moments without an offset
    """
    from dagfactory.dagbuilder import DagBuilder

    groups: dict[str, TaskGroup] = DagBuilder.make_task_groups(
        {name: _group_config(group, zone) for name, group in configs.items()}, dag
    )
    return groups


def _group_config(group: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    config = copy.deepcopy(dict(group))
    if "default_args" in config:
        config["default_args"] = task_values(config["default_args"], zone)
    return config
