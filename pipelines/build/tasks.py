"""Makes the tasks of a pipeline, one by one, so that it is known which of them fails."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from operators import OPERATORS
from pipelines.build.errors import blaming
from pipelines.build.values import converted, task_values
from schemas.spec import Task

if TYPE_CHECKING:
    from airflow.sdk import DAG, TaskGroup

# the one length of time that dag-factory reads itself, and only in words
_IN_WORDS = "execution_delta"
_OWN_TASK_KEYS = ("operator", "dependencies", "task_group_name", "setup", "teardown")


def make_tasks(dag: DAG, tasks: tuple[Task, ...], groups: Mapping[str, TaskGroup], zone: ZoneInfo) -> dict[str, Any]:
    """Make tasks, without the edges between them.

    :param dag: the DAG that they belong to
    :param tasks: what the pipeline says of them
    :param groups: its task groups
    :param zone: that of moments without an offset
    :returns: task id as in the YAML -> the task
    """
    made = {task.id: _make_task(dag, task, groups, zone) for task in tasks}
    for task in tasks:
        with blaming(task.place, f'task "{task.id}"'):
            _finish(task, made)
    return made


def _make_task(dag: DAG, task: Task, groups: Mapping[str, TaskGroup], zone: ZoneInfo) -> Any:
    from dagfactory.dagbuilder import DagBuilder

    with blaming(task.place, f'task "{task.id}"'):
        parameters = {**_parameters(task, zone), "task_id": task.id, "dag": dag}
        if "task_group_name" in task.config:
            parameters["task_group"] = groups[task.config["task_group_name"]]
        operator = task.config["operator"]
        return DagBuilder.make_task(OPERATORS.get(operator, operator), parameters)


def _parameters(task: Task, zone: ZoneInfo) -> dict[str, Any]:
    """Give what the operator takes, with the YAML's texts turned into what they stand for."""
    own = {key: value for key, value in task.config.items() if key not in _OWN_TASK_KEYS}
    parameters = task_values(copy.deepcopy(own), zone)
    for key, kind in task.conversions.items():
        parameters[key] = converted(parameters[key], kind, zone)
    if parameters.get(_IN_WORDS) is not None:
        parameters[_IN_WORDS] = f"{round(parameters[_IN_WORDS].total_seconds())} seconds"
    return parameters


def _finish(task: Task, made: Mapping[str, Any]) -> None:
    """Replace task ids by the tasks' results, and mark setups and teardowns."""
    operator = made[task.id]
    for key, ids in task.references.items():
        results = [made[task_id].output for task_id in ids]
        setattr(operator, key, results if isinstance(task.config[key], list) else results[0])
    for key, mark in _MARKS.items():
        if task.config.get(key):
            mark(operator)


_MARKS: dict[str, Callable[[Any], Any]] = {
    "setup": lambda operator: operator.as_setup(),
    "teardown": lambda operator: operator.as_teardown(),
}
