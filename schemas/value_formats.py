"""The formats that the schema names for texts: schedules, time zones, dates, regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

PRESETS = (
    "@once",
    "@continuous",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    "@midnight",
    "@annually",
)
"""The schedules that have a name of their own."""

_LONGEST_CRON = 500


def _is_schedule(value: Any) -> bool:
    if not isinstance(value, str) or value in PRESETS or value == "none":
        return True
    if value.startswith("@") or len(value) > _LONGEST_CRON:
        return False
    from croniter import croniter

    return bool(croniter.is_valid(value))


def _is_timezone(value: Any) -> bool:
    import zoneinfo

    if not isinstance(value, str):
        return True
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_regex(value: Any) -> bool:
    try:
        re.compile(str(value))
    except re.error:
        return False
    return True


FORMATS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "schedule": ("P301", _is_schedule),
    "timezone": ("P302", _is_timezone),
    # not "date": editors know that name, and take it for a day without a time
    "moment": ("P303", _is_date),
    "regex": ("P105", _is_regex),
}
"""Format name -> code of the diagnostic, and the test that a value has to stand."""
