"""What the checks share: how many things are judged by one threshold, and how times are written."""

from __future__ import annotations

import pytest

from operators.health.health_check import format_span, judge_each
from operators.thresholds import parse_threshold

THRESHOLD = parse_threshold({"warn": 1, "fail": 3}, where="test")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (61, "1m 1s"),
        (3600, "1h"),
        (3605, "1h"),
        (8000, "2h 13m"),
        (86400, "1d"),
        (90061, "1d 1h"),
    ],
)
def test_spans_are_written_in_their_two_largest_units(seconds, text):
    assert format_span(seconds) == text


def test_only_what_is_noticed_gets_a_verdict_and_the_worst_comes_first():
    verdicts = judge_each("n", {"a": 2, "b": 9, "c": 0, "d": 5}, lambda _: THRESHOLD, lambda thing: f"about {thing}")
    assert [(v.name, str(v.outcome)) for v in verdicts] == [("b.n", "fail"), ("d.n", "fail"), ("a.n", "warn")]
    assert verdicts[0].message == "about b"


def test_where_all_pass_the_highest_is_shown():
    verdicts = judge_each("n", {"a": 0, "b": 1}, lambda _: THRESHOLD, lambda _: "")
    assert [(v.name, v.observed) for v in verdicts] == [("b.n", 1)]


def test_where_there_is_nothing_a_zero_is_shown():
    assert [(v.name, v.observed) for v in judge_each("n", {}, lambda _: THRESHOLD, str)] == [("n", 0)]


def test_without_a_threshold_nothing_is_judged():
    assert judge_each("n", {"a": 100}, lambda _: None, str) == ()
