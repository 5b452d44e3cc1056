"""Turns the texts of the YAML into the Python values that Airflow takes: lengths of time and moments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from operators.thresholds import parse_duration

_DURATIONS = ("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout")
DATES = ("start_date", "end_date")
"""The moments among the arguments of DAGs and tasks."""


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


def converted(value: Any, kind: str, zone: ZoneInfo) -> Any:
    """Read a text that stands for a Python value.

    :param value: as in the YAML; null stays null
    :param kind: ``duration`` or ``date``, as :class:`schemas.spec.Task` says
    :param zone: that of moments without an offset
    """
    return None if value is None else _CONVERSIONS[kind](value, zone)


_CONVERSIONS: dict[str, Callable[[Any, ZoneInfo], Any]] = {
    "duration": lambda value, _: parse_duration(value, where="a task"),
    "date": lambda value, zone: moment(str(value), zone),
}
