"""All there is to a DAG as plain values, to compare two: what Airflow serialises, and what it leaves out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from enum import Enum
from typing import Any

# where the DAG stands differs as the files do
_PLACE = {"fileloc", "relative_fileloc", "bundle_name", "bundle_version", "_processor_dags_folder"}
# what only the worker or the processor reads, and the serialised form leaves out or cuts short
_OF_DAG = (
    "auto_register",
    "default_args",
    "jinja_environment_kwargs",
    "on_failure_callback",
    "on_success_callback",
    "schedule",
    "template_searchpath",
    "template_undefined",
    "user_defined_filters",
    "user_defined_macros",
)
_OF_NO_INTEREST = {"dag", "task_group", "start_date", "end_date", "params", "log"}
_DEEPEST = 12


def portrait(dag: Any) -> dict[str, Any]:
    """Describe a DAG.

    :param dag: as Airflow has it after parsing
    """
    from airflow.serialization.serialized_objects import DagSerialization

    serialised = {k: v for k, v in DagSerialization.to_dict(dag)["dag"].items() if k not in _PLACE}
    # Airflow itself does not compare their order
    serialised["tasks"].sort(key=lambda task: task["__var"]["task_id"])
    return {
        "serialised": serialised,
        "arguments": {key: plain(getattr(dag, key)) for key in _OF_DAG},
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


def _task(task: Any) -> dict[str, Any]:
    own = {key: value for key, value in vars(task).items() if not key.startswith("_") and key not in _OF_NO_INTEREST}
    return {"class": _path(type(task)), **{key: plain(value) for key, value in sorted(own.items())}}


def plain(value: Any, depth: int = 0) -> Any:
    """Describe a value: functions and classes by their path, objects by class and attributes."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth > _DEEPEST:
        return "…"
    return _collection(value, depth) if isinstance(value, _COLLECTIONS) else _object(value, depth)


_COLLECTIONS = (Mapping, list, tuple, set, frozenset)


def _collection(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    items = [plain(item, depth + 1) for item in value]
    return items if isinstance(value, list | tuple) else sorted(items, key=repr)


def _object(value: Any, depth: int) -> Any:
    if isinstance(value, functools.partial):
        return {"calls": _path(value.func), "with": plain({**value.keywords}, depth + 1), "and": plain(value.args)}
    if inspect.isclass(value) or inspect.isroutine(value):
        return _path(value)
    if inspect.ismodule(value):
        return f"module {value.__name__}"
    if isinstance(value, date | timedelta | tzinfo | Enum):
        return f"{_path(type(value))} {value}"
    if hasattr(value, "task_id"):
        # of a result, the task that gives it; it is described by itself
        return f"task {value.task_id}"
    shown = {key: plain(item, depth + 1) for key, item in _attributes(value).items() if key not in _OF_NO_INTEREST}
    return {"class": _path(type(value)), **shown}


def _attributes(value: Any) -> dict[str, Any]:
    names = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ()) if name[:2] != "__"]
    return {**{name: getattr(value, name) for name in names if hasattr(value, name)}, **getattr(value, "__dict__", {})}


def _path(value: Any) -> str:
    # a method of C knows no module
    return f"{getattr(value, '__module__', type(value).__name__)}.{value.__qualname__}"
