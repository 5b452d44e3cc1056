"""The rules of one column: which rows break them, and whether that is within what the YAML tolerates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from operators.data.column_types import TYPES, as_text, read_values
from operators.mistakes import DataMistakeError, check_choice, check_keys, quoted
from operators.thresholds import Threshold, parse_quantity, parse_threshold
from operators.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from operators.data.column_types import Mask

COLUMN_KEYS = ("type", "between", "min", "max", "allowed", "pattern", "unique", "nulls", "bad", "required")

_BAD_BY_DEFAULT = {"fail": 0}
_NUMERIC = ("number", "integer")
_TEXTUAL = ("category", "text")
_EXAMPLES = 3
_EXAMPLE_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSpec:
    """What one column must hold."""

    name: str
    type: str | None
    """One of :data:`TYPES`; None if any will do."""
    low: float
    high: float
    allowed: tuple[Any, ...] | None
    pattern: str | None
    """RE2 syntax; the whole value must match. RE2 takes linear time, whatever the pattern."""
    unique: bool
    nulls: Threshold | None
    """Of the fraction of missing values; None if it is not judged."""
    bad: Threshold
    """Of the fraction of rows that break a rule, for each rule."""
    required: bool

    @property
    def bounded(self) -> bool:
        """Whether a range is declared."""
        return not (math.isinf(self.low) and math.isinf(self.high))


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict, and the rows behind it."""

    verdict: Verdict
    broken: Mask | None = None
    """The rows that break the rule; None where no row is to blame, as for missing values and row counts."""


@dataclass(frozen=True, slots=True)
class CheckedColumn:
    """A column after its checks."""

    spec: ColumnSpec
    values: pd.Series
    """Read as the declared type; missing where a cell cannot be read so."""
    unreadable: Mask
    findings: tuple[Finding, ...]


def parse_column(name: str, value: Mapping[str, Any] | None, *, where: str) -> ColumnSpec:
    """Read the declaration of one column.

    :param value: its mapping in the YAML; nothing at all declares only that the column exists
    :param where: how to call the place in an error
    :raises DataMistakeError: for unknown keys and rules that contradict each other
    :raises ThresholdError: for thresholds without a meaning
    """
    given = dict(value or {})
    check_keys(given, COLUMN_KEYS, where=where)
    kind = given.get("type")
    if kind is not None:
        check_choice(kind, TYPES, where=f"{where}.type")
    low, high = _parse_bounds(given, where)
    spec = ColumnSpec(
        name=name,
        type=kind or _implied_type(given),
        low=low,
        high=high,
        allowed=tuple(given["allowed"]) if "allowed" in given else None,
        pattern=given.get("pattern"),
        unique=bool(given.get("unique", False)),
        nulls=parse_threshold(given["nulls"], where=f"{where}.nulls") if "nulls" in given else None,
        bad=parse_threshold(given.get("bad", _BAD_BY_DEFAULT), where=f"{where}.bad"),
        required=bool(given.get("required", True)),
    )
    _check_consistent(spec, where)
    return spec


def check_column(spec: ColumnSpec, column: pd.Series) -> CheckedColumn:
    """Judge one column.

    :returns: its typed values, and a finding for the type (unless any text will do), each rule and the missing values
    """
    import numpy as np

    none = np.zeros(len(column), dtype=bool)
    values, unreadable = (column, none) if spec.type is None else read_values(column, spec.type)
    findings = [
        _judge_rows(spec, rule, expected, column, broken)
        for rule, expected, broken in _iter_broken(spec, values, unreadable)
    ]
    if spec.nulls is not None:
        findings.append(_judge_nulls(spec.name, spec.nulls, int(column.isna().sum()), len(column)))
    return CheckedColumn(spec, values, unreadable, tuple(findings))


def fraction(part: int, whole: int) -> float | None:
    """Give a part of the rows; None of no rows, because then nothing was measured."""
    return part / whole if whole else None


def _parse_bounds(given: Mapping[str, Any], where: str) -> tuple[float, float]:
    if "between" in given and ("min" in given or "max" in given):
        raise DataMistakeError(f"{where}: give between, or min and max, not both")
    pair = given.get("between", (given.get("min", -math.inf), given.get("max", math.inf)))
    if isinstance(pair, str) or len(pair) != 2:  # noqa: PLR2004
        raise DataMistakeError(f"{where}.between: needs two bounds, as in [0, 100]; found {pair!r}")
    low, high = (parse_quantity(bound, where=where) if isinstance(bound, str) else float(bound) for bound in pair)
    if low > high:
        raise DataMistakeError(f"{where}: the lower bound {low:g} is above the upper bound {high:g}")
    return low, high


def _implied_type(given: Mapping[str, Any]) -> str | None:
    if given.keys() & {"between", "min", "max"}:
        return "number"
    return "text" if "pattern" in given else None


def _check_consistent(spec: ColumnSpec, where: str) -> None:
    if spec.bounded and spec.type not in _NUMERIC:
        raise DataMistakeError(f"{where}: between, min and max are for numbers; its type is {spec.type}")
    if spec.pattern is not None and spec.type not in _TEXTUAL:
        raise DataMistakeError(f"{where}.pattern: is for category and text; the type is {spec.type}")
    if spec.allowed is not None and not spec.allowed:
        raise DataMistakeError(f"{where}.allowed: needs at least one value")
    booleans = [value for value in spec.allowed or () if isinstance(value, bool)]
    if booleans and spec.type != "boolean":
        raise DataMistakeError(
            f"{where}.allowed: holds {booleans[0]}, which YAML makes of yes, no, on, off, true and false; "
            'put texts in quotes, as in "yes", or declare type: boolean'
        )


def _iter_broken(spec: ColumnSpec, values: pd.Series, unreadable: Mask) -> Iterator[tuple[str, str, Mask]]:
    """Yield rule, what it expects, and the rows that break it; a missing value breaks no rule."""
    if spec.type is not None and spec.type not in _TEXTUAL:
        yield "type", spec.type, unreadable
    if spec.bounded:
        rule = "between" if not math.isinf(spec.low + spec.high) else "min" if math.isinf(spec.high) else "max"
        text = {"between": f"{spec.low:g} to {spec.high:g}", "min": f"≥ {spec.low:g}", "max": f"≤ {spec.high:g}"}
        yield rule, text[rule], ((values < spec.low) | (values > spec.high)).to_numpy(dtype=bool)
    if spec.allowed is not None:
        yield "allowed", f"one of {quoted(spec.allowed, at_most=5)}", _not_allowed(values, spec.allowed)
    if spec.pattern is not None:
        yield "pattern", f"matches {spec.pattern}", _not_matching(values, spec)
    if spec.unique:
        yield "unique", "each value once", (values.duplicated() & values.notna()).to_numpy(dtype=bool)


def _not_allowed(values: pd.Series, allowed: tuple[Any, ...]) -> Mask:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        known = values.isin([value for value in allowed if not isinstance(value, str)])
    else:
        known = as_text(values).isin([str(value) for value in allowed])
    broken: Mask = (~known & values.notna()).to_numpy(dtype=bool)
    return broken


def _not_matching(values: pd.Series, spec: ColumnSpec) -> Mask:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(as_text(values), pa.string(), from_pandas=True)
    try:
        matches = pc.match_substring_regex(texts, f"^(?:{spec.pattern})$")
    except pa.ArrowInvalid as problem:
        reason = " ".join(str(problem).split())
        raise DataMistakeError(
            f"columns.{spec.name}.pattern: {spec.pattern!r} is no regular expression: {reason}"
        ) from None
    broken: Mask = pc.fill_null(pc.invert(matches), False).to_numpy(zero_copy_only=False)
    return broken


def _judge_rows(spec: ColumnSpec, rule: str, expected: str, column: pd.Series, broken: Mask) -> Finding:
    count = int(broken.sum())
    message = ""
    if count:
        examples = as_text(column[broken]).value_counts().head(_EXAMPLES)
        shown = ", ".join(f"{text[:_EXAMPLE_LENGTH]!r} ({rows:,})" for text, rows in examples.items())
        message = f"{count:,} of {len(column):,} rows: {shown}"
    verdict = spec.bad.judge(f"{spec.name}.{rule}", fraction(count, len(column)), message=message)
    return Finding(replace(verdict, threshold=f"{expected}; bad: {spec.bad.text}"), broken)


def _judge_nulls(name: str, threshold: Threshold, count: int, rows: int) -> Finding:
    message = f"{count:,} of {rows:,} rows" if count else ""
    return Finding(threshold.judge(f"{name}.nulls", fraction(count, rows), message=message))
