"""Builds the scikit-learn transformer that cleans raw columns: imputation, clipping, rare categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.mistakes import DataMistakeError, check_choice, check_keys, quoted
from operators.thresholds import parse_quantity

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.compose import ColumnTransformer

NUMERIC_KEYS = ("impute", "clip", "value")
NUMERIC_IMPUTE = ("median", "mean", "most_frequent", "constant", "none")
CATEGORICAL_KEYS = ("impute", "min_frequency")
CATEGORICAL_IMPUTE = ("missing", "most_frequent", "none")


@dataclass(frozen=True, slots=True)
class NumericSpec:
    """What is done to numbers: first cut, then filled."""

    impute: str
    clip: tuple[float, float] | None
    """Lower and upper quantile of the training rows."""
    value: float | None
    """What ``constant`` fills with."""


@dataclass(frozen=True, slots=True)
class CategoricalSpec:
    """What is done to categories: first filled, then grouped."""

    impute: str
    min_frequency: float | None
    """Below 1 a fraction of the training rows, else a number of them."""


def parse_numeric(value: Mapping[str, Any] | None) -> NumericSpec:
    """Read the ``numeric`` parameter; the default fills with the median and cuts nothing.

    :raises DataMistakeError: for unknown keys and choices, and quantiles that are none
    """
    given = dict(value or {})
    check_keys(given, NUMERIC_KEYS, where="numeric")
    impute = check_choice(given.get("impute", "median"), NUMERIC_IMPUTE, where="numeric.impute")
    if (impute == "constant") != ("value" in given):
        raise DataMistakeError("numeric.value: goes with `impute: constant`, and `impute: constant` needs it")
    fill = parse_quantity(given["value"], where="numeric.value") if "value" in given else None
    return NumericSpec(impute, _parse_clip(given.get("clip")), fill)


def parse_categorical(value: Mapping[str, Any] | None) -> CategoricalSpec:
    """Read the ``categorical`` parameter; the default makes missing values a category and groups nothing.

    :raises DataMistakeError: for unknown keys and choices
    """
    given = dict(value or {})
    check_keys(given, CATEGORICAL_KEYS, where="categorical")
    impute = check_choice(given.get("impute", "missing"), CATEGORICAL_IMPUTE, where="categorical.impute")
    rare = given.get("min_frequency")
    frequency = None if rare is None else parse_quantity(rare, where="categorical.min_frequency")
    if frequency is not None and frequency <= 0:
        raise DataMistakeError(f"categorical.min_frequency: needs a fraction or a number of rows; found {rare!r}")
    return CategoricalSpec(impute, frequency)


def sort_columns(frame: pd.DataFrame, left_out: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell numeric from categorical columns by their type.

    :param left_out: columns that are no features
    :returns: the names of the numeric and of the categorical columns
    :raises DataMistakeError: if a column holds times, or no feature is left
    """
    features = [str(name) for name in frame.columns if name not in left_out]
    times = [name for name in features if frame[name].dtype.kind in "mM"]
    if times:
        raise DataMistakeError(f"drop: columns of times are no features; drop {quoted(times)}, or split by_time on it")
    if not features:
        raise DataMistakeError("drop: no column is left as a feature")
    numeric = [name for name in features if frame[name].dtype.kind in "iuf"]
    return numeric, [name for name in features if name not in numeric]


def build_preprocessor(
    numeric: Sequence[str], categorical: Sequence[str], numbers: NumericSpec, categories: CategoricalSpec
) -> ColumnTransformer:
    """Build the transformer, not yet fitted.

    It takes a table by column names, whatever else that has, and gives a table with the numeric columns first.
    """
    from sklearn.compose import ColumnTransformer

    from operators.data.transformers import CleanCategories

    cleaner = CleanCategories(impute=categories.impute, min_frequency=categories.min_frequency)
    parts = [("numbers", _clean_numbers(numbers), list(numeric)), ("categories", cleaner, list(categorical))]
    transformer = ColumnTransformer([part for part in parts if part[2]], verbose_feature_names_out=False)
    return transformer.set_output(transform="pandas")


def check_learnable(train: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse columns without any value in the training rows: nothing can be learnt from them.

    :raises DataMistakeError: naming them
    """
    empty = [name for name in columns if train[name].isna().all()]
    if empty:
        raise DataMistakeError(f"drop: {quoted(empty)} has no value in the {len(train)} training rows; drop it")


def _clean_numbers(spec: NumericSpec) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    from operators.data.transformers import CleanNumbers

    if spec.impute == "none":
        return CleanNumbers(clip=spec.clip)
    imputer = SimpleImputer(strategy=spec.impute, fill_value=spec.value)
    return Pipeline([("clean", CleanNumbers(clip=spec.clip)), ("impute", imputer)])


def _parse_clip(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    if isinstance(value, str) or len(value) != 2:  # noqa: PLR2004
        raise DataMistakeError(f"numeric.clip: needs two quantiles, as in [1%, 99%]; found {value!r}")
    low, high = (parse_quantity(part, where="numeric.clip") for part in value)
    if not 0 <= low < high <= 1:
        raise DataMistakeError(f"numeric.clip: needs two rising quantiles within 0% to 100%; found {value!r}")
    return low, high
