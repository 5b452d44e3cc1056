"""The threshold grammar: what each form means, and that no input is misread."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.thresholds import (
    Threshold,
    ThresholdError,
    describe_threshold,
    parse_duration,
    parse_quantity,
    parse_threshold,
)
from operators.verdict import Outcome

SEVERITY = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}
numbers = st.floats(-1e9, 1e9, allow_nan=False)
yaml_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1%", "90s", "5 m"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def severity(threshold: Threshold, observed: float) -> int:
    return SEVERITY[threshold.outcome(observed)]


@pytest.mark.parametrize(
    ("value", "passes", "warns", "fails"),
    [
        ({"min": 0.9}, [0.9, 1], [], [0.899]),
        ({"max": 0.3}, [0.3, -5], [], [0.301]),
        ({"min": 0.9, "warn": 0.94}, [0.94, 1], [0.9, 0.939], [0.89]),
        ({"max": 10, "warn": 5}, [5, 0], [5.1, 10], [10.1]),
        ({"min": 500, "max": 100000}, [500, 100000], [], [499, 100001]),
        ({"between": [0.1, 0.9]}, [0.1, 0.9], [], [0.09, 0.91]),
        ({"between": [0, 1], "warn": [0.2, 0.8]}, [0.2, 0.8], [0.1, 0.9], [-0.1, 1.1]),
        ({"warn": 0, "fail": "1%"}, [0], [0.005, 0.01], [0.011]),
        ({"fail": 0}, [0], [], [0.0001]),
        ({"warn": "5%"}, [0.05], [0.06, 1], []),
        ({"max": "36h", "warn": "1d"}, [86400], [86401, 129600], [129601]),
        ({"min": 1, "fail": 9, "warn": [2, 8]}, [2, 8], [1, 9], [0.5, 9.5]),
    ],
)
def test_each_form_of_threshold(value, passes, warns, fails):
    threshold = parse_threshold(value, where="t")
    for outcome, observed in ((Outcome.PASS, passes), (Outcome.WARN, warns), (Outcome.FAIL, fails)):
        assert {threshold.outcome(number) for number in observed} <= {outcome}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "a threshold takes min, max, between, warn, fail; found {}"),
        ({"mn": 1}, "a threshold takes min, max, between, warn, fail; found 'mn'"),
        (500, "a threshold takes min, max, between, warn, fail; found 500"),
        ([1, 2], "found [1, 2]"),
        (None, "found None"),
        ({"min": 2, "max": 1}, "min 2 is above max 1; nothing could pass"),
        ({"between": [1, 2], "min": 0}, "give between, or min and max, not both"),
        ({"between": 1}, "t.between: 1 is not a pair"),
        ({"between": "12"}, "t.between: '12' is not a pair"),
        ({"max": 1, "fail": 2}, "fail and max mean the same bound; give one"),
        ({"min": 0.9, "warn": 0.8}, "warn must be stricter than what fails"),
        ({"max": 1, "warn": 2}, "warn must be stricter"),
        ({"between": [0, 1], "warn": 0.5}, "t.warn: two sides can fail, so warn takes two bounds"),
        ({"min": 0, "fail": 9, "warn": 5}, "t.warn: two sides can fail, so warn takes two bounds"),
        ({"min": "high"}, "t.min: 'high' is not a duration"),
        ({"max": "x%"}, "t.max: 'x%' is not a finite number or percentage"),
        ({"fail": None}, "t.fail: None is not a number"),
        ({"max": True}, "t.max: True is not a number"),
        ({"max": math.nan}, "t.max: nan is not a finite number"),
        ({"min": -math.inf}, "t.min: -inf is not a finite number"),
        ({"max": "inf%"}, "t.max: 'inf%' is not a finite number"),
    ],
)
def test_thresholds_without_a_meaning_name_the_place(value, said):
    with pytest.raises(ThresholdError) as error:
        parse_threshold(value, where="t")
    assert str(error.value).startswith("t")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        (90, timedelta(seconds=90)),
        (0.5, timedelta(milliseconds=500)),
    ],
)
def test_durations(text, expected):
    assert parse_duration(text, where="t") == expected


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "m", "-5s", "5m ", "1h,5m", "5y", None, True, -1, math.nan, math.inf, "9" * 400 + "s", [5]]
)
def test_what_is_no_duration(text):
    with pytest.raises(ThresholdError, match=r"t: .* is not a duration; write a number and a unit"):
        parse_duration(text, where="t")


@given(st.integers(0, 500), st.integers(0, 59), st.integers(0, 59))
def test_parts_of_a_duration_add_up(hours, minutes, seconds):
    text = f"{hours}h{minutes}m{seconds}s"
    assert parse_quantity(text, where="t") == hours * 3600 + minutes * 60 + seconds


@given(st.floats(-1e6, 1e6))
def test_a_percentage_is_a_hundredth(number):
    assert parse_quantity(f"{number}%", where="t") == pytest.approx(number / 100)


@given(numbers, numbers, numbers, numbers)
def test_upper_bounds_never_judge_a_larger_value_milder(first, second, one, other):
    warn, fail = sorted((first, second))
    threshold = parse_threshold({"warn": warn, "fail": fail}, where="t")
    low, high = sorted((one, other))
    assert severity(threshold, low) <= severity(threshold, high)


@given(numbers, numbers, numbers, numbers)
def test_lower_bounds_never_judge_a_smaller_value_milder(first, second, one, other):
    fail, warn = sorted((first, second))
    threshold = parse_threshold({"min": fail, "warn": warn}, where="t")
    low, high = sorted((one, other))
    assert severity(threshold, low) >= severity(threshold, high)


@given(numbers, numbers, numbers)
def test_between_is_min_and_max(first, second, observed):
    low, high = sorted((first, second))
    pair = parse_threshold({"between": [low, high]}, where="t")
    both = parse_threshold({"min": low, "max": high}, where="t")
    assert pair.outcome(observed) is both.outcome(observed)


@given(numbers, numbers, numbers)
def test_a_stricter_warn_changes_no_failure(first, second, observed):
    warn, fail = sorted((first, second))
    with_warn = parse_threshold({"max": fail, "warn": warn}, where="t").outcome(observed)
    without = parse_threshold({"max": fail}, where="t").outcome(observed)
    assert (with_warn is Outcome.FAIL) == (without is Outcome.FAIL)


@given(numbers)
def test_the_bound_itself_still_passes(bound):
    for value in ({"min": bound}, {"max": bound}, {"fail": bound}, {"between": [bound, bound]}):
        assert parse_threshold(value, where="t").outcome(bound) is Outcome.PASS


@given(
    st.dictionaries(st.sampled_from(["min", "max", "between", "warn", "fail", "else"]), yaml_values, max_size=4)
    | yaml_values
)
def test_whatever_the_yaml_holds_it_is_a_threshold_or_told(value: Any):
    try:
        threshold = parse_threshold(value, where="t")
    except ThresholdError:
        return
    assert threshold.fail[0] <= threshold.warn[0] <= threshold.warn[1] <= threshold.fail[1]
    assert threshold.outcome(None) is threshold.outcome(math.nan) is Outcome.INCONCLUSIVE


def test_verdict_carries_the_threshold_as_written():
    verdict = parse_threshold({"warn": "5%", "fail": "10%"}, where="t").judge("age.nulls", 0.07, message="7 of 100")
    assert (verdict.name, verdict.outcome, verdict.threshold) == ("age.nulls", Outcome.WARN, "warn 5%, fail 10%")
    assert describe_threshold({"between": [0, 1], "warn": [0.2, 0.8]}) == "between 0 to 1, warn 0.2 to 0.8"
