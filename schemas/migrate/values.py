"""Python objects that dag-factory builds from YAML, written as the plain values that stand for them here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

OBJECT = "__type__"
_ARGUMENTS = "__args__"
_JOIN = "__join__"
OBJECT_MARKS = (OBJECT, _JOIN, "__and__", "__or__")
"""Keys of a mapping that dag-factory makes something else of."""
_TIMEDELTA = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_DATETIME = ("year", "month", "day", "hour", "minute", "second", "microsecond")
# relativedelta's months and years have no length of their own
_RELATIVEDELTA = frozenset(("weeks", "days", "hours", "minutes", "seconds"))
_DIGITS = 20
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_RELATIVE = re.compile(r"(\d+)\s+(hour|minute|second|day)", re.IGNORECASE)
_LOOSE_DATE = re.compile(r"(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?")
_OFFSET = re.compile(r"(?P<moment>.*\d\d:\d\d\S*?)\s?(?:Z|z|[+-]\d\d(?::?\d\d)?)")


def is_object(value: Any) -> bool:
    """Tell whether dag-factory makes a Python object of a value."""
    return isinstance(value, dict) and any(mark in value for mark in OBJECT_MARKS)


def object_type(value: Any) -> str:
    """Name the class that an object is of; empty for what is none."""
    return str(value.get(OBJECT, "")) if isinstance(value, dict) else ""


def duration_of(value: Any) -> str | None:
    """Write a length of time as ``1h30m``; None for what is no length of time.

    :param value: a ``datetime.timedelta`` or ``relativedelta`` object, dag-factory's ``2 hours``, or seconds
    """
    length = _timedelta(value)
    if length is None or length < timedelta(0) or length.microseconds % 1000:
        return None
    left = round(length / timedelta(milliseconds=1))
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _timedelta(value: Any) -> timedelta | None:
    lengths = _lengths(value)
    try:
        return None if lengths is None else timedelta(**lengths)
    except (TypeError, ValueError, OverflowError):
        return None


def _lengths(value: Any) -> dict[str, Any] | None:
    """Give the keyword arguments of the timedelta that a value stands for."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else {"seconds": value}
    if isinstance(value, str):
        found = _RELATIVE.match(value)
        # dag-factory reads one number and one unit, and nothing that follows
        return {f"{found[2].lower()}s": int(found[1][:_DIGITS])} if found else None
    kind = object_type(value)
    if kind == "datetime.timedelta":
        return arguments_of(value, _TIMEDELTA)
    if kind in ("dateutil.relativedelta.relativedelta", "dateutil.relativedelta"):
        keywords = arguments_of(value, ())
        return keywords if keywords is not None and set(keywords) <= _RELATIVEDELTA else None
    return None


def arguments_of(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any] | None:
    """Give the arguments of an object by their names; None if there are more than it has names for.

    :param value: the object
    :param names: of the arguments that may be given by their place
    """
    arguments = value.get(_ARGUMENTS, [])
    if not isinstance(arguments, list) or len(arguments) > len(names):
        return None
    keywords = {key: part for key, part in value.items() if key not in (OBJECT, _ARGUMENTS)}
    return {**dict(zip(names, arguments, strict=False)), **keywords}


def moment_of(value: Any) -> str | None:
    """Write a ``datetime.datetime`` object, or a date in a loose form, as ``2026-01-31``; None for anything else."""
    if isinstance(value, str):
        loose = _LOOSE_DATE.fullmatch(value.strip())
        return _iso([int(part or 1) for part in loose.groups()]) if loose else None
    if object_type(value) not in ("datetime.datetime", "datetime.date", "pendulum.datetime"):
        return None
    keywords = arguments_of(value, _DATETIME)
    if keywords is None or not set(keywords) <= set(_DATETIME):
        return None
    return _iso([keywords.get(name, 0) for name in _DATETIME])


def _iso(parts: list[int]) -> str | None:
    names = dict(zip(_DATETIME, parts, strict=False))
    try:
        moment = datetime(**names)  # type: ignore[arg-type]  # the values come from a file, and are tried here
    except (TypeError, ValueError, OverflowError):
        return None
    midnight = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.date().isoformat() if midnight else moment.isoformat()


def is_relative_date(value: Any) -> bool:
    """Tell whether dag-factory counts a date back from today, as in ``2 days``."""
    return isinstance(value, str) and _RELATIVE.match(value) is not None


def without_offset(value: str) -> str:
    """Cut the offset off a moment: dag-factory reads past it."""
    found = _OFFSET.fullmatch(value)
    return found["moment"] if found else value


def plain_value(value: Any) -> Any:
    """Give the plain value that a simple object stands for; None if there is none.

    :param value: a ``builtins.list``, ``TriggerRule``, or a ``__join__`` of texts
    """
    parts = value.get(_JOIN)
    if isinstance(parts, list) and all(isinstance(part, str | int | float) for part in parts):
        return "".join(str(part) for part in parts)
    kind = object_type(value)
    items = value.get("items")
    if kind == "builtins.list" and isinstance(items, list) and not any(isinstance(i, dict | list) for i in items):
        return items
    if kind.endswith("trigger_rule.TriggerRule") or kind == "airflow.sdk.TriggerRule":
        arguments = value.get(_ARGUMENTS) or [value.get("value")]
        return arguments[0] if isinstance(arguments, list) and isinstance(arguments[0], str) else None
    return None
