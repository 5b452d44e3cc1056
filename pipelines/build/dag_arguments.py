"""Makes the DAG itself, without tasks: from checked values, through a closed table of what makes an object of which."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipelines.build.callables import callback_of, function_of
from pipelines.build.deadlines import deadline_of
from pipelines.build.parameters import params_of
from pipelines.build.plain import copied
from pipelines.build.schedules import schedule_of
from pipelines.build.values import DATES, docs, moment, task_objects, with_durations, without_objects

if TYPE_CHECKING:
    from airflow.sdk import DAG

_NOT_ARGUMENTS = frozenset({"default_args", "freshness", "task_groups", "tasks", "timezone"})


def make_dag(dag_id: str, config: Mapping[str, Any], zone: ZoneInfo, folder: Path) -> DAG:
    """Make a DAG without tasks and groups.

    dag-factory would copy the objects, which not all of them survive, and import what texts inside of them name.

    :param dag_id: its id
    :param config: the pipeline, as in the YAML
    :param zone: that of moments without an offset
    :param folder: where its file is
    """
    from airflow.sdk import DAG

    return DAG(dag_id, **dag_arguments(config, zone, folder))


def dag_arguments(config: Mapping[str, Any], zone: ZoneInfo, folder: Path) -> dict[str, Any]:
    """Give what ``airflow.sdk.DAG`` takes beside its id.

    :param config: the pipeline, as in the YAML
    :param zone: that of moments without an offset
    :param folder: where its file is
    """
    values = with_durations({key: value for key, value in config.items() if key not in _NOT_ARGUMENTS})
    made = {key: make(values[key], zone) for key, make in _MADE.items() if key in values}
    made["default_args"] = _default_args(config.get("default_args", {}), zone)
    if "template_searchpath" in values:
        made["template_searchpath"] = _search_path(values["template_searchpath"], folder)
    return {**copied({key: value for key, value in values.items() if key not in made}), **made}


def _search_path(value: str | list[str], folder: Path) -> list[str]:
    return [os.path.normpath(folder / path) for path in ([value] if isinstance(value, str) else value)]


def _moment(value: Any, zone: ZoneInfo) -> Any:
    # the zone of the start is that of the whole DAG, also of its schedule
    return moment(str(value), zone).astimezone(zone)


def _undefined(value: str, _: ZoneInfo) -> Any:
    import jinja2

    classes = {
        "strict": jinja2.StrictUndefined,
        "default": jinja2.Undefined,
        "chainable": jinja2.ChainableUndefined,
        "debug": jinja2.DebugUndefined,
    }
    return classes[value]


def _macros(value: Mapping[str, Any], _: ZoneInfo) -> dict[str, Any]:
    """Import what is named by a text; all else is a value that templates can use."""
    return {name: function_of(item) if isinstance(item, str) else copied(item) for name, item in value.items()}


def _access_control(value: Mapping[str, Any], _: ZoneInfo) -> dict[str, Any]:
    return {role: _sets(granted) for role, granted in value.items()}


def _sets(granted: Any) -> Any:
    return {key: set(names) for key, names in granted.items()} if isinstance(granted, dict) else set(granted)


_MADE: dict[str, Callable[[Any, ZoneInfo], Any]] = {
    "access_control": _access_control,
    "deadline": deadline_of,
    "doc_md": lambda value, _: docs(value),
    "end_date": _moment,
    "on_failure_callback": lambda value, _: callback_of(value),
    "on_success_callback": lambda value, _: callback_of(value),
    "params": lambda value, _: params_of(value),
    "schedule": schedule_of,
    "start_date": _moment,
    "tags": lambda value, _: set(value),
    "template_undefined": _undefined,
    "user_defined_filters": _macros,
    "user_defined_macros": _macros,
}
"""Argument -> what makes it of what the YAML says."""


def _default_args(config: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    plain = with_durations(without_objects(config))
    dates = {key: _moment(plain[key], zone) for key in DATES if key in plain}
    return {**copied(plain), **dates, **task_objects(config)}
