"""The longest time between two runs, whatever the schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from pipelines.overview.next_runs import schedule_of
from schemas.gaps import longest_gap

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

GAPS: list[tuple[Any, timedelta]] = [
    ("@hourly", HOUR),
    ("@daily", DAY),
    ("@weekly", 7 * DAY),
    ("@monthly", 31 * DAY),
    ("@quarterly", 92 * DAY),
    ("@yearly", 366 * DAY),
    ("@midnight", DAY),
    ("@annually", 366 * DAY),
    ("0 6 * * * 30", DAY),
    ("36h", timedelta(hours=36)),
    ("*/5 * * * *", timedelta(minutes=5)),
    ("*/7 * * * *", timedelta(minutes=7)),
    ("0 6,18 * * *", 12 * HOUR),
    ("0 6,7,20 * * *", 13 * HOUR),
    ("30 6 * * 1-5", 3 * DAY),
    ("* 8-17 * * 1-5", timedelta(days=2, hours=14, minutes=1)),
    ("0 0 31 * *", 61 * DAY),
    ("0 0 29 2 *", timedelta(days=1461)),
    ("0 0 1 1,3 *", 306 * DAY),
    ("0 6 * * 5#2", 35 * DAY),
    ({"timetable": "CronTriggerTimetable", "cron": "0 6 * * *", "timezone": "UTC"}, DAY),
    ({"timetable": "MultipleCronTriggerTimetable", "crons": ["0 6 * * *", "0 */8 * * *"], "timezone": "UTC"}, 8 * HOUR),
    ({"timetable": "DeltaTriggerTimetable", "delta": "2h"}, 2 * HOUR),
    ({"assets": ["s3://a/b"], "timetable": {"timetable": "CronTriggerTimetable", "cron": "0 0 * * 0"}}, 7 * DAY),
]


@pytest.mark.parametrize(("schedule", "gap"), GAPS, ids=[str(schedule) for schedule, _ in GAPS])
def test_the_longest_gap(schedule: Any, gap: timedelta) -> None:
    assert longest_gap(schedule, "UTC") == gap


@pytest.mark.parametrize(
    "schedule",
    [None, "none", "@once", "@continuous", ["s3://a/b"], {"and": ["s3://a/b"]}, {"timetable": "EventsTimetable"}],
)
def test_what_does_not_come_by_time_has_none(schedule: Any) -> None:
    assert longest_gap(schedule, "UTC") is None


@pytest.mark.parametrize(
    "schedule",
    [
        "99 99 * * *",
        "0 0",
        "",
        {"timetable": "DeltaTriggerTimetable", "delta": 1e300},
        {"timetable": "DeltaTriggerTimetable", "delta": "9999999999999w"},
        {"timetable": "DeltaTriggerTimetable", "delta": [1]},
        {"timetable": "MultipleCronTriggerTimetable", "crons": 5},
        {"timetable": "MultipleCronTriggerTimetable", "crons": [7, None]},
        {"timetable": {"timetable": [1]}},
        True,
        7,
    ],
    ids=str,
)
def test_what_other_rules_complain_of_has_none(schedule: Any) -> None:
    assert longest_gap(schedule, "UTC") is None


def test_a_zone_that_does_not_exist_changes_no_clock() -> None:
    assert longest_gap("@daily", "Europe/Berlim") == DAY


def test_a_date_that_never_comes_has_none() -> None:
    assert longest_gap("0 0 30 2 *", "UTC") is None


def test_where_clocks_change_a_day_can_be_longer() -> None:
    assert longest_gap("@daily", "Europe/Berlin") == DAY + HOUR
    assert longest_gap("0 6 * * *", "Australia/Lord_Howe") == DAY + timedelta(minutes=30)
    assert longest_gap("@daily", "Asia/Tokyo") == DAY
    assert longest_gap("@hourly", "Europe/Berlin") == HOUR


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize(
    "cron", ["@daily", "30 6 * * 1-5", "0 */6 1-7 * *", "15 3 1,15 * *", "0 22 * * 6", "0 9 L * *"]
)
def test_no_gap_of_three_years_is_longer_and_one_is_as_long(cron: str, zone: str) -> None:
    """Against the runs one by one."""
    config = {"schedule": cron, "timezone": zone, "start_date": "2024-01-01"}
    runs = schedule_of(config).next_runs(datetime(2024, 1, 1, tzinfo=UTC), 1100)
    longest = max(after - before for before, after in pairwise(run.astimezone(UTC) for run in runs))
    gap = longest_gap(cron, zone)
    assert gap is not None
    assert longest <= gap <= longest + (HOUR if zone != "UTC" else timedelta())
