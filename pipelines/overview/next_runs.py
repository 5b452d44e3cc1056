"""When a pipeline runs on schedule, from its YAML alone; with Airflow's times, also where clocks change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.overview.written import written
from pipelines.schedule_words import schedule_in_words
from schemas.gaps import PRESETS

_UNITS = (("minute", 60, 60), ("hour", 3600, 24), ("day", 86400, float("inf")))
"""Name, seconds, and how many of them are told."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a pipeline runs."""

    text: str
    """As the YAML has it."""
    zone: str
    cron: str | None
    """Its times, if it has any: five fields, as croniter reads them."""
    words: str
    """What it means."""
    start: datetime | None
    end: datetime | None

    def next_runs(self, after: datetime, number: int) -> list[datetime]:
        """Give the next times at which Airflow starts a run.

        :param after: a moment, with its zone
        :param number: how many times are wanted
        """
        return list(islice(self._iter_runs(after), number))

    def _iter_runs(self, after: datetime) -> Iterator[datetime]:
        if self.cron is None:
            return
        if self.start is not None and self.start > after:
            # a run that is due at the start itself is the first
            after = self.start - timedelta(microseconds=1)
        zone = ZoneInfo(self.zone)
        while True:
            following = _tick(self.cron, zone, after)
            if following is None or (self.end is not None and following > self.end):
                return
            yield following
            after = following


def schedule_of(config: Mapping[str, Any]) -> Schedule:
    """Read the schedule of a pipeline.

    :param config: its arguments, the shared ones included
    """
    schedule = config.get("schedule")
    zone = str(config.get("timezone", "UTC")) if has_zone(config) else "UTC"
    defaults = config.get("default_args") or {}
    start, end = (_moment(config.get(key, defaults.get(key)), ZoneInfo(zone)) for key in ("start_date", "end_date"))
    cron, own_zone = _times(schedule)
    return Schedule(
        "none" if schedule is None else written(schedule),
        own_zone or zone,
        cron,
        schedule_in_words(schedule, own_zone or zone).replace("`", ""),
        start,
        end,
    )


def has_zone(config: Mapping[str, Any]) -> bool:
    """Tell whether anything is in a pipeline's time zone; Airflow takes that of a plain schedule from the start.

    :param config: its arguments, the shared ones included
    """
    defaults = config.get("default_args") or {}
    dates = any(key in arguments for arguments in (config, defaults) for key in ("start_date", "end_date"))
    return dates or _takes_zone(config.get("schedule"))


def _takes_zone(schedule: Any) -> bool:
    if not isinstance(schedule, Mapping) or "timezone" in schedule:
        return False
    inner = schedule.get("timetable")
    has_times = any(key in schedule for key in ("cron", "crons", "event_dates"))
    return has_times or _takes_zone(inner) or ("assets" in schedule and isinstance(inner, str))


def _times(schedule: Any) -> tuple[str | None, str | None]:
    """Find the times in a schedule, and the zone that it names itself."""
    if isinstance(schedule, Mapping):
        inner = schedule.get("cron", schedule.get("timetable"))
        cron, zone = _times(inner) if inner is not None else (None, None)
        return cron, zone or schedule.get("timezone")
    if not isinstance(schedule, str) or schedule == "none":
        return None, None
    from croniter import croniter

    cron = PRESETS.get(schedule, schedule)
    return (cron, None) if croniter.is_valid(cron) else (None, None)


def _moment(value: Any, zone: ZoneInfo) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _tick(cron: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Give the first time after a moment, where clocks change too, as Airflow's ``CronMixin`` does."""
    from croniter import CroniterBadDateError, croniter

    local = after.astimezone(zone).replace(tzinfo=None, fold=0)
    times = croniter(cron, start_time=local)
    try:
        following = times.get_next(datetime)
    except (CroniterBadDateError, OverflowError, ValueError):
        return None
    if times.expanded[1] == ["*"]:
        # at least once in each hour: an hour that comes twice has its runs twice
        return after + (following - local)
    return _in_zone(following, zone)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """Give the moment of a clock's time: of a time that comes twice the second, of one that is left out a later one."""
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    is_left_out = second.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != local
    return (first if is_left_out else second).astimezone(UTC)


def in_words(moment: datetime, now: datetime) -> str:
    """Say how long it is until a moment: ``in 3 hours``."""
    seconds = (moment - now).total_seconds()
    unit, number = next(
        (unit, round(seconds / length)) for unit, length, end in _UNITS if round(seconds / length) < end
    )
    return f"in {number} {unit}{'' if number == 1 else 's'}" if number else "in a moment"


def in_zone(moment: datetime, zone: str) -> str:
    """Write a moment as the clock of a zone has it: ``Fri 2026-01-02 06:00 CET``."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M %Z")
