"""Splits the rows into those a model learns from and those it is judged on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.data.column_types import read_values
from operators.mistakes import DataMistakeError, check_choice, check_columns_exist, check_keys, quoted
from operators.thresholds import parse_quantity

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Positions = np.ndarray[Any, np.dtype[np.int64]]

log = logging.getLogger("airflow.task")

TASKS = ("classification", "regression")
SPLIT_KEYS = ("test_size", "stratify", "random_state", "by_time")

_MOST_CLASSES_OF_INTEGERS = 20
_MOST_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How rows are held out."""

    test_size: float
    """The fraction of the rows that is held out."""
    stratify: bool | None
    """Whether classes keep their shares; None: for a classification whose rows are drawn at random."""
    random_state: int
    by_time: str | None
    """The column whose latest rows are held out; drawn at random if None."""


def parse_split(value: Mapping[str, Any] | None) -> SplitSpec:
    """Read the ``split`` parameter; without it a quarter of the rows is held out.

    :raises DataMistakeError: for unknown keys, a fraction outside 0 to 1, or stratifying by time
    """
    given = dict(value or {})
    check_keys(given, SPLIT_KEYS, where="split")
    test_size = parse_quantity(given.get("test_size", 0.25), where="split.test_size")
    if not 0 < test_size < 1:
        raise DataMistakeError(f"split.test_size: needs a fraction between 0 and 1, as in 25%; found {test_size:g}")
    spec = SplitSpec(test_size, given.get("stratify"), int(given.get("random_state", 0)), given.get("by_time"))
    if spec.by_time and spec.stratify:
        raise DataMistakeError("split: give stratify or by_time; the latest rows cannot also be drawn class by class")
    return spec


def infer_task(target: pd.Series, declared: str | None) -> str:
    """Tell classification from regression.

    Text and booleans are classes, and so are integers with at most 20 different values; all else is a quantity.

    :param declared: the ``task`` parameter; it decides if it is given
    :raises DataMistakeError: if a regression is declared for text
    """
    if declared is not None:
        task = check_choice(declared, TASKS, where="task")
        if task == "regression" and target.dtype.kind not in "iuf":
            raise DataMistakeError(f"task: regression needs numbers; {target.name!r} holds {target.dtype}")
        return task
    if target.dtype.kind == "f":
        return "regression"
    few = target.dtype.kind not in "iu" or target.nunique() <= _MOST_CLASSES_OF_INTEGERS
    return "classification" if few else "regression"


def list_classes(target: pd.Series) -> list[Any]:
    """List the classes in order, as plain values.

    :raises DataMistakeError: if there is one only, or so many that this is no classification
    """
    classes = sorted(target.unique().tolist())
    if len(classes) < 2:  # noqa: PLR2004
        found = f"every row has {classes[0]!r}" if classes else "there are no rows"
        raise DataMistakeError(f"target: {target.name!r} needs at least two classes; {found}")
    if len(classes) > _MOST_CLASSES:
        raise DataMistakeError(
            f"target: {target.name!r} has {len(classes):,} classes; at most {_MOST_CLASSES:,} are allowed. "
            "If it is a quantity, write `task: regression`"
        )
    return classes


def split_rows(frame: pd.DataFrame, target: str, task: str, spec: SplitSpec) -> tuple[Positions, Positions]:
    """Draw the rows of both parts.

    :returns: the positions of the training rows and of the test rows, each in the order of the table (of time, if split
        by time)
    :raises DataMistakeError: if a part would be empty, or a class has too few rows to be in both
    """
    held_out = -int(-len(frame) * spec.test_size // 1)
    if not 0 < held_out < len(frame):
        raise DataMistakeError(f"split.test_size: {spec.test_size:g} of {len(frame)} rows leaves one part empty")
    if spec.by_time:
        return _split_by_time(frame, spec.by_time, held_out)
    return _split_at_random(frame[target], task, spec, held_out)


def _split_by_time(frame: pd.DataFrame, column: str, held_out: int) -> tuple[Positions, Positions]:
    check_columns_exist([column], frame.columns, where="split.by_time")
    times = frame[column] if frame[column].dtype.kind in "iuf" else read_values(frame[column], "datetime")[0]
    missing = int(times.isna().sum())
    if missing:
        raise DataMistakeError(
            f"split.by_time: {missing} rows of {column!r} hold no time; reject them in validate_data"
        )
    order = times.reset_index(drop=True).sort_values(kind="stable").index.to_numpy()
    log.info("test rows are those after %s", times.iloc[order[-held_out - 1]])
    return order[:-held_out], order[-held_out:]


def _split_at_random(target: pd.Series, task: str, spec: SplitSpec, held_out: int) -> tuple[Positions, Positions]:
    import numpy as np
    import pandas as pd
    from sklearn.model_selection import train_test_split

    stratify = task == "classification" if spec.stratify is None else spec.stratify
    if stratify:
        _check_strata(target, task, held_out)
    train, test = train_test_split(
        np.arange(len(target)),
        test_size=held_out,
        random_state=spec.random_state,
        # Codes, because scikit-learn would sort a million texts twice.
        stratify=pd.factorize(target, sort=True)[0] if stratify else None,
    )
    return np.sort(train), np.sort(test)


def _check_strata(target: pd.Series, task: str, held_out: int) -> None:
    if task != "classification":
        raise DataMistakeError(f"split.stratify: needs classes; {target.name!r} is a quantity. Write stratify: false")
    counts = target.value_counts()
    few = counts[counts < 2]  # noqa: PLR2004
    if len(few):
        raise DataMistakeError(
            f"split.stratify: each class needs 2 rows, one for each part; one row only have {quoted(few.index)}. "
            "Get more rows, join rare classes, or write stratify: false"
        )
    if min(held_out, len(target) - held_out) < len(counts):
        raise DataMistakeError(
            f"split.test_size: {held_out} of {len(target)} rows are held out; with {len(counts)} classes each part "
            f"needs {len(counts)} rows"
        )
