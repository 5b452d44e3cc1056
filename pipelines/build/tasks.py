"""Makes one task: of an operator or of a function, and mapped or not."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from operators import OPERATORS
from pipelines.build.expressions import Made, resolved
from pipelines.build.taskflow import make_decorated
from pipelines.build.values import converted, task_objects, task_values, without_objects
from schemas.spec import Task

if TYPE_CHECKING:
    from airflow.sdk import DAG

# the one length of time that dag-factory reads itself, and only in words
_IN_WORDS = "execution_delta"
# the one function that dag-factory imports itself
_BY_PATH = "execution_date_fn"
_OWN_TASK_KEYS = ("dependencies", "task_group_name", "setup", "teardown", "partial")


def make_task(dag: DAG, task: Task, made: Made, zone: ZoneInfo) -> None:
    """Make a task without the arrows to it, and add it to what was made.

    :param dag: the DAG that it belongs to
    :param task: what the pipeline says of it
    :param made: its group, and the tasks whose results it takes
    :param zone: that of moments without an offset
    """
    parameters = {**_parameters(task, made, zone), "task_id": task.id, "dag": dag}
    if task.group is not None:
        parameters["task_group"] = made.nodes[task.group]
    make = make_decorated if "decorator" in parameters else _make_operator
    made.nodes[task.id] = make(parameters)


def _parameters(task: Task, made: Made, zone: ZoneInfo) -> dict[str, Any]:
    """Give what the task takes, with the YAML's texts turned into what they stand for."""
    config = resolved(task.config, task.expressions, made)
    own = {key: value for key, value in config.items() if key not in _OWN_TASK_KEYS} | config.get("partial", {})
    parameters = task_values(without_objects(own), zone)
    objects = task_objects(own)
    if objects:
        # the nearest of all default_args: dag-factory would import what callbacks name
        parameters["default_args"] = objects
    for key, kind in task.conversions.items():
        if key in parameters:
            parameters[key] = converted(parameters[key], kind, zone)
        for values in _mapped_values(parameters):
            if key in values:
                values[key] = _each(values[key], kind, zone)
    if task.config.get("teardown"):
        # it gets this rule anyway, but Airflow looks at the one that it is made with
        parameters["trigger_rule"] = "all_done_setup_success"
    return parameters


def _mapped_values(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the mappings from parameter to what the task is mapped over."""
    sets = parameters.get("expand_kwargs")
    listed = [values for values in sets if isinstance(values, dict)] if isinstance(sets, list) else []
    return [parameters["expand"], *listed] if "expand" in parameters else listed


def _each(values: Any, kind: str, zone: ZoneInfo) -> Any:
    if isinstance(values, list):
        return [_each(value, kind, zone) for value in values]
    return converted(values, kind, zone) if isinstance(values, str) else values


def _make_operator(parameters: dict[str, Any]) -> Any:
    from dagfactory.dagbuilder import DagBuilder

    name = parameters.pop("operator")
    path = OPERATORS.get(name, name)
    if "expand_kwargs" in parameters:
        return _make_from_sets(path, parameters)
    if parameters.get(_BY_PATH) is not None:
        function = parameters[_BY_PATH]
        parameters[_BY_PATH] = f"{function.__module__}.{function.__qualname__}"
    if parameters.get(_IN_WORDS) is not None:
        parameters[_IN_WORDS] = f"{round(parameters[_IN_WORDS].total_seconds())} seconds"
    return DagBuilder.make_task(path, parameters)


def _make_from_sets(path: str, parameters: dict[str, Any]) -> Any:
    """Map an operator over sets of parameters, which dag-factory cannot."""
    module, _, name = path.rpartition(".")
    operator = getattr(importlib.import_module(module), name)
    sets = parameters.pop("expand_kwargs")
    return operator.partial(**parameters).expand_kwargs(sets)


def mark(task: Task, made: Made) -> None:
    """Mark a setup or a teardown as such.

    :param task: what the pipeline says of it
    :param made: all tasks
    """
    node, teardown = made.nodes[task.id], task.config.get("teardown")
    if task.config.get("setup"):
        node.as_setup()
    if isinstance(teardown, Mapping):
        setups = [made.nodes[name] for name in teardown.get("setups", ())]
        node.as_teardown(setups=setups, on_failure_fail_dagrun=teardown.get("on_failure_fail_dagrun"))
    elif teardown:
        node.as_teardown()
