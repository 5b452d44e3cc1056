"""Builds a DAG from a checked pipeline: dag-factory makes it, this module adds what dag-factory drops."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from operators import OPERATORS
from operators.thresholds import parse_duration
from pipelines import PIPELINE_FILE
from schemas.diagnostic import Place
from schemas.spec import Pipeline, Task

if TYPE_CHECKING:
    from airflow.sdk import DAG

# dag-factory reports each finished run to its makers unless told otherwise before it is imported.
os.environ.setdefault("AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY", "False")

_DURATIONS = ("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout")
_DATES = ("start_date", "end_date")
_DROPPED_BY_DAG_FACTORY = ("fail_fast", "max_consecutive_failed_dag_runs", "owner_links")
# the one length of time that dag-factory reads itself, and only in words
_IN_WORDS = "execution_delta"
_OWN_TASK_KEYS = ("setup", "teardown")


class BuildError(Exception):
    """A checked pipeline that Airflow or dag-factory refuses all the same; the message is theirs."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place
        """Where the task, or else the pipeline, stands in its file."""


def build_dag(pipeline: Pipeline) -> DAG:
    """Build the DAG of a pipeline.

    :param pipeline: a pipeline without errors
    :returns: the DAG, validated as Airflow validates it, but not registered anywhere
    :raises BuildError: if it cannot be built
    """
    from dagfactory.dagbuilder import DagBuilder

    zone = _timezone(pipeline.config)
    config = _airflow_values(copy.deepcopy(dict(pipeline.config)), zone)
    config["tasks"] = {task.id: _task_config(task, zone) for task in pipeline.tasks}
    try:
        dag: DAG = DagBuilder(pipeline.dag_id, config, {}).build()["dag"]
        _add_what_is_dropped(dag, pipeline.config)
        _finish_tasks(dag, pipeline.tasks)
        _validate(dag)
    except Exception as error:  # whatever fails here is this one pipeline's problem, and must not be the others'
        faulty = _faulty_task(pipeline.tasks, config["tasks"])
        where = f'task "{faulty.id}": ' if faulty else ""
        place = faulty.place if faulty else pipeline.place
        raise BuildError(f"{where}{type(error).__name__}: {error}", place) from error
    setattr(dag, PIPELINE_FILE, str(pipeline.path))
    return dag


def _faulty_task(tasks: tuple[Task, ...], configs: Mapping[str, Mapping[str, Any]]) -> Task | None:
    """Find the first task that cannot be made by itself; dag-factory's errors do not name it."""
    from dagfactory.dagbuilder import SYSTEM_PARAMS, DagBuilder

    for task in tasks:
        config = configs[task.id]
        parameters = {key: value for key, value in config.items() if key not in SYSTEM_PARAMS}
        try:
            DagBuilder.make_task(config["operator"], {**parameters, "task_id": task.id})
        except Exception:  # noqa: BLE001 (the error itself is known; this only finds whose it is)
            return task
    return None


def _timezone(config: Mapping[str, Any]) -> ZoneInfo:
    return ZoneInfo(config.get("timezone", "UTC"))


def _airflow_values(config: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Turn the YAML's texts into what dag-factory takes, for a DAG and its default_args."""
    converted = _with_durations(config)
    for key in _DATES:
        if key in converted:
            # dag-factory drops the offset and sets `timezone`, so it gets the wall clock time of that zone
            converted[key] = _moment(str(converted[key]), zone).astimezone(zone).replace(tzinfo=None)
    if converted.get("schedule") == "none":
        converted["schedule"] = None
    if "default_args" in converted:
        converted["default_args"] = {**_airflow_values(converted["default_args"], zone), "timezone": str(zone)}
        if not set(_DATES) & set(converted["default_args"]):
            del converted["default_args"]["timezone"]
    groups = converted.get("task_groups")
    for group in groups.values() if isinstance(groups, dict) else groups or ():
        if "default_args" in group:
            group["default_args"] = _task_values(group["default_args"], zone)
    return converted


def _with_durations(config: Mapping[str, Any]) -> dict[str, Any]:
    converted = dict(config)
    for key in _DURATIONS:
        if key in converted:
            converted[key] = parse_duration(converted[key], where=key)
    return converted


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _task_values(config: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    converted = _with_durations(config)
    for key in _DATES:
        if key in converted:
            converted[key] = _moment(str(converted[key]), zone)
    return converted


def _as_duration(value: Any, _: ZoneInfo) -> Any:
    return value if value is None else parse_duration(value, where="a task")


def _as_date(value: Any, zone: ZoneInfo) -> Any:
    return value if value is None else _moment(str(value), zone)


_CONVERSIONS: dict[str, Callable[[Any, ZoneInfo], Any]] = {"duration": _as_duration, "date": _as_date}


def _task_config(task: Task, zone: ZoneInfo) -> dict[str, Any]:
    config = _task_values(copy.deepcopy(dict(task.config)), zone)
    for key, kind in task.conversions.items():
        config[key] = _CONVERSIONS[kind](config[key], zone)
    if config.get(_IN_WORDS) is not None:
        config[_IN_WORDS] = f"{round(config[_IN_WORDS].total_seconds())} seconds"
    config["operator"] = OPERATORS.get(config["operator"], config["operator"])
    for key in _OWN_TASK_KEYS:
        config.pop(key, None)
    return config


def _add_what_is_dropped(dag: DAG, config: Mapping[str, Any]) -> None:
    for key in _DROPPED_BY_DAG_FACTORY:
        if key in config:
            setattr(dag, key, config[key])
    dag.tags = set(config.get("tags", ()))


def _finish_tasks(dag: DAG, tasks: tuple[Task, ...]) -> None:
    """Replace task ids by the tasks' results, and mark setups and teardowns."""
    built: dict[str, Any] = {str(operator.label): operator for operator in dag.tasks}
    for task in tasks:
        operator = built[task.id]
        for key, ids in task.references.items():
            results = [built[task_id].output for task_id in ids]
            setattr(operator, key, results if isinstance(task.config[key], list) else results[0])
        for key, mark in _MARKS.items():
            if task.config.get(key):
                mark(operator)


_MARKS: dict[str, Callable[[Any], Any]] = {
    "setup": lambda operator: operator.as_setup(),
    "teardown": lambda operator: operator.as_teardown(),
}


def _validate(dag: Any) -> None:
    """Do what Airflow does when it takes the DAG in, so that a failure is this pipeline's and nobody else's."""
    from airflow.sdk.exceptions import FailFastDagInvalidTriggerRule

    for operator in dag.tasks:
        FailFastDagInvalidTriggerRule.check(fail_fast=dag.fail_fast, trigger_rule=operator.trigger_rule)
    dag.validate()
    dag.check_cycle()
    dag.resolve_template_files()
