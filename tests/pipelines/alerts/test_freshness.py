"""How old the last success of a pipeline may be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipelines.alerts.deadlines import deadlines_of
from pipelines.alerts.freshness import freshness_of
from schemas.lengths import in_units

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def within(**config: Any) -> timedelta | None:
    return freshness_of(config).within


def test_it_is_the_longest_gap_and_the_time_that_a_run_may_take() -> None:
    assert within(schedule="@daily", dagrun_timeout="1h") == DAY + HOUR
    assert within(schedule="0 6 * * 1-5", dagrun_timeout="2h") == 3 * DAY + 2 * HOUR


def test_what_runs_often_may_miss_two_runs() -> None:
    assert within(schedule="@hourly", dagrun_timeout="20m") == timedelta(hours=3, minutes=20)


def test_without_a_timeout_a_run_may_take_until_its_deadline() -> None:
    deadline = {"reference": "dagrun_queued_at", "interval": "90m", "callback": "x"}
    assert within(schedule="@daily", deadline=deadline) == timedelta(days=1, minutes=90)
    assert within(schedule="@daily", deadline=[deadline, {**deadline, "interval": "3h"}]) == DAY + 3 * HOUR


@pytest.mark.parametrize(
    "deadline",
    [
        {"reference": "dagrun_queued_at", "interval": "-1h"},
        {"reference": "dagrun_queued_at", "interval": {"variable": "seconds"}},
        {"reference": "2026-05-01", "interval": "1h"},
        {"reference": {"average_runtime": {}}, "interval": "1h"},
    ],
)
def test_a_deadline_that_tells_nothing_of_a_run_does_not_count(deadline: dict[str, Any]) -> None:
    assert within(schedule="@daily", deadline=deadline) == within(schedule="@daily") == 2 * DAY


def test_without_either_it_is_as_long_as_a_gap_but_an_hour_at_least_and_a_day_at_most() -> None:
    assert within(schedule="*/5 * * * *") == timedelta(minutes=15) + HOUR
    assert within(schedule="@weekly") == 8 * DAY


def test_what_is_paused_at_first_or_does_not_run_by_time_has_none() -> None:
    assert within(schedule="@daily", is_paused_upon_creation=True) is None
    assert within(schedule=None) is None
    assert within(schedule=["s3://a/b"]) is None
    assert within(schedule="0 0 29 2 *") is None


def test_what_is_stated_counts() -> None:
    assert within(schedule="@daily", dagrun_timeout="1h", freshness="36h") == timedelta(hours=36)
    assert within(schedule=None, freshness="7d") == 7 * DAY
    assert within(schedule="@daily", is_paused_upon_creation=True, freshness="36h") == timedelta(hours=36)


def test_it_says_what_it_follows_from() -> None:
    assert freshness_of({"schedule": "@hourly"}).why == "3 times 1h between two runs, 1h for a run"
    assert freshness_of({"schedule": "@daily", "dagrun_timeout": "90m"}).why == (
        "1d between two runs, 1h30m until the timeout of a run"
    )


def test_lengths_of_time_are_written_as_the_yaml_has_them() -> None:
    assert in_units(timedelta(days=1, hours=2, minutes=3, seconds=4)) == "1d2h3m4s"
    assert in_units(timedelta()) == "0s"


def test_deadlines_in_words() -> None:
    alerts = [
        {"reference": "dagrun_queued_at", "interval": "1h", "name": "slow load"},
        {"reference": "dagrun_logical_date", "interval": 90},
        {"reference": "2026-05-01T06:00", "interval": "-1h"},
        {"reference": "dagrun_logical_date", "interval": -3600},
        {"reference": {"average_runtime": {"max_runs": 5}}, "interval": {"variable": "spare_seconds"}},
    ]
    assert [deadline.words for deadline in deadlines_of({"deadline": alerts})] == [
        '1h after the run was queued ("slow load")',
        "1m30s after the run's logical date",
        "1h before 2026-05-01T06:00",
        "1h before the run's logical date",
        "the seconds of the variable spare_seconds after the mean of its last runs",
    ]
