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

_DURATIONS = ("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout")
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?")
DATES = ("start_date", "end_date")
"""The moments among the arguments of DAGs and tasks."""
_CALLBACKS = tuple(f"on_{event}_callback" for event in ("execute", "success", "failure", "retry", "skipped"))
_ASSETS = ("inlets", "outlets")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Read a moment; one without an offset is a time of the zone."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=zone)


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
    return converted


def task_objects(config: Mapping[str, Any]) -> dict[str, Any]:
    """Make the objects among the arguments that every task takes: callbacks and assets.

    They go around dag-factory, which would import what they name.

    :param config: as in the YAML
    """
    callbacks = {key: callback_of(config[key]) for key in _CALLBACKS if key in config}
    return {**callbacks, **{key: [asset_of(item) for item in config[key]] for key in _ASSETS if key in config}}


def without_objects(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments that are plain values."""
    return {key: value for key, value in config.items() if key not in (*_CALLBACKS, *_ASSETS)}


def converted(value: Any, kind: str, zone: ZoneInfo) -> Any:
    """Read a text that stands for a Python value.

    :param value: as in the YAML; null stays null
    :param kind: what it stands for, as :class:`schemas.spec.Task` says
    :param zone: that of moments without an offset
    """
    return None if value is None else _CONVERSIONS[kind](value, zone)


def _moment_or_time(text: str, zone: ZoneInfo) -> datetime | time:
    is_time = _TIME.fullmatch(text) is not None
    return time.fromisoformat(text) if is_time else moment(text, zone)


_CONVERSIONS: dict[str, Callable[[Any, ZoneInfo], Any]] = {
    "duration": lambda value, _: parse_duration(value, where="a task"),
    "date": lambda value, zone: moment(str(value), zone),
    "time": lambda value, _: time.fromisoformat(str(value)),
    "date or time": lambda value, zone: _moment_or_time(str(value), zone),
    "function": lambda value, _: function_of(value),
}
