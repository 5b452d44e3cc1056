"""The longest time between two runs of a schedule, whatever day it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from schemas.quantities import read_quantity
from schemas.value_formats import FORMATS, is_duration

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
"""What Airflow reads for these names."""
_READ_BY_CRONITER = {"@midnight": "0 0 * * *", "@annually": "0 0 1 1 *"}

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
        return length_of(schedule)
    return _of_cron((PRESETS | _READ_BY_CRONITER).get(schedule, schedule), zone)


def _of_mapping(schedule: Mapping[str, Any], zone: str) -> timedelta | None:
    if "delta" in schedule:
        return length_of(schedule["delta"])
    if isinstance(schedule.get("crons"), list):
        gaps = [gap for cron in schedule["crons"] if (gap := longest_gap(cron, zone)) is not None]
        # of all of them together it is not longer than of the one that comes most often
        return min(gaps, default=None)
    return longest_gap(schedule.get("cron", schedule.get("timetable")), zone)


def length_of(duration: Any) -> timedelta | None:
    """Read a length of time, e.g. ``1h30m``, or a number of seconds; None if it is neither.

    :param duration: as in the YAML
    """
    seconds: float
    if isinstance(duration, str) and is_duration(duration):
        quantity = read_quantity(duration)
        seconds = float("nan") if quantity is None else quantity.value
    elif isinstance(duration, int | float) and not isinstance(duration, bool):
        seconds = duration
    else:
        return None
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):  # out of reach, or no number at all
        return None


@lru_cache(maxsize=1024)
def _of_cron(cron: str, zone: str) -> timedelta | None:
    from croniter import croniter

    # a sixth field has seconds, which make no difference here
    fields = cron.split()[:_FIELDS]
    if len(fields) < _FIELDS or not croniter.is_valid(cron):
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
    """Give by how much longer a day can be than 24 hours; not at all in a zone that does not exist."""
    if not FORMATS["timezone"][1](zone):
        return timedelta()
    offsets = [datetime(2024, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() for month in range(1, 13)]
    known = [offset for offset in offsets if offset is not None]
    return max(known) - min(known)
