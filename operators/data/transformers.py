"""Our own scikit-learn transformers: what a model file may hold beside scikit-learn's, importable where it is served.

Each takes a DataFrame of raw or preprocessed columns, learns only in ``fit``, and at prediction time meets unknown
categories, missing values and single rows. Their attributes are plain values and arrays, so that skops stores them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from operators.data.column_types import as_text
from operators.data.feature_values import compute_feature, quantile_edges

MISSING = "missing"
"""The category that takes the place of missing values."""
INFREQUENT = "infrequent"
"""The category that takes the place of rare and unknown ones."""


class CleanNumbers(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Make numbers of the columns and cut them at quantiles of the rows it was fitted on.

    What is infinite or None becomes NaN; text is an error.

    :param clip: lower and upper quantile, in 0 to 1; no cutting if None
    """

    def __init__(self, clip: tuple[float, float] | None = None) -> None:
        self.clip = clip

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803
        """Learn the bounds of each column."""
        validate_data(self, X, skip_check_array=True)
        low, high = (np.nanquantile(_floats(X), self.clip, axis=0)) if self.clip else (-np.inf, np.inf)
        self.low_, self.high_ = np.broadcast_to(low, X.shape[1]).copy(), np.broadcast_to(high, X.shape[1]).copy()
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Give the columns as float64 within their bounds."""
        check_is_fitted(self)
        validate_data(self, X, reset=False, skip_check_array=True)
        return pd.DataFrame(np.clip(_floats(X), self.low_, self.high_), index=X.index, columns=X.columns)


class CleanCategories(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Make text of the columns, fill missing values and make one category of the rare ones.

    With a minimum frequency, a category that was never seen counts as rare.

    :param impute: ``missing`` (a category of its own), ``most_frequent`` or ``none``
    :param min_frequency: as a fraction of the rows below 1, as a number of rows from 1 on; no grouping if None
    """

    def __init__(self, impute: str = "missing", min_frequency: float | None = None) -> None:
        self.impute = impute
        self.min_frequency = min_frequency

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803
        """Learn what fills each column and which of its categories are frequent."""
        validate_data(self, X, skip_check_array=True)
        self.fill_: list[str | None] = []
        self.frequent_: list[list[str] | None] = []
        for position in range(X.shape[1]):
            column = as_text(X.iloc[:, position])
            fill = self._fill_value(column)
            self.fill_.append(fill)
            self.frequent_.append(self._frequent(column if fill is None else column.fillna(fill)))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Give the columns as text."""
        check_is_fitted(self)
        validate_data(self, X, reset=False, skip_check_array=True)
        columns = {}
        for position, (fill, frequent) in enumerate(zip(self.fill_, self.frequent_, strict=True)):
            column = as_text(X.iloc[:, position])
            if fill is not None:
                column = column.fillna(fill)
            if frequent is not None:
                column = column.where(column.isin(frequent) | column.isna(), INFREQUENT)
            columns[X.columns[position]] = column
        return pd.DataFrame(columns, index=X.index)

    def _fill_value(self, column: pd.Series) -> str | None:
        if self.impute == "missing":
            return MISSING
        if self.impute == "none":
            return None
        counts = column.value_counts()
        # Of equally frequent categories the first by name, so that the order of the rows decides nothing.
        return str(min(counts.index[counts == counts.max()]))

    def _frequent(self, column: pd.Series) -> list[str] | None:
        if self.min_frequency is None:
            return None
        needed = self.min_frequency * len(column) if self.min_frequency < 1 else self.min_frequency
        counts = column.value_counts()
        return sorted(str(name) for name in counts.index[counts >= needed])


class DeclaredFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add columns that are computed row by row from others.

    :param features: new column -> how it is computed, see :mod:`operators.data.feature_specs`; a feature may use those
        before it
    """

    def __init__(self, features: Mapping[str, Mapping[str, Any]]) -> None:
        self.features = features

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803
        """Learn the edges of features that are bins between quantiles."""
        validate_data(self, X, skip_check_array=True)
        self.edges_: dict[str, list[float]] = {}
        self._add_features(X, learning=True)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Give the columns and the features after them."""
        check_is_fitted(self)
        return self._add_features(X, learning=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray[Any, Any]:
        """Name the columns that :meth:`transform` gives."""
        check_is_fitted(self)
        return np.asarray([*self.feature_names_in_, *self.features], dtype=object)

    def _add_features(self, frame: pd.DataFrame, *, learning: bool) -> pd.DataFrame:
        result = frame[list(self.feature_names_in_)].copy(deep=False)
        for name, spec in self.features.items():
            if learning:
                self._learn_edges(name, spec, result)
            result[name] = compute_feature(spec, result, self.edges_.get(name))
        return result

    def _learn_edges(self, name: str, spec: Mapping[str, Any], frame: pd.DataFrame) -> None:
        bins = spec.get("bin")
        if bins:
            self.edges_[name] = quantile_edges(bins, frame)


def _floats(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    values: np.ndarray[Any, np.dtype[np.float64]] = frame.to_numpy(dtype="float64", na_value=np.nan, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values
