from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from operators.mistakes import DataMistakeError
from operators.model.gates import iter_slices, read_comparisons, read_gates, read_slices
from operators.thresholds import ThresholdError
from operators.verdict import Outcome


def judge(metric: str, spec: dict[str, Any], observed: float, champion: float) -> Outcome:
    task = "regression" if metric in ("rmse", "r2") else "classification"
    (comparison,) = read_comparisons({metric: spec}, task)
    return comparison.judge(observed, champion, version=3).outcome


@pytest.mark.parametrize(
    ("metric", "spec", "observed", "champion", "outcome"),
    [
        ("roc_auc", {"not_worse_than": 0.01}, 0.98, 0.98, "pass"),
        ("roc_auc", {"not_worse_than": 0.01}, 0.97, 0.98, "pass"),
        ("roc_auc", {"not_worse_than": 0.01}, 0.9699, 0.98, "fail"),
        ("roc_auc", {"not_worse_than": 0.01}, 0.99, 0.90, "pass"),
        ("roc_auc", {"not_worse_than": 0}, 0.98, 0.98, "pass"),
        ("roc_auc", {"not_worse_than": 0.01, "warn": 0}, 0.975, 0.98, "warn"),
        ("roc_auc", {"better_by": 0.01}, 0.99, 0.98, "pass"),
        ("roc_auc", {"better_by": 0.01}, 0.985, 0.98, "fail"),
        ("log_loss", {"not_worse_than": 0.01}, 0.31, 0.30, "pass"),
        ("log_loss", {"not_worse_than": 0.01}, 0.32, 0.30, "fail"),
        ("log_loss", {"better_by": "10%"}, 0.27, 0.30, "pass"),
        ("log_loss", {"better_by": "10%"}, 0.28, 0.30, "fail"),
        ("rmse", {"not_worse_than": "5%"}, 105.0, 100.0, "pass"),
        ("rmse", {"not_worse_than": "5%"}, 106.0, 100.0, "fail"),
        ("roc_auc", {"not_worse_than": 0.01}, math.nan, 0.98, "inconclusive"),
        ("roc_auc", {"not_worse_than": 0.01}, 0.98, math.nan, "inconclusive"),
    ],
)
def test_a_model_is_compared_in_the_direction_of_its_metric(
    metric: str, spec: dict[str, Any], observed: float, champion: float, outcome: str
) -> None:
    assert judge(metric, spec, observed, champion) == outcome


def test_a_comparison_shows_both_values() -> None:
    (comparison,) = read_comparisons({"log_loss": {"not_worse_than": 0.01}}, "classification")

    verdict = comparison.judge(0.32, 0.30, version=3)

    assert verdict.name == "log_loss.versus_champion"
    assert verdict.observed == pytest.approx(-0.02)
    assert verdict.threshold == "not worse than 0.01"
    assert verdict.message == "0.32, champion (version 3) 0.3"


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (read_gates, {"roc_auk": {"min": 0.9}}, "gates: no classification metric 'roc_auk'; did you mean 'roc_auc'?"),
        (read_gates, {"rmse": {"max": 3}}, "gates: no classification metric 'rmse'"),
        (read_gates, {"roc_auc": 0.9}, "gates.roc_auc: expected a mapping; found 0.9"),
        (read_gates, ["roc_auc"], "gates: expected a mapping"),
        (read_comparisons, {"roc_auc": {"not_worse": 1}}, "unknown key 'not_worse'"),
        (read_comparisons, {"roc_auc": {"not_worse_than": 1, "better_by": 1}}, "either not_worse_than or better_by"),
        (read_comparisons, {"roc_auc": {}}, "either not_worse_than or better_by"),
        (read_comparisons, {"roc_auc": {"not_worse_than": -1}}, "is negative; a margin is a distance"),
        (read_slices, {"by": ["sex"], "rows": 1}, "slices: unknown key 'rows'"),
        (read_slices, {"by": [], "gates": {}}, "slices: needs by, a list of columns, and gates"),
    ],
)
def test_a_mistake_names_its_place(read: Any, value: Any, message: str) -> None:
    with pytest.raises(DataMistakeError) as caught:
        read(value, "classification")

    assert message in str(caught.value)


def test_a_threshold_without_meaning_names_its_place() -> None:
    with pytest.raises(ThresholdError, match=r"gates\.roc_auc: min 2 is above max 1"):
        read_gates({"roc_auc": {"min": 2, "max": 1}}, "classification")


def test_a_value_that_is_infinite_is_inconclusive() -> None:
    (gate,) = read_gates({"mape": {"max": 1}}, "regression")

    assert gate.judge(math.inf).outcome == "inconclusive"


def test_slices_are_the_values_of_a_column_and_missing_ones() -> None:
    rows = pd.DataFrame({"sex": ["f", "m", "f", None], "old": [True, True, True, False]})

    slices = {part.name: part.rows for part in iter_slices(rows, ("sex", "old"))}

    assert slices == {"sex=(missing)": 1, "sex=f": 2, "sex=m": 1, "old=False": 1, "old=True": 3}


def test_a_column_that_is_no_category_cannot_be_sliced() -> None:
    rows = pd.DataFrame({"income": range(100)})

    with pytest.raises(DataMistakeError, match="'income' has 100 values, at most 50 can be slices"):
        list(iter_slices(rows, ("income",)))
    with pytest.raises(DataMistakeError, match="did you mean 'income'"):
        list(iter_slices(rows, ("incom",)))
