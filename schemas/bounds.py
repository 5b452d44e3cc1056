"""Finds the thresholds of a task: what is judged, and by which bounds, in the words of the YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Pattern = tuple[str, ...]
"""Keys below a task, ``*`` for any, as in ``("columns", "*", "nulls")``."""

_KEYS = ("min", "max", "between", "warn", "fail", "not_worse_than", "better_by")
_ANY = "*"


def iter_patterns(schema: Any, resolve: Callable[[str], Any], at: Pattern = ()) -> Iterator[Pattern]:
    """Yield where an operator's schema has thresholds.

    :param schema: of the operator, or of a part of it
    :param resolve: follows a reference
    :param at: where the part is
    """
    if isinstance(schema, dict) and "$ref" in schema:
        schema = resolve(schema["$ref"])
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties", {})
    if at and any(key in properties for key in _KEYS):
        yield at
    for key, part in properties.items():
        yield from iter_patterns(part, resolve, (*at, key))
    yield from iter_patterns(schema.get("additionalProperties"), resolve, (*at, _ANY))


def iter_bounds(value: Any, patterns: tuple[Pattern, ...], name: str = "") -> Iterator[tuple[str, str]]:
    """Yield thresholds in their order: name, such as ``gates.recall``, and bounds, such as ``min 0.9, warn 0.92``.

    :param value: a task's, or a part of it
    :param patterns: where thresholds are below it
    :param name: of the part
    """
    if not patterns or not isinstance(value, dict):
        return
    bounds = _bounds(value) if () in patterns else ""
    if bounds:
        yield name, bounds
    for key, part in value.items():
        below = tuple(pattern[1:] for pattern in patterns if pattern and pattern[0] in (key, _ANY))
        yield from iter_bounds(part, below, f"{name}.{key}" if name else str(key))


def _bounds(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_text(value[key])}" for key in _KEYS if key in value)


def _text(value: Any) -> str:
    return " to ".join(str(part) for part in value) if isinstance(value, list) else str(value)
