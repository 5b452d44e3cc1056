"""What the checks share: how many things are judged by one threshold, and how times are written."""

from __future__ import annotations

import math

import pytest

from operators.health.health_check import format_span, judge_each
from operators.health.health_report import observed_text
from operators.thresholds import parse_threshold
from operators.verdict import Outcome, Verdict

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


@pytest.mark.parametrize(
    ("observed", "threshold", "text"),
    [
        (2113.8, "warn 30m, fail 6h", "35m 14s"),
        (0.0042, "warn 500ms, fail 2s", "4ms"),
        (0.8, "warn 10%, fail 50%", "80%"),
        (0.0125, "warn 1%", "1.25%"),
        (4, "warn 0, fail 2", "4"),
        (2.5, "warn 2", "2.5"),
        (None, "warn 30m", "–"),
        (math.inf, "warn 30m", "inf"),
        ("unhealthy", "healthy", "unhealthy"),
    ],
)
def test_what_was_observed_is_written_as_its_threshold_is(observed, threshold, text):
    verdict = Verdict(name="n", outcome=Outcome.WARN, observed=observed, threshold=threshold)
    assert observed_text(verdict) == text
