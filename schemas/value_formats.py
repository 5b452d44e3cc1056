"""The formats that the schema names for texts: schedules, time zones, dates, deadlines, regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from schemas.quantities import read_quantity

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

WITHOUT_CRON = ("@once", "@continuous")
"""The presets that stand for no cron expression."""
REFERENCES = ("dagrun_queued_at", "dagrun_logical_date")
"""What the time of a deadline may count from, beside a moment."""

_LONGEST_CRON = 500
_PLAIN_CRON = re.compile(
    r"(?:\*|[0-5]?[0-9]|\*/[1-9]) "
    r"(?:\*|1?[0-9]|2[0-3]|\*/[1-9]) "
    r"(?:\*|[1-9]|[12][0-9]|3[01]) "
    r"(?:\*|[1-9]|1[0-2]) "
    r"(?:\*|[0-7])"
)
"""Most of those that there are: a number, a star or every so many, in each field."""
_SHORT = 5
"""The longest duration of so many characters, 9999w, is within reach."""
_LONGEST_SECONDS = 1000 * 365 * 86400.0
_FIRST_YEAR, _LAST_YEAR = 2, 9998
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w)){1,9}")


def is_duration(text: str) -> bool:
    """Tell whether a text is a length of time, as ``1h30m``; a bare number is not."""
    return _DURATION.fullmatch(text) is not None


def _is_schedule(value: Any) -> bool:
    return not isinstance(value, str) or value in (*WITHOUT_CRON, "none") or is_duration(value) or _is_cron(value)


def _is_cron(value: Any) -> bool:
    if not isinstance(value, str) or (value in PRESETS and value not in WITHOUT_CRON):
        return True
    return not value.startswith("@") and len(value) <= _LONGEST_CRON and _reads_as_cron(value)


@lru_cache(maxsize=4096)
def _reads_as_cron(text: str) -> bool:
    # to import it takes as long as to check a file, and to ask it half a millisecond
    if _PLAIN_CRON.fullmatch(text):
        return True
    from croniter import croniter

    return bool(croniter.is_valid(text))


def _is_reference(value: Any) -> bool:
    return value in REFERENCES or _is_date(value)


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
        # at the very ends of the calendar, the same moment in another time zone is none
        return _FIRST_YEAR <= datetime.fromisoformat(value).year <= _LAST_YEAR
    except ValueError:
        return False


def _is_within_reach(value: Any) -> bool:
    # what is no duration at all is another rule's matter
    if not isinstance(value, str) or len(value) <= _SHORT or not is_duration(value.removeprefix("-")):
        return True
    quantity = read_quantity(value.removeprefix("-"))
    return quantity is None or quantity.value <= _LONGEST_SECONDS


def _is_regex(value: Any) -> bool:
    try:
        re.compile(str(value))
    except re.error:
        return False
    return True


FORMATS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "schedule": ("P301", _is_schedule),
    "cron": ("P301", _is_cron),
    "timezone": ("P302", _is_timezone),
    # not "date": editors know that name, and take it for a day without a time
    "moment": ("P303", _is_date),
    "duration-within-reach": ("P106", _is_within_reach),
    "reference": ("P303", _is_reference),
    "regex": ("P105", _is_regex),
}
"""Format name -> code of the diagnostic, and the test that a value has to stand."""
