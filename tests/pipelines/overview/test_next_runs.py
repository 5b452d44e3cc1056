"""The next runs that are shown are those that Airflow starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.overview.next_runs import in_words, in_zone, schedule_of
from schemas.gaps import PRESETS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Pacific/Apia",
)
CRONS = (
    "*/15 * * * *",
    "30 * * * *",
    "30 2 * * *",
    "0 */2 * * *",
    "15 1,2,3 * * *",
    "0 3 * * 1-5",
    "0 2 29 2 *",
    "0 12 1 * 1",
    *PRESETS,
)
CLOCKS_CHANGE = (
    "2026-03-29T01:00",
    "2026-10-25T01:00",
    "2026-03-08T07:00",
    "2026-11-01T06:00",
    "2026-04-04T15:00",
    "2026-10-03T15:30",
)


@pytest.mark.airflow
@settings(deadline=None)
@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.sampled_from(CLOCKS_CHANGE),
    st.integers(-86_400, 86_400),
)
def test_the_times_are_airflows_also_where_clocks_change(cron: str, zone: str, change: str, seconds: int) -> None:
    import pendulum
    from airflow.timetables.trigger import CronTriggerTimetable

    after = datetime.fromisoformat(change).replace(tzinfo=UTC) + timedelta(seconds=seconds)
    timetable, moment, theirs = CronTriggerTimetable(cron, timezone=zone), pendulum.instance(after), []
    for _ in range(6):
        moment = timetable._get_next(moment)
        theirs.append(moment.timestamp())
    ours = schedule_of({"schedule": cron, "timezone": zone, "start_date": "2020-01-01"}).next_runs(after, 6)
    assert [run.timestamp() for run in ours] == theirs


@pytest.mark.airflow
def test_the_presets_are_airflows() -> None:
    from airflow.utils.dates import cron_presets

    assert cron_presets == PRESETS


def runs(config: dict[str, Any], number: int = 2) -> list[str]:
    schedule = schedule_of(config)
    return [in_zone(run, schedule.zone) for run in schedule.next_runs(NOW, number)]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"schedule": "@daily"}, ["Mon 2026-03-02 00:00 UTC", "Tue 2026-03-03 00:00 UTC"]),
        ({"schedule": "@daily", "start_date": "2026-03-05"}, ["Thu 2026-03-05 00:00 UTC", "Fri 2026-03-06 00:00 UTC"]),
        ({"schedule": "@daily", "end_date": "2026-03-02"}, ["Mon 2026-03-02 00:00 UTC"]),
        ({"schedule": "@daily", "default_args": {"start_date": "2026-03-05"}}, ["Thu 2026-03-05 00:00 UTC"]),
        ({"schedule": "0 6 * * *", "timezone": "Europe/Berlin", "start_date": "2026-01-01"},
         ["Mon 2026-03-02 06:00 CET"]),
        # Airflow takes the zone of a plain schedule from the start
        ({"schedule": "0 6 * * *", "timezone": "Europe/Berlin"}, ["Mon 2026-03-02 06:00 UTC"]),
        ({"schedule": {"timetable": "CronTriggerTimetable", "cron": "@daily", "timezone": "Asia/Kolkata"}},
         ["Mon 2026-03-02 00:00 IST"]),
        ({"schedule": {"assets": ["s3://b/k"], "timetable": "@daily"}}, ["Mon 2026-03-02 00:00 UTC"]),
        ({"schedule": None}, []),
        ({"schedule": "@once"}, []),
        ({"schedule": "36h"}, []),
        ({"schedule": ["s3://b/k"]}, []),
        ({"schedule": "0 0 31 2 *"}, []),
    ],
)  # fmt: skip
def test_the_next_runs(config: dict[str, Any], expected: list[str]) -> None:
    assert runs(config)[: max(len(expected), 1)] == expected


def test_what_it_means_in_words() -> None:
    assert schedule_of({"schedule": None}).words == "only when it is triggered"
    assert (
        schedule_of({"schedule": "0 6 * * *", "start_date": "2026-01-01"}).words == "every day at 06:00 UTC (0 6 * * *)"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "in a moment"), (60, "in 1 minute"), (5400, "in 2 hours"), (12.5 * 3600, "in 12 hours"), (86400, "in 1 day")],
)
def test_the_time_until_then_in_words(seconds: float, words: str) -> None:
    assert in_words(NOW + timedelta(seconds=seconds), NOW) == words
