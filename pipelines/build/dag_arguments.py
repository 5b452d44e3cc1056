"""Makes the DAG itself, without tasks: dag-factory makes it, and what dag-factory drops is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipelines.build.values import DATES, moment, with_durations

if TYPE_CHECKING:
    from airflow.sdk import DAG

_DROPPED_BY_DAG_FACTORY = ("fail_fast", "max_consecutive_failed_dag_runs", "owner_links")
_NOT_OF_THE_DAG = ("tasks", "task_groups")


def make_dag(dag_id: str, config: Mapping[str, Any], zone: ZoneInfo) -> DAG:
    """Make a DAG without tasks and groups.

    :param dag_id: its id
    :param config: the pipeline, as in the YAML
    :param zone: that of moments without an offset
    """
    from dagfactory.dagbuilder import DagBuilder

    own = {key: value for key, value in config.items() if key not in _NOT_OF_THE_DAG}
    dag: DAG = DagBuilder(dag_id, _airflow_values(own, zone), {}).build()["dag"]
    for key in _DROPPED_BY_DAG_FACTORY:
        if key in config:
            setattr(dag, key, config[key])
    dag.tags = set(config.get("tags", ()))
    return dag


def _airflow_values(config: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Turn the YAML's texts into what dag-factory takes, for a DAG and its default_args."""
    converted = with_durations(config)
    for key in DATES:
        if key in converted:
            # dag-factory drops the offset and sets `timezone`, so it gets the wall clock time of that zone
            converted[key] = moment(str(converted[key]), zone).astimezone(zone).replace(tzinfo=None)
    if converted.get("schedule") == "none":
        converted["schedule"] = None
    if "default_args" in converted:
        converted["default_args"] = {**_airflow_values(converted["default_args"], zone), "timezone": str(zone)}
        if not set(DATES) & set(converted["default_args"]):
            del converted["default_args"]["timezone"]
    return converted
