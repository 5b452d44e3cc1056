"""The time zones in which dag-factory and this project read the dates of one file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.migrate.known import Scope
from schemas.migrate.values import without_offset
from schemas.migrate.walk import Found

_UTC = "UTC"
_DATED = {"start_date", "end_date"}
_LEVEL = len(("pipeline", "default_args", "timezone"))


def of_pipeline(found: Found) -> str:
    """Name the zone of the dates of the pipeline that a key belongs to; both factories agree on it."""
    root = found.entry.source.data
    dag = root.get(found.entry.path[0]) if isinstance(root, dict) else None
    return _first(dag, root, _default(root))


def moves_up(found: Found) -> bool:
    """Tell whether the time zone of ``default_args`` is that of the whole pipeline, and can stand there.

    Airflow takes the pipeline's zone from its own dates, and without any from those of ``default_args``.
    """
    root, owner = found.entry.source.data, found.entry.path[0]
    args = found.siblings
    if len(found.entry.path) != _LEVEL or "timezone" not in args or not _DATED & set(args):
        return False
    others = [dag for key, dag in root.items() if key != "default"] if owner == "default" else [_default(root)]
    taken = {key for mapping in (root[owner], *others) if isinstance(mapping, dict) for key in mapping}
    return not taken & {"timezone", *_DATED}


def sets_zone_of_schedule(found: Found) -> bool:
    """Tell whether Airflow takes the zone of the schedule from a date of ``default_args``, as there is no other."""
    root = found.entry.source.data
    mappings = (root.get(found.entry.path[0]), _default(root))
    return not any(isinstance(mapping, dict) and "start_date" in mapping for mapping in mappings)


def with_offset(moment: str, found: Found) -> str | None:
    """Write a date of ``default_args`` with its offset, if dag-factory reads it in a zone that is not the pipeline's.

    :param moment: a wall clock time
    :param found: its key
    """
    zone = _of_arguments(found)
    read = None if _readers(found) == {zone} else _in_zone(moment, zone)
    return read.isoformat() if read else None


def moment_meant(found: Found) -> str | None:
    """Give the moment that dag-factory means by a date, if another is meant here.

    It reads past an offset, and reads the dates of ``default_args`` in UTC unless they have a time zone of their own.
    """
    value = found.entry.value
    if not isinstance(value, str) or found.scope not in (Scope.DAG, Scope.ARGS):
        return None
    in_arguments = found.scope is Scope.ARGS
    theirs = _in_zone(without_offset(value), _of_arguments(found) if in_arguments else of_pipeline(found))
    ours = {_in_zone(value, zone) for zone in (_readers(found) if in_arguments else {of_pipeline(found)})}
    return theirs.isoformat() if theirs is not None and ours != {theirs} else None


def _in_zone(text: str, zone: str) -> datetime | None:
    """Read a date as this project does: in the zone, unless it has an offset."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def _of_arguments(found: Found) -> str:
    """Name the zone that dag-factory reads dates of ``default_args`` in: their own, whatever the pipeline's is."""
    shared = _default(found.entry.source.data)
    return _first(found.siblings, shared.get("default_args") if isinstance(shared, dict) else None)


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
        if isinstance(mapping, Mapping) and isinstance(mapping.get("timezone"), str):
            return str(mapping["timezone"])
    return _UTC
