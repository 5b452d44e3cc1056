"""When a pipeline runs, in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.schedule_words import schedule_in_words

WORDS: list[tuple[Any, str]] = [
    (None, "only when it is triggered"),
    ("none", "only when it is triggered"),
    ("@daily", "every day at 00:00 UTC (`@daily`)"),
    ("@hourly", "every hour (`@hourly`)"),
    ("@continuous", "again as soon as a run has ended (`@continuous`)"),
    ("* * * * *", "every minute (`* * * * *`)"),
    ("*/10 * * * *", "every 10 minutes (`*/10 * * * *`)"),
    ("0 * * * *", "every hour (`0 * * * *`)"),
    ("15 */4 * * *", "every 4 hours at minute 15 (`15 */4 * * *`)"),
    ("5 6,18 * * *", "every day at 06:05 and 18:05 UTC (`5 6,18 * * *`)"),
    ("30 6 * * 1-5", "from Monday to Friday at 06:30 UTC (`30 6 * * 1-5`)"),
    ("30 6 * * MON,thu", "on Monday and Thursday at 06:30 UTC (`30 6 * * MON,thu`)"),
    ("0 0 * * 0-7", "every day at 00:00 UTC (`0 0 * * 0-7`)"),
    ("0 0 * * 7", "on Sunday at 00:00 UTC (`0 0 * * 7`)"),
    ("0 4 1,15 * *", "on day 1 and 15 of the month at 04:00 UTC (`0 4 1,15 * *`)"),
    ("0 4 1 jan,7 *", "on day 1 of January and July at 04:00 UTC (`0 4 1 jan,7 *`)"),
    # no words are better than wrong ones
    ("0 0 13 * 5", "`0 0 13 * 5`, UTC"),
    ("0 0 * * MON#2", "`0 0 * * MON#2`, UTC"),
    ("0 0 L * *", "`0 0 L * *`, UTC"),
    ("0 9-17/2 * * *", "`0 9-17/2 * * *`, UTC"),
    ("*/5 9-17 * * *", "`*/5 9-17 * * *`, UTC"),
    ("36h", "every 36h"),
    (["s3://in/a"], "after updates of `s3://in/a`"),
    (["a", {"uri": "s3://in/b"}, {"alias": "c"}], "after updates of `a`, `s3://in/b` and `c`"),
    ({"and": ["a", {"or": ["b", "c"]}]}, "after updates of `a` and (`b` or `c`)"),
    ({"or": [{"and": ["a", "b"]}, {"and": ["c", "d"]}]}, "after updates of (`a` and `b`) or (`c` and `d`)"),
    (
        {"assets": ["a"], "timetable": "0 6 * * *"},
        "every day at 06:00 UTC (`0 6 * * *`), and after updates of `a`",
    ),
    (
        {"timetable": "CronTriggerTimetable", "cron": "0 6 * * 1", "timezone": "Europe/Rome"},
        "on Monday at 06:00 Europe/Rome (`0 6 * * 1`), by `CronTriggerTimetable`",
    ),
    ({"timetable": "EventsTimetable", "event_dates": ["2026-01-01"]}, "by `EventsTimetable`"),
    (
        {"assets": {"or": ["a", "b"]}, "timetable": {"timetable": "DeltaTriggerTimetable", "delta": "1h"}},
        "by `DeltaTriggerTimetable`, and after updates of `a` or `b`",
    ),
]


@pytest.mark.parametrize(("schedule", "words"), WORDS, ids=[str(schedule) for schedule, _ in WORDS])
def test_the_words(schedule: Any, words: str) -> None:
    assert schedule_in_words(schedule) == words


def test_times_of_day_name_the_zone() -> None:
    assert schedule_in_words("0 6 * * *", "Europe/Berlin") == "every day at 06:00 Europe/Berlin (`0 6 * * *`)"


FIELD = st.one_of(
    st.sampled_from(["*", "*/5", "0", "1-5", "1,3", "L", "MON", "JAN", "99", "5-1", "?", "1/2", "MON#2"]),
    st.text("0123456789*/,-#L ", min_size=1, max_size=6),
)


@given(st.lists(FIELD, min_size=1, max_size=7).map(" ".join))
def test_whatever_is_no_usual_expression_is_shown_as_it_is(expression: str) -> None:
    assert expression in schedule_in_words(expression)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["and", "or", "assets", "timetable", "cron", "uri"]), inner, max_size=3),
        ),
        max_leaves=8,
    )
)
def test_no_form_of_a_schedule_makes_it_fail(schedule: Any) -> None:
    assert schedule_in_words(schedule)
