"""Says in words when a pipeline runs, from its schedule as the YAML has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_PRESETS = {
    "@once": "once",
    "@continuous": "again as soon as a run has ended",
    "@hourly": "every hour",
    "@daily": "every day at 00:00",
    "@midnight": "every day at 00:00",
    "@weekly": "on Sunday at 00:00",
    "@monthly": "on day 1 of the month at 00:00",
    "@quarterly": "on day 1 of January, April, July and October at 00:00",
    "@yearly": "on day 1 of January at 00:00",
    "@annually": "on day 1 of January at 00:00",
}
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_EVERY_DAY = 7
_FIELDS = 5
_STEP = re.compile(r"\*/([1-9]\d?)")
_PART = re.compile(r"([A-Z]{3}|\d{1,2})(?:-([A-Z]{3}|\d{1,2}))?", re.IGNORECASE)


def schedule_in_words(schedule: Any, timezone: str = "UTC") -> str:
    """Say when a pipeline runs.

    :param schedule: as in the YAML
    :param timezone: of the pipeline
    :returns: words such as ``every day at 06:00 UTC (`0 6 * * *`)``, in Markdown
    """
    if schedule is None or schedule == "none":
        return "only when it is triggered"
    if isinstance(schedule, str):
        return _of_text(schedule, timezone)
    return _of_timetable(schedule, timezone) if _has_timetable(schedule) else _of_assets(schedule)


def _of_text(schedule: str, timezone: str) -> str:
    words = _PRESETS.get(schedule) or _of_cron(schedule)
    if words is None:
        # a length of time has no blanks
        return f"`{schedule}`, {timezone}" if " " in schedule else f"every {schedule}"
    return f"{words}{f' {timezone}' if ':' in words else ''} (`{schedule}`)"


def _has_timetable(schedule: Any) -> bool:
    return isinstance(schedule, dict) and "timetable" in schedule


def _of_timetable(schedule: Mapping[str, Any], timezone: str) -> str:
    timetable = schedule["timetable"]
    if "assets" in schedule:
        return f"{schedule_in_words(timetable, timezone)}, and {_of_assets(schedule['assets'])}"
    if _has_timetable(timetable):
        return _of_timetable(timetable, timezone)
    if isinstance(schedule.get("cron"), str):
        return f"{_of_text(schedule['cron'], str(schedule.get('timezone', timezone)))}, by `{timetable}`"
    return f"by `{timetable}`"


def _of_assets(assets: Any) -> str:
    names = _nested({"and": assets} if isinstance(assets, list) else assets)
    # the whole needs no parentheses
    return f"after updates of {names[1:-1] if names.startswith('(') else names}"


def _nested(assets: Any) -> str:
    if isinstance(assets, dict):
        for word in ("and", "or"):
            if isinstance(assets.get(word), list):
                return f"({_joined([_nested(item) for item in assets[word]], word)})"
    return _of_asset(assets)


def _of_asset(asset: Any) -> str:
    if isinstance(asset, dict):
        return f"`{next((asset[key] for key in ('name', 'uri', 'alias') if key in asset), 'an asset')}`"
    return f"`{asset}`"


@lru_cache(maxsize=1024)
def _of_cron(expression: str) -> str | None:
    """Say what the usual expressions mean; None for any other one."""
    fields = expression.split()
    if len(fields) != _FIELDS:
        return None
    minute, hour, day, month, weekday = fields
    if (day, month, weekday) == ("*", "*", "*"):
        often = _often(minute, hour)
        if often:
            return often
    times, days = _times(minute, hour), _days(day, month, weekday)
    return f"{days} at {times}" if times and days else None


def _often(minute: str, hour: str) -> str | None:
    """Say what happens more than once an hour, or every few hours."""
    if minute == hour == "*":
        return "every minute"
    every = _STEP.fullmatch(minute)
    if every and hour == "*":
        return f"every {every[1]} minutes"
    hours = "every hour" if hour == "*" else f"every {step[1]} hours" if (step := _STEP.fullmatch(hour)) else None
    if hours is None or not minute.isdigit():
        return None
    return hours if int(minute) == 0 else f"{hours} at minute {int(minute)}"


def _times(minute: str, hour: str) -> str | None:
    hours = _numbers(hour, (), 0)
    if not minute.isdigit() or not hours:
        return None
    return _joined([f"{h:02}:{int(minute):02}" for h in hours], "and")


def _days(day: str, month: str, weekday: str) -> str | None:
    if weekday == "*" and day == "*" and month == "*":
        return "every day"
    if day == "*" and month == "*":
        return _weekdays(weekday)
    if weekday != "*":
        return None
    days = _numbers(day, (), 1)
    months = ["the month"] if month == "*" else [_MONTHS[number - 1] for number in _numbers(month, _MONTHS, 1)]
    if not days or not months:
        return None
    return f"on day {_joined(list(map(str, days)), 'and')} of {_joined(months, 'and')}"


def _weekdays(field: str) -> str | None:
    numbers = [number % _EVERY_DAY for number in _numbers(field, _DAYS, 0)]
    if not numbers:
        return None
    if len(set(numbers)) == _EVERY_DAY:
        return "every day"
    names = [_DAYS[number] for number in numbers]
    is_range = "-" in field and "," not in field
    return f"from {names[0]} to {names[-1]}" if is_range else f"on {_joined(names, 'and')}"


def _numbers(field: str, names: Sequence[str], first: int) -> list[int]:
    """Read a list of numbers, names and ranges; empty if it is anything else."""
    numbers: list[int] = []
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return []
        low, high = (_number(word, names, first) for word in (match[1], match[2] or match[1]))
        if low is None or high is None or low > high:
            return []
        numbers += range(low, high + 1)
    return numbers


def _number(word: str, names: Sequence[str], first: int) -> int | None:
    if word.isdigit():
        return int(word)
    short = [name[:3].upper() for name in names]
    return short.index(word.upper()) + first if word.upper() in short else None


def _joined(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
