"""Profiles: what the training rows looked like, column by column, kept with the model for later comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_QUANTILES = tuple(step / 10 for step in range(11))
_NAMED_CATEGORIES = 50


def make_profile(frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> dict[str, Any]:
    """Describe each column by plain numbers.

    :param frame: the training rows as they came
    :param numeric: columns described by their deciles
    :param categorical: columns described by the share of each of their most frequent categories
    :returns: ``{"rows", "columns": {name: {"kind", "nulls", "deciles" or "shares"}}}``, all shares in 0 to 1
    """
    columns = {name: _numeric_profile(frame[name]) for name in numeric}
    columns |= {name: _categorical_profile(frame[name]) for name in categorical}
    return {"rows": len(frame), "columns": columns}


def _numeric_profile(column: pd.Series[Any]) -> dict[str, Any]:
    import pandas as pd

    values = pd.to_numeric(column).astype("float64")
    present = values.dropna()
    deciles = [float(value) for value in present.quantile(_QUANTILES)] if len(present) else []
    return {"kind": "numeric", "nulls": float(values.isna().mean()), "deciles": deciles}


def _categorical_profile(column: pd.Series[Any]) -> dict[str, Any]:
    shares = column.astype("string").value_counts(normalize=True).head(_NAMED_CATEGORIES)
    named = {str(category): float(share) for category, share in shares.items()}
    return {"kind": "categorical", "nulls": float(column.isna().mean()), "shares": named}
