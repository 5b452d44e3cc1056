"""Reads a column as the type that was declared for it, and says which cells cannot be read so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Mask = np.ndarray[Any, np.dtype[np.bool_]]

TYPES = ("number", "integer", "category", "text", "boolean", "datetime")

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def as_text(column: pd.Series) -> pd.Series:
    """Write each value as text; missing values stay missing.

    A whole number loses its decimal point, because 1 becomes 1.0 as soon as another row of its column has no value:
    the same category must read the same in a table and in a single row.
    """
    import pandas as pd

    if isinstance(column.dtype, pd.StringDtype):
        return column
    codes, values = pd.factorize(column)
    if isinstance(values, pd.Categorical | pd.CategoricalIndex):
        values = values.astype(object)
    texts = pd.array([_text_of(value) for value in values] or [""], dtype="str")
    return pd.Series(texts.take(codes, allow_fill=True), index=column.index, name=column.name)


def read_values(column: pd.Series, kind: str) -> tuple[pd.Series, Mask]:
    """Read a column as a declared type.

    :param column: the column as it was published; missing values are none of this function's business
    :param kind: one of :data:`TYPES`
    :returns: the values, missing where unreadable, and which rows are unreadable
    """
    values = _READERS[kind](column)
    unreadable: Mask = (column.notna() & values.isna()).to_numpy(dtype=bool)
    return values, unreadable


def _text_of(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _numbers(column: pd.Series) -> pd.Series:
    import numpy as np
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.Series(np.nan, index=column.index)
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("int64")
    values = pd.to_numeric(column, errors="coerce")
    return values.where(np.isfinite(values)) if values.dtype.kind == "f" else values


def _integers(column: pd.Series) -> pd.Series:
    values = _numbers(column)
    if values.dtype.kind != "f":
        return values
    whole = values.where(values % 1 == 0)
    return whole if whole.hasnans or whole.abs().max() >= 2**53 else whole.astype("int64")


def _booleans(column: pd.Series) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_bool_dtype(column.dtype):
        return column
    texts = as_text(column).str.lower()
    known = texts.isin(_BOOLEANS)
    if known.all():
        return texts.isin([text for text, value in _BOOLEANS.items() if value])
    return texts.map({text: str(value) for text, value in _BOOLEANS.items()}).astype("str")


def _datetimes(column: pd.Series) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    if not isinstance(column.dtype, pd.StringDtype):
        return pd.Series(pd.NaT, index=column.index)
    return pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True)


_READERS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "number": _numbers,
    "integer": _integers,
    "category": as_text,
    "text": as_text,
    "boolean": _booleans,
    "datetime": _datetimes,
}
