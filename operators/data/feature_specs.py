"""Declared features: what each may say, and which columns it is made from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from operators.mistakes import DataMistakeError, check_columns_exist, check_keys, quoted

PAIRS = ("ratio", "difference")
"""Made from two columns."""
LISTS = ("product", "sum", "mean")
"""Made from two or more columns."""
KINDS = (*PAIRS, *LISTS, "log1p", "power", "bin")
_BIN_KEYS = ("column", "edges", "quantiles")


def check_features(features: Mapping[str, Any], numeric: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse features that cannot be computed.

    :param features: new column -> ``{kind: argument}``
    :param numeric: the columns that hold numbers
    :param columns: every column that a feature may not replace, the target included
    :raises DataMistakeError: naming the feature, what was found and what is allowed
    """
    if not isinstance(features, Mapping):
        raise DataMistakeError(f"features: expected a mapping from names to features; found {features!r:.80}")
    known = list(numeric)
    for name, spec in features.items():
        where = f"features.{name}"
        if name in columns or name in known:
            raise DataMistakeError(f"{where}: there is a column of that name already; choose another")
        check_keys(spec, KINDS, where=where)
        if len(spec) != 1:
            raise DataMistakeError(f"{where}: needs one of {', '.join(KINDS)}; found {len(spec)}")
        ((kind, argument),) = spec.items()
        _check_sources(sources_of(kind, argument, f"{where}.{kind}"), known, columns, f"{where}.{kind}")
        known.append(str(name))


def sources_of(kind: str, argument: Any, where: str) -> list[str]:
    """Name the columns that a feature is made from.

    :raises DataMistakeError: if the argument is not what this kind of feature takes
    """
    if kind == "bin":
        return [_check_bin(argument, where)["column"]]
    if kind == "log1p":
        if not isinstance(argument, str):
            raise DataMistakeError(f"{where}: needs the name of one column; found {argument!r:.80}")
        return [argument]
    listed = list(argument) if isinstance(argument, Sequence) and not isinstance(argument, str) else []
    if kind == "power":
        if len(listed) != 2 or not _is_number(listed[1]):  # noqa: PLR2004
            raise DataMistakeError(f"{where}: needs a column and an exponent, as in [age, 2]; found {argument!r:.80}")
        return [str(listed[0])]
    wanted = "two columns" if kind in PAIRS else "two or more columns"
    if len(listed) < 2 or (kind in PAIRS and len(listed) > 2):  # noqa: PLR2004
        raise DataMistakeError(f"{where}: needs {wanted}; found {argument!r:.80}")
    return [str(name) for name in listed]


def _check_bin(argument: Any, where: str) -> Mapping[str, Any]:
    check_keys(argument, _BIN_KEYS, where=where)
    if "column" not in argument or ("edges" in argument) == ("quantiles" in argument):
        raise DataMistakeError(f"{where}: needs column, and either edges or quantiles; found {quoted(argument)}")
    edges = argument.get("edges", [0])
    if not edges or not all(map(_is_number, edges)) or list(edges) != sorted(set(edges)):
        raise DataMistakeError(f"{where}.edges: needs increasing numbers; found {edges!r:.80}")
    quantiles = argument.get("quantiles", 2)
    if not isinstance(quantiles, int) or quantiles < 2:  # noqa: PLR2004
        raise DataMistakeError(f"{where}.quantiles: needs a whole number from 2 on; found {quantiles!r}")
    checked: Mapping[str, Any] = argument
    return checked


def _check_sources(sources: Iterable[str], numeric: Sequence[str], columns: Sequence[str], where: str) -> None:
    for name in sources:
        check_columns_exist([name], [*columns, *(n for n in numeric if n not in columns)], where=where)
        if name not in numeric:
            raise DataMistakeError(
                f"{where}: column {name!r} holds no numbers, or is the target; numbers are in {quoted(numeric)}"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
