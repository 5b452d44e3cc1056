"""Properties of the checks: every row is accepted or rejected with a reason, and accepted rows hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.data.column_checks import parse_column
from operators.data.table_checks import parse_duplicates
from operators.data.validate_data import TableSpec, bad_rows, inspect_table, reasons_of, typed_frame

numbers = st.one_of(st.none(), st.floats(-50, 50), st.just(float("inf")))
texts = st.one_of(st.none(), st.sampled_from(["red", "green", "blue", "", "<i>"]))
tables = st.lists(st.tuples(numbers, texts), max_size=30)


def inspect(rows: list[tuple[float | None, str | None]]):
    frame = pd.DataFrame(
        {"x": pd.array([r[0] for r in rows], dtype="float64"), "c": pd.array([r[1] for r in rows], "str")}
    )
    columns = (
        parse_column("x", {"type": "number", "between": [-10, 10], "bad": {"fail": 1}}, where="columns.x"),
        parse_column("c", {"allowed": ["red", "green"], "bad": {"fail": 1}}, where="columns.c"),
    )
    spec = TableSpec(columns, None, parse_duplicates({"fail": 1}), None, "allow", "quarantine")
    return frame, inspect_table(frame, spec)


@settings(deadline=None)
@given(tables)
def test_accepted_rows_hold_and_rejected_rows_do_not(rows):
    frame, inspection = inspect(rows)
    bad = bad_rows(inspection, len(frame))
    accepted = typed_frame(frame, inspection, ~bad)
    assert (accepted["x"].isna() | accepted["x"].between(-10, 10)).all()
    assert set(accepted["c"].dropna()) <= {"red", "green"}
    assert not accepted.duplicated().any()
    assert len(accepted) + bad.sum() == len(frame)


@settings(deadline=None)
@given(tables)
def test_every_rejected_row_has_a_reason_that_is_true(rows):
    frame, inspection = inspect(rows)
    bad = bad_rows(inspection, len(frame))
    for (_, row), reason in zip(frame[bad].iterrows(), reasons_of(inspection, bad), strict=True):
        assert reason
        assert ("x.type" in reason) == np.isinf(row["x"])
        assert ("c.allowed" in reason) == (isinstance(row["c"], str) and row["c"] not in ("red", "green"))


@settings(deadline=None)
@given(tables)
def test_fractions_are_the_rows_behind_them(rows):
    frame, inspection = inspect(rows)
    for verdict in (v for v in inspection.verdicts if not isinstance(v.observed, str)):
        count = int(inspection.rules[verdict.name].sum()) if verdict.name in inspection.rules else 0
        assert verdict.observed == (count / len(frame) if len(frame) else None)
