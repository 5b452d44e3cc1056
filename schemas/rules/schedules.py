"""Rules on schedules that are well-formed and yet do not do what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schemas.diagnostic import Finding
from schemas.outline import Outline
from schemas.rules.clocks import NONE, Clock, iter_clocks, runs_by_itself, schedule_path, waits_for_assets_only
from schemas.source import Tree

_PRESETS_PER_DAY = {"@hourly": 24.0, "@daily": 1.0, "@midnight": 1.0}
_MANY_RUNS = 1000
_COUNTED_UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
"""A fixed day, so that a file which is clean today is clean tomorrow."""
_DAYS = {"2": 29, "feb": 29, "4": 30, "apr": 30, "6": 30, "jun": 30, "9": 30, "sep": 30, "11": 30, "nov": 30}
"""Month, as cron has it -> its days, for those with fewer than 31."""
_FIELDS = 5
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_SAME_EVERYWHERE = ("@hourly", "@once", "@continuous")
"""Presets that no time zone changes."""
_BY_ASSETS = "asset_triggered"
_BY_THE_CLOCK = "scheduled"
_BY_HAND = "manual"


def iter_schedule_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield schedules that Airflow refuses, that never come, or that start an avalanche."""
    start, end = (_moment(outline.setting(key)) for key in ("start_date", "end_date"))
    if start is not None and end is not None and end < start:
        message = "end_date is before start_date, so it never runs on schedule"
        yield Finding("P306", tree.find(schedule_path(outline, "end_date")).place, message, "exchange the two")
    clocks = list(iter_clocks(outline))
    for clock in clocks:
        yield from _of_clock(clock, outline, tree)
    yield from _run_types(outline, tree)
    if runs_by_itself(outline):
        yield from _start(outline, clocks, start, end, tree)


def _of_clock(clock: Clock, outline: Outline, tree: Tree) -> Iterator[Finding]:
    place = tree.find(clock.path).place
    if clock.text == "@continuous" and outline.setting("max_active_runs") != 1:
        message = "@continuous starts a run when the one before has ended, so there can only be one"
        yield Finding("P304", place, message, "set max_active_runs: 1")
    elif clock.is_duration and not _seconds(clock.text):
        yield Finding("P301", place, f'"{clock.text}" is no time at all, so runs would start without end')
    elif _never_comes(clock.text):
        yield Finding("P305", place, f'"{clock.text}" names a day that does not exist, so it never runs')


def _run_types(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield a list of run types that lacks the one which there must be; Airflow refuses that."""
    allowed, needed = outline.setting("allowed_run_types"), _needed_run_type(outline)
    if isinstance(allowed, list) and allowed and needed and needed not in allowed:
        message = f'the runs of this pipeline are of the type "{needed}", which is not allowed'
        place = tree.find(schedule_path(outline, "allowed_run_types")).place
        yield Finding("P313", place, message, f'add "{needed}"')


def _needed_run_type(outline: Outline) -> str:
    if not runs_by_itself(outline):
        schedule = outline.setting("schedule")
        return _BY_HAND if schedule in NONE or isinstance(schedule, dict) else ""
    return _BY_ASSETS if _is_started_by_assets(outline) else _BY_THE_CLOCK


def _is_started_by_assets(outline: Outline) -> bool:
    schedule = outline.setting("schedule")
    return waits_for_assets_only(outline) or (isinstance(schedule, dict) and "assets" in schedule)


def _start(
    outline: Outline, clocks: list[Clock], start: datetime | None, end: datetime | None, tree: Tree
) -> Iterator[Finding]:
    """Yield what goes wrong with when the first run is."""
    has_start = start is not None or _has_default_start(outline)
    if outline.setting("catchup") is True and not has_start:
        place = tree.find(schedule_path(outline, "catchup")).place
        message = "catchup makes up for the runs since start_date, and there is none"
        yield Finding("P315", place, message, 'add start_date: "2026-01-31", or write catchup: false')
    if start is not None and outline.setting("catchup") is True:
        yield from _avalanche(outline, clocks, start, end, tree)
    if not has_start and outline.setting("timezone") not in (None, "UTC") and _is_moved(outline):
        place = tree.find(schedule_path(outline, "timezone")).place
        message = "the schedule takes its time zone from start_date, and there is none: it is in that of Airflow"
        yield Finding("P316", place, message, 'add start_date: "2026-01-31", or name a timetable, which has a zone')


def _has_default_start(outline: Outline) -> bool:
    default_args = outline.config.get("default_args")
    return isinstance(default_args, dict) and "start_date" in default_args


def _is_moved(outline: Outline) -> bool:
    """Tell whether a schedule is a text that means other times in another zone."""
    schedule = outline.setting("schedule")
    is_cron = any(not clock.is_duration for clock in iter_clocks(outline))
    return isinstance(schedule, str) and is_cron and schedule not in _SAME_EVERYWHERE


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


def _avalanche(
    outline: Outline, clocks: list[Clock], start: datetime, end: datetime | None, tree: Tree
) -> Iterator[Finding]:
    until = min(end, _COUNTED_UNTIL) if end is not None else _COUNTED_UNTIL
    runs = (until - start) / timedelta(days=1) * sum(_runs_per_day(clock) for clock in clocks)
    if runs > _MANY_RUNS:
        message = f"catchup makes up for every run since {start.date()}: more than {_MANY_RUNS}"
        place = tree.find(schedule_path(outline, "catchup")).place
        yield Finding("P705", place, message, "set catchup: false, or a later start_date")


def _runs_per_day(clock: Clock) -> float:
    """Estimate how often a schedule comes; low rather than high."""
    if clock.is_duration:
        seconds = _seconds(clock.text)
        return _UNITS["d"] / seconds if seconds else 0.0
    fields = clock.text.split()
    if len(fields) != _FIELDS:
        return _PRESETS_PER_DAY.get(clock.text, 0.0)
    share = 1.0 if fields[2:] == ["*", "*", "*"] else 1 / 31
    return _count(fields[0], 60) * _count(fields[1], 24) * share


def _seconds(duration: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))


def _count(field: str, of: int) -> float:
    """Count the values of a cron field; 1 for what is not plain."""
    base, _, step = field.partition("/")
    if base == "*":
        return of / int(step) if step.isdecimal() and int(step) else float(of)
    return float(len(field.split(",")))
