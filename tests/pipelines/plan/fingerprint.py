"""What Airflow and the operators have of a DAG: two DAGs with one fingerprint do the same and look the same."""

from __future__ import annotations

import inspect
import json
from typing import Any

from operators.thresholds import ThresholdError, parse_quantity

DAG_ONLY = ("template_searchpath", "template_undefined", "jinja_environment_kwargs", "auto_register")
"""Arguments of the DAG that Airflow does not keep in its database, and yet goes by."""
NOISE = frozenset({"dag", "task_group", "default_args", "params", "task_id"})
"""Parameters of operators that are links to other objects; what is in them is part of the serialised DAG."""


def fingerprint(dag: Any) -> tuple[str, str]:
    """Give the hash by which Airflow tells versions of a DAG apart, and the arguments that its operators hold."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import DagSerialization

    data = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    own = {name: repr(getattr(dag, name, None)) for name in DAG_ONLY}
    return SerializedDagModel.hash(data), json.dumps([own, arguments(dag)], sort_keys=True)


def arguments(dag: Any, *, by_value: bool = False) -> dict[str, dict[str, str]]:
    """Give the arguments that the operators of a DAG hold, under their constructors' names.

    :param by_value: whether a text that is a quantity is shown as its number
    """
    return {task.task_id: arguments_of(task, by_value=by_value) for task in dag.tasks}


def arguments_of(task: Any, *, by_value: bool) -> dict[str, str]:
    names: set[str] = set()
    for base in type(task).__mro__:
        if "__init__" in vars(base):
            names.update(inspect.signature(inspect.unwrap(base.__init__)).parameters)
    return {name: stable(getattr(task, name), by_value=by_value) for name in names - NOISE if hasattr(task, name)}


def stable(value: Any, *, by_value: bool) -> str:
    """Write a value so that the order of keys does not show, and 1, 1.0 and true differ."""

    def inner(item: Any) -> str:
        return stable(item, by_value=by_value)

    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{key}: {inner(item)}" for key, item in value.items())) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inner, value)) + "]"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(inner, value))) + "}"
    if type(value).__name__ in {"PlainXComArg", "XComArg"}:
        return f"result of {value.operator.task_id}"
    if type(value).__repr__ is object.__repr__:
        return type(value).__name__
    return number(value) if by_value else repr(value)


def number(value: Any) -> str:
    try:
        return str(parse_quantity(value, where=""))
    except ThresholdError:
        return repr(value)
