"""The thresholds of a pipeline: every place where its YAML says how good or bad something may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.overview.written import written
from schemas.quantities import read_quantity
from schemas.spec import Task

_BOUNDS = frozenset({"min", "max", "between", "warn", "fail", "not_worse_than", "better_by"})


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold."""

    task: str
    path: str
    """The keys that lead to it, joined by dots."""
    passes: str
    """What does not fail; nothing if it never fails."""
    warns: str
    """What warns; nothing if it never does."""


def iter_thresholds(tasks: Iterable[Task]) -> Iterator[Threshold]:
    """Yield the thresholds of tasks, in the order of the file.

    :param tasks: of a pipeline without errors
    """
    for task in tasks:
        for path, found in _iter_found(task.config, ()):
            yield Threshold(task.id, ".".join(path), _passes(found), _warns(found))


def is_threshold(value: Any) -> bool:
    """Tell whether a value is a threshold: a mapping of bounds alone, each of them a quantity or two."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and _BOUNDS.issuperset(value)
        and all(_is_bound(bound) for bound in value.values())
    )


def _is_bound(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(read_quantity(item) is not None for item in value)
    return read_quantity(value) is not None


def _iter_found(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if is_threshold(value):
        yield path, value
    elif isinstance(value, Mapping):
        if _is_bound(value.get("between")):
            # a column's own limits stand beside what else is said of it
            yield path, {"between": value["between"]}
        for key, item in value.items():
            yield from _iter_found(item, (*path, str(key)))


def _passes(threshold: Mapping[str, Any]) -> str:
    parts = []
    for key, sign in (("min", "≥"), ("max", "≤"), ("fail", "≤")):
        if key in threshold:
            parts.append(f"{sign} {written(threshold[key])}")
    if "between" in threshold:
        low, high = threshold["between"]
        parts.append(f"{written(low)} to {written(high)}")
    if "not_worse_than" in threshold:
        parts.append(f"at most {written(threshold['not_worse_than'])} worse")
    if "better_by" in threshold:
        parts.append(f"at least {written(threshold['better_by'])} better")
    return " and ".join(parts)


def _warns(threshold: Mapping[str, Any]) -> str:
    warn = threshold.get("warn")
    if warn is None:
        return ""
    if isinstance(warn, list):
        return f"outside {' to '.join(written(item) for item in warn)}"
    if "not_worse_than" in threshold:
        return f"more than {written(warn)} worse"
    if "better_by" in threshold:
        return f"less than {written(warn)} better"
    return f"{'<' if 'min' in threshold else '>'} {written(warn)}"
