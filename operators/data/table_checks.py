"""The rules of a whole table: its rows and columns, rows that are there twice, how old its newest row is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from operators.data.column_checks import ColumnSpec, Finding, fraction
from operators.data.column_types import read_values
from operators.mistakes import DataMistakeError, check_columns_exist, quoted
from operators.thresholds import Threshold, parse_threshold
from operators.verdict import Outcome, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from operators.data.column_types import Mask

ON_EXTRA_COLUMNS = ("allow", "warn", "fail")


@dataclass(frozen=True, slots=True)
class DuplicateSpec:
    """How many rows may be there twice."""

    keys: tuple[str, ...] | None
    """The columns that make two rows the same; all if None."""
    threshold: Threshold
    """Of the fraction of rows which repeat an earlier one."""


@dataclass(frozen=True, slots=True)
class FreshnessSpec:
    """How old the newest row may be."""

    column: str
    threshold: Threshold
    """Of the age in seconds."""


def parse_duplicates(value: Mapping[str, Any]) -> DuplicateSpec:
    """Read ``{keys, warn, fail}``.

    :raises ThresholdError: if the rest is no threshold
    """
    rest = dict(value)
    keys = rest.pop("keys", None)
    return DuplicateSpec(tuple(keys) if keys else None, parse_threshold(rest or {"fail": 0}, where="duplicates"))


def parse_freshness(value: Mapping[str, Any]) -> FreshnessSpec:
    """Read ``{column, warn, fail}``, the bounds as durations.

    :raises DataMistakeError: if no column is named
    """
    rest = dict(value)
    column = rest.pop("column", None)
    if not column:
        raise DataMistakeError("freshness.column: name the column that holds the time of each row; found none")
    return FreshnessSpec(str(column), parse_threshold(rest, where="freshness"))


def check_rows(frame: pd.DataFrame, threshold: Threshold) -> Verdict:
    """Judge the number of rows."""
    return threshold.judge("rows", float(len(frame)))


def check_presence(specs: Iterable[ColumnSpec], columns: Sequence[str]) -> Verdict:
    """Judge whether each declared column exists, those with ``required: false`` apart."""
    required = [spec.name for spec in specs if spec.required]
    missing = [name for name in required if name not in columns]
    return Verdict(
        name="columns.present",
        outcome=Outcome.FAIL if missing else Outcome.PASS,
        observed=f"{len(required) - len(missing)} of {len(required)}",
        threshold="every declared column",
        message=f"missing {quoted(missing)}; the table has {quoted(columns)}" if missing else "",
    )


def check_extra(specs: Iterable[ColumnSpec], columns: Sequence[str], policy: str) -> Verdict | None:
    """Judge columns that nobody declared; None if any are allowed."""
    if policy == "allow":
        return None
    declared = {spec.name for spec in specs}
    extra = [name for name in columns if name not in declared]
    return Verdict(
        name="columns.extra",
        outcome=Outcome(policy) if extra else Outcome.PASS,
        observed=float(len(extra)),
        threshold=f"none, else {policy}",
        message=quoted(extra) if extra else "",
    )


def check_duplicates(frame: pd.DataFrame, spec: DuplicateSpec) -> Finding:
    """Judge rows that repeat an earlier row; the first of its kind is none.

    :raises DataMistakeError: if a key is no column
    """
    if spec.keys:
        check_columns_exist(spec.keys, frame.columns, where="duplicates.keys")
    repeated: Mask = frame.duplicated(subset=list(spec.keys) if spec.keys else None).to_numpy()
    count = int(repeated.sum())
    what = f"same {', '.join(spec.keys)}" if spec.keys else "same in every column"
    message = f"{count:,} of {len(frame):,} rows repeat an earlier one" if count else ""
    verdict = spec.threshold.judge("duplicates", fraction(count, len(frame)), message=message)
    return Finding(replace(verdict, threshold=f"{what}; {spec.threshold.text}"), repeated)


def check_freshness(frame: pd.DataFrame, spec: FreshnessSpec, *, now: datetime | None = None) -> Verdict:
    """Judge the age of the newest row in seconds; a time without a zone is UTC.

    :param now: what to count from; the current time if not given
    :raises DataMistakeError: if the column does not exist
    """
    import pandas as pd

    check_columns_exist([spec.column], frame.columns, where="freshness.column")
    times, _ = read_values(frame[spec.column], "datetime")
    newest = pd.to_datetime(times, utc=True).max()
    if pd.isna(newest):
        return spec.threshold.judge("freshness", None, message=f"{spec.column} holds no time")
    age = ((now or datetime.now(UTC)) - newest.to_pydatetime()).total_seconds()
    return spec.threshold.judge("freshness", age, message=f"the newest row is {age / 3600:.1f} h old, of {newest}")
