"""Computes declared features from the columns of a table, row by row; the same in training and at prediction time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from operators.data.feature_specs import sources_of

Values = np.ndarray[Any, np.dtype[np.float64]]


def compute_feature(spec: Mapping[str, Any], frame: pd.DataFrame, edges: Sequence[float] | None) -> Values:
    """Compute one feature.

    A result that is no finite number is missing: a ratio to 0, log1p of -1 and below, an overflow.

    :param spec: ``{kind: argument}``, checked by :func:`check_features`
    :param frame: the table, with the columns that it is made from
    :param edges: of a bin: what :func:`quantile_edges` gave in training
    :returns: one float64 for each row
    """
    ((kind, argument),) = spec.items()
    values = np.array([frame[name].to_numpy(dtype="float64") for name in sources_of(kind, argument, kind)])
    with np.errstate(all="ignore"):
        result: Values = _COMPUTE[kind](values, argument if edges is None else edges)
    result[~np.isfinite(result)] = np.nan
    return result


def quantile_edges(bins: Mapping[str, Any], frame: pd.DataFrame) -> list[float]:
    """Give the edges of a bin: those declared, or those between equally many rows of the table."""
    if "edges" in bins:
        return [float(edge) for edge in bins["edges"]]
    count = int(bins["quantiles"])
    values = frame[bins["column"]].to_numpy(dtype="float64")
    inner = np.nanquantile(values, np.arange(1, count) / count)
    return [float(edge) for edge in np.unique(inner)]


def _bin(values: Values, edges: Sequence[float]) -> Values:
    codes: Values = np.searchsorted(np.asarray(edges), values[0], side="right").astype("float64")
    codes[np.isnan(values[0])] = np.nan
    return codes


# Each takes the columns, one row of the array each, and the feature's argument.
_COMPUTE: dict[str, Callable[[Values, Any], Any]] = {
    "ratio": lambda values, _: values[0] / values[1],
    "difference": lambda values, _: values[0] - values[1],
    "product": lambda values, _: values.prod(axis=0),
    "sum": lambda values, _: values.sum(axis=0),
    "mean": lambda values, _: values.mean(axis=0),
    "log1p": lambda values, _: np.log1p(values[0]),
    "power": lambda values, argument: values[0] ** float(argument[1]),
    "bin": _bin,
}
