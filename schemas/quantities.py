"""Reads numbers, percentages and durations as the operators do, and tells of which kind they are."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d|w)")
_LONGEST = 500
"""Characters of a duration; of a number in a longer text, the end would be looked for again and again."""
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

NUMBER, PERCENTAGE, DURATION = "a number", "a percentage", "a duration"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value that can be compared."""

    value: float
    """Percentages as fractions, durations in seconds."""
    unit: str
    """One of :data:`NUMBER`, :data:`PERCENTAGE`, :data:`DURATION`."""
    text: str
    """As the YAML has it."""


def read_quantity(value: Any) -> Quantity | None:
    """Read a quantity; None if it is none, which the schema says."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return _read_number(value)
    if value.endswith("%"):
        return _read_percentage(value)
    if len(value) > _LONGEST:
        return None
    parts = list(_DURATION.finditer(value))
    if not parts or "".join(part.group() for part in parts) != value:
        return None
    seconds = sum(float(part["number"]) * _SECONDS[part["unit"]] for part in parts)
    return Quantity(seconds, DURATION, value)


def _read_number(value: int | float) -> Quantity | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if math.isnan(number) else Quantity(number, NUMBER, str(value))


def _read_percentage(value: str) -> Quantity | None:
    try:
        number = float(value[:-1]) / 100
    except ValueError:
        return None
    return Quantity(number, PERCENTAGE, value) if math.isfinite(number) else None
