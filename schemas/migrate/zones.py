"""The time zones in which dag-factory and this project read the dates of one file."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.migrate.known import Scope
from schemas.migrate.values import without_offset
from schemas.migrate.walk import Found

_UTC = "UTC"


def of_pipeline(found: Found) -> str:
    """Name the zone of the dates of the pipeline that a key belongs to; both factories agree on it."""
    root = found.entry.source.data
    dag = root.get(found.entry.path[0]) if isinstance(root, dict) else None
    return _first(dag, root, _default(root))


def with_offset(moment: str, found: Found) -> str | None:
    """Write a date of ``default_args`` with its offset, if dag-factory reads it in a zone that is not the pipeline's.

    :param moment: a wall clock time
    :param found: its key
    """
    zone = _of_arguments(found)
    if _readers(found) == {zone}:
        return None
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).isoformat()
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def reads_past_offset(found: Found) -> bool:
    """Tell whether a date has an offset that dag-factory reads past, so that it means another moment there."""
    value = found.entry.value
    if not isinstance(value, str) or without_offset(value) == value:
        return False
    zone = _of_arguments(found) if found.scope is Scope.ARGS else of_pipeline(found)
    return not is_offset_in(value, without_offset(value), zone)


def is_offset_in(value: str, moment: str, zone: str) -> bool:
    """Tell whether the offset of a date is the one that its zone has at that moment.

    :param value: the date with its offset
    :param moment: the same without
    :param zone: e.g. ``Europe/Berlin``
    """
    try:
        return datetime.fromisoformat(value) == datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
    except (ValueError, TypeError, OSError, ZoneInfoNotFoundError):
        return False


def _of_arguments(found: Found) -> str:
    """Name the zone that dag-factory reads dates of ``default_args`` in: their own, whatever the pipeline's is."""
    root = found.entry.source.data
    own: Any = root
    for part in found.entry.path[:-1]:
        own = own[part]
    shared = _default(root)
    return _first(own, shared.get("default_args") if isinstance(shared, dict) else None)


def _readers(found: Found) -> set[str]:
    """Name the zones of all pipelines that use a date."""
    root = found.entry.source.data
    if found.entry.path[0] != "default" or not isinstance(root, dict):
        return {of_pipeline(found)}
    dags = [dag for key, dag in root.items() if key != "default"]
    return {_first(dag, _default(root)) for dag in dags} or {of_pipeline(found)}


def _default(root: Any) -> Any:
    return root.get("default") if isinstance(root, dict) else None


def _first(*mappings: Any) -> str:
    for mapping in mappings:
        if isinstance(mapping, dict) and isinstance(mapping.get("timezone"), str):
            return str(mapping["timezone"])
    return _UTC
