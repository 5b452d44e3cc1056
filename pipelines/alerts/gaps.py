"""The longest time between two runs of a schedule, whatever day it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from operators.thresholds import parse_duration
from pipelines.overview.next_runs import PRESETS
from schemas.value_formats import is_duration

_FROM, _TO = datetime(2024, 1, 1), datetime(2029, 1, 1)
"""Days that are looked at: every month, both kinds of years, 29 February twice. Fixed, so that the answer is, too."""
_FIELDS = 5
_DAY = 24 * 60


def longest_gap(schedule: Any, zone: str) -> timedelta | None:
    """Give the longest time between two runs; None if they do not come by time.

    :param schedule: as in the YAML
    :param zone: that of the pipeline
    """
    if isinstance(schedule, Mapping):
        return _of_mapping(schedule, str(schedule.get("timezone", zone)))
    if not isinstance(schedule, str):
        return None
    if is_duration(schedule):
        return parse_duration(schedule, where="schedule")
    return _of_cron(PRESETS.get(schedule, schedule), zone)


def _of_mapping(schedule: Mapping[str, Any], zone: str) -> timedelta | None:
    if "delta" in schedule:
        return parse_duration(schedule["delta"], where="delta")
    if "crons" in schedule:
        gaps = [gap for cron in schedule["crons"] if (gap := longest_gap(cron, zone)) is not None]
        # of all of them together it is not longer than of the one that comes most often
        return min(gaps, default=None)
    return longest_gap(schedule.get("cron", schedule.get("timetable")), zone)


@lru_cache(maxsize=1024)
def _of_cron(cron: str, zone: str) -> timedelta | None:
    from croniter import croniter

    fields = cron.split()
    if len(fields) != _FIELDS or not croniter.is_valid(cron):
        return None
    minutes, hours = (
        range(end) if found == ["*"] else [int(number) for number in found]
        for found, end in zip(croniter.expand(cron)[0], (60, 24), strict=False)
    )
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    nights = _days_apart(f"{times[0] % 60} {times[0] // 60} {' '.join(fields[2:])}")
    if nights is None:
        return None
    overnight = nights * _DAY - times[-1] + times[0]
    gap = timedelta(minutes=max([overnight, *(after - before for before, after in pairwise(times))]))
    # where it runs in each hour, an hour that comes twice has its runs twice
    return gap if fields[1] == "*" else gap + _clock_change(zone)


def _days_apart(cron: str) -> int | None:
    """Give the most days from one to the next on which a cron expression, of one time a day, has a run."""
    from croniter import CroniterBadDateError, croniter

    if cron.split()[2:] == ["*", "*", "*"]:
        return 1
    times = croniter(cron, start_time=_FROM - timedelta(seconds=1))
    days = []
    try:
        while (day := times.get_next(datetime)) < _TO:
            days.append(day)
    except CroniterBadDateError:
        return None
    return max(((after - before).days for before, after in pairwise(days)), default=None)


def _clock_change(zone: str) -> timedelta:
    """Give by how much longer a day can be than 24 hours."""
    offsets = [datetime(2024, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() for month in range(1, 13)]
    known = [offset for offset in offsets if offset is not None]
    return max(known) - min(known)
