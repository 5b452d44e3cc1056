"""Turns the texts of the YAML into the Python values that Airflow takes: lengths of time and moments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from operators.thresholds import parse_duration
from pipelines.build.assets import asset_of
from pipelines.build.callables import callback_of, function_of
from pipelines.build.parameters import params_of
from pipelines.retries import retry_policy_of

_DURATIONS = ("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout")
DATES = ("start_date", "end_date")
"""The moments among the arguments of DAGs and tasks."""
_CALLBACKS = tuple(f"on_{event}_callback" for event in ("execute", "success", "failure", "retry", "skipped"))
_ASSETS = ("inlets", "outlets")
_RETRY_POLICY = "retry_policy"
_TIME = re.compile(r"\d\d:\d\d")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Read a moment; one without an offset is a time of the zone."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


def docs(text: str) -> str:
    """Give the docs of a DAG or a group such that Airflow takes them for text; it opens what ends in .md as a file."""
    return f"{text}\n" if text.endswith(".md") else text


def with_durations(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give arguments of a DAG or a task with the lengths of time read."""
    converted = dict(config)
    for key in _DURATIONS:
        if key in converted:
            converted[key] = parse_duration(converted[key], where=key)
    return converted


def task_values(config: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Give arguments that every task takes, those of ``default_args`` too, with lengths of time and moments read.

    :param config: as in the YAML
    :param zone: that of moments without an offset
    """
    converted = with_durations(config)
    for key in DATES:
        if key in converted:
            converted[key] = moment(str(converted[key]), zone)
    if "params" in converted:
        converted["params"] = params_of(converted["params"])
    return converted


def task_objects(config: Mapping[str, Any]) -> dict[str, Any]:
    """Make the objects among the arguments that every task takes: callbacks, assets and the retry policy.

    They go around dag-factory, which would import what they name.

    :param config: as in the YAML
    """
    objects = {key: callback_of(config[key]) for key in _CALLBACKS if key in config}
    objects |= {key: [asset_of(item) for item in config[key]] for key in _ASSETS if key in config}
    return objects | ({_RETRY_POLICY: retry_policy_of(config[_RETRY_POLICY])} if _RETRY_POLICY in config else {})


def without_objects(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments that are plain values."""
    return {key: value for key, value in config.items() if key not in (*_CALLBACKS, *_ASSETS, _RETRY_POLICY)}


def converted(value: Any, kind: str, zone: ZoneInfo) -> Any:
    """Make the Python value that a value of the YAML stands for.

    :param value: as in the YAML; null, templates and results of tasks stay what they are
    :param kind: as :func:`schemas.kinds.conversion` says
    :param zone: that of moments without an offset
    """
    if kind == "notifier":
        return None if value is None else callback_of(value)
    is_plain = isinstance(value, str | int | float) and not (isinstance(value, str) and "{{" in value)
    return _CONVERSIONS[kind](value, zone) if is_plain else value


_CONVERSIONS: dict[str, Callable[[Any, ZoneInfo], Any]] = {
    "duration": lambda value, _: parse_duration(value, where="a task"),
    "date": lambda value, zone: moment(str(value), zone),
    "time": lambda value, _: time.fromisoformat(value),
    "date or time": lambda value, zone: time.fromisoformat(value) if _TIME.match(value) else moment(value, zone),
    "function": lambda value, _: function_of(value),
}
