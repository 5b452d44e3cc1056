"""Mistakes of a pipeline's author or its data: raised by the parts of every operator, never worth a retry."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from operators.thresholds import ThresholdError


class DataMistakeError(ValueError):
    """Something that only a person can put right; the message starts with the parameter that it is about."""


@contextmanager
def mistakes_fail_the_task(task_id: str) -> Iterator[None]:
    """Turn a mistake into a failure without retries, whose message starts with ``task_id.parameter``.

    :raises AirflowFailException: for every :class:`DataMistakeError` and :class:`ThresholdError` inside
    """
    from airflow.sdk.exceptions import AirflowFailException

    try:
        yield
    except (DataMistakeError, ThresholdError) as mistake:
        raise AirflowFailException(f"{task_id}.{mistake}") from None


def check_keys(value: Any, allowed: Iterable[str], *, where: str) -> None:
    """Refuse a mapping with a key that has no meaning.

    :raises DataMistakeError: naming the keys found and the keys allowed
    """
    if not isinstance(value, Mapping):
        raise DataMistakeError(f"{where}: expected a mapping with {', '.join(allowed)}; found {value!r:.80}")
    unknown = [str(key) for key in value if key not in allowed]
    if unknown:
        raise DataMistakeError(f"{where}: unknown key {quoted(unknown)}; allowed are {', '.join(allowed)}")


def check_choice(value: str, allowed: Iterable[str], *, where: str) -> str:
    """Give the value back if it is one of the allowed ones.

    :raises DataMistakeError: naming the value and the allowed ones
    """
    choices = tuple(allowed)
    if value not in choices:
        raise DataMistakeError(f"{where}: found {value!r}; allowed are {', '.join(choices)}")
    return value


def check_count(value: Any, *, where: str) -> int:
    """Give a value back if it is a whole number from 1 on.

    :raises DataMistakeError: if it is none
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise DataMistakeError(f"{where}: {value!r} is not a whole number from 1 on")
    return value


def check_columns_exist(wanted: Iterable[str], existing: Iterable[str], *, where: str) -> None:
    """Refuse names that are no columns of the table.

    :raises DataMistakeError: naming the first unknown column, the nearest real one and all that exist
    """
    columns = list(existing)
    for name in wanted:
        if name not in columns:
            near = difflib.get_close_matches(str(name), columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise DataMistakeError(f"{where}: no column {name!r}{hint} The table has {quoted(columns, at_most=40)}")


def quoted(names: Iterable[Any], *, at_most: int = 10) -> str:
    """Write names for a message: ``'a', 'b' and 3 more``."""
    found = [repr(name) for name in names]
    more = f" and {len(found) - at_most} more" if len(found) > at_most else ""
    return ", ".join(found[:at_most]) + more
