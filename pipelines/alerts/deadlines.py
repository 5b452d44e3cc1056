"""The deadlines of a pipeline, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from operators.thresholds import parse_interval
from schemas.lengths import in_units

_REFERENCES = {
    "dagrun_queued_at": "the run was queued",
    "dagrun_logical_date": "the run's logical date",
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a run has to be done."""

    words: str
    interval: timedelta | None
    """How long after the reference; None if it is before it, or in an Airflow variable."""
    is_of_run: bool
    """Whether the reference is a moment of each run."""


def deadlines_of(config: Mapping[str, Any]) -> list[Deadline]:
    """Read the deadlines of a pipeline.

    :param config: its arguments, the shared ones included
    """
    value = config.get("deadline")
    alerts = value if isinstance(value, list) else [] if value is None else [value]
    return [_deadline(alert) for alert in alerts]


def _deadline(alert: Mapping[str, Any]) -> Deadline:
    reference, interval = alert["reference"], alert["interval"]
    name = f' ("{alert["name"]}")' if "name" in alert else ""
    if isinstance(reference, Mapping):
        words, is_of_run = "the mean of its last runs", False
    else:
        words, is_of_run = _REFERENCES.get(reference, str(reference)), reference in _REFERENCES
    if isinstance(interval, Mapping):
        return Deadline(f"the seconds of the variable {interval['variable']} after {words}{name}", None, is_of_run)
    length = parse_interval(interval, where="interval")
    if length < timedelta():
        return Deadline(f"{in_units(-length)} before {words}{name}", None, is_of_run)
    return Deadline(f"{in_units(length)} after {words}{name}", length, is_of_run)
