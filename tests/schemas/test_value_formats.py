"""The forms of texts: what is answered quickly is what the library says that takes longer."""

from __future__ import annotations

import pytest
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from schemas.value_formats import FORMATS

FIELD = st.one_of(
    st.just("*"),
    st.integers(-1, 70).map(str),
    st.integers(0, 70).map("*/{}".format),
    st.sampled_from(["07", "mon", "?"]),
)


@given(st.lists(FIELD, min_size=4, max_size=6))
def test_a_cron_expression_is_one_where_croniter_says_so(fields: list[str]) -> None:
    text = " ".join(fields)
    _, is_schedule = FORMATS["schedule"]
    assert is_schedule(text) == croniter.is_valid(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("9999w", True),
        ("52142w", True),
        ("52143w", False),
        ("8760000h", True),
        ("8760000h1s", False),
        ("-60000w", False),
        ("1" * 400 + "s", False),
        ("not a duration at all", True),
    ],
)
def test_a_duration_is_within_reach_up_to_a_thousand_years(text: str, fits: bool) -> None:
    _, is_within_reach = FORMATS["duration-within-reach"]
    assert is_within_reach(text) is fits


@pytest.mark.parametrize(("text", "fits"), [("0001-12-31", False), ("0002-01-01", True), ("9999-01-01", False)])
def test_a_date_is_none_at_the_ends_of_the_calendar(text: str, fits: bool) -> None:
    _, is_date = FORMATS["moment"]
    assert is_date(text) is fits
