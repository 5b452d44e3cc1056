"""Rules on schedules that are well-formed and yet do not do what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.source import Tree
from schemas.value_formats import FORMATS

_NONE = (None, "none")
_RUNS_PER_DAY = {"@hourly": 24.0, "@daily": 1.0, "@midnight": 1.0}
_MANY_RUNS = 1000
_COUNTED_UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
"""A fixed day, so that a file which is clean today is clean tomorrow."""
_DAYS = {"2": 29, "feb": 29, "4": 30, "apr": 30, "6": 30, "jun": 30, "9": 30, "sep": 30, "11": 30, "nov": 30}
"""Month, as cron has it -> its days, for those with fewer than 31."""
_FIELDS = 5


def schedule_of(outline: Outline) -> str | None:
    """Give the schedule of a pipeline; None if it runs by hand only, or the schedule is not valid."""
    schedule = outline.setting("schedule")
    if schedule in _NONE or not isinstance(schedule, str):
        return None
    _, is_schedule = FORMATS["schedule"]
    return schedule if is_schedule(schedule) else None


def iter_schedule_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield schedules that Airflow refuses, that never come, or that start an avalanche."""
    start, end = (_moment(outline.setting(key)) for key in ("start_date", "end_date"))
    if start is not None and end is not None and end < start:
        message = "end_date is before start_date, so it never runs on schedule"
        yield Finding("P306", tree.find(_path(outline, "end_date")).place, message, "exchange the two")
    schedule = schedule_of(outline)
    if schedule is None:
        return
    place = tree.find(_path(outline, "schedule")).place
    if schedule == "@continuous" and outline.setting("max_active_runs") != 1:
        message = "@continuous starts a run when the one before has ended, so there can only be one"
        yield Finding("P304", place, message, "set max_active_runs: 1")
    elif _never_comes(schedule):
        yield Finding("P305", place, f'"{schedule}" names a day that does not exist, so it never runs')
    elif outline.setting("catchup") is True and start is not None:
        yield from _avalanche(outline, schedule, start, end, tree)


def _path(outline: Outline, key: str) -> Path:
    return (outline.dag_id, key)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if moment is None else moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _never_comes(schedule: str) -> bool:
    fields = schedule.split()
    if len(fields) != _FIELDS or fields[4] not in ("*", "?"):
        return False
    days, months = fields[2].split(","), fields[3].lower().split(",")
    if not all(day.isdecimal() for day in days):
        return False
    return all(min(map(int, days)) > _DAYS.get(month.lstrip("0"), 31) for month in months)


def _avalanche(outline: Outline, schedule: str, start: datetime, end: datetime | None, tree: Tree) -> Iterator[Finding]:
    until = min(end, _COUNTED_UNTIL) if end is not None else _COUNTED_UNTIL
    runs = (until - start) / timedelta(days=1) * _runs_per_day(schedule)
    if runs > _MANY_RUNS:
        message = f"catchup makes up for every run since {start.date()}: more than {_MANY_RUNS}"
        yield Finding(
            "P705", tree.find(_path(outline, "catchup")).place, message, "set catchup: false, or a later start_date"
        )


def _runs_per_day(schedule: str) -> float:
    """Estimate how often a schedule comes; low rather than high."""
    fields = schedule.split()
    if len(fields) != _FIELDS:
        return _RUNS_PER_DAY.get(schedule, 0.0)
    share = 1.0 if fields[2:] == ["*", "*", "*"] else 1 / 31
    return _count(fields[0], 60) * _count(fields[1], 24) * share


def _count(field: str, of: int) -> float:
    """Count the values of a cron field; 1 for what is not plain."""
    base, _, step = field.partition("/")
    if base == "*":
        return of / int(step) if step.isdecimal() and int(step) else float(of)
    return float(len(field.split(",")))
