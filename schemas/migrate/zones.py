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
    return _first(_pipeline(found), _default(found))


def moves_up(found: Found) -> bool:
    """Tell whether the time zone of ``default_args`` is that of the whole pipeline, and can stand there.

    Airflow takes the pipeline's zone from its own dates, and without any from those of ``default_args``.
    """
    if len(found.entry.path) != _LEVEL or "timezone" not in found.siblings or not _has_dates(found):
        return False
    others = _pipelines(found) if _is_default(found) else [_default(found)]
    taken = {key for mapping in (_pipeline(found), *others) if isinstance(mapping, Mapping) for key in mapping}
    return not taken & {"timezone", *_DATED}


def _has_dates(found: Found) -> bool:
    inherited = _default(found).get("default_args")
    return any(isinstance(args, Mapping) and _DATED & set(args) for args in (found.siblings, inherited))


def sets_zone_of_schedule(found: Found) -> bool:
    """Tell whether Airflow takes the zone of the schedule from a date of ``default_args``, as there is no other."""
    return not any("start_date" in mapping for mapping in (_pipeline(found), _default(found)))


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
    return _first(found.siblings, _default(found).get("default_args"))


def _readers(found: Found) -> set[str]:
    """Name the zones of all pipelines that use a date."""
    if not _is_default(found):
        return {of_pipeline(found)}
    return {_first(dag, _default(found)) for dag in _pipelines(found)} or {of_pipeline(found)}


def _is_default(found: Found) -> bool:
    return found.pipeline == ("default",)


def _root(found: Found) -> Mapping[str, Any]:
    root = found.entry.source.data
    return root if isinstance(root, dict) else {}


def _pipeline(found: Found) -> Mapping[str, Any]:
    """Give the pipeline that a key belongs to; of a ``defaults.yml`` the whole file is one."""
    dag = _root(found).get(str(found.pipeline[0])) if found.pipeline else _root(found)
    return dag if isinstance(dag, dict) else {}


def _default(found: Found) -> Mapping[str, Any]:
    default = _root(found).get("default")
    return default if isinstance(default, dict) else {}


def _pipelines(found: Found) -> list[Any]:
    return [dag for key, dag in _root(found).items() if key != "default"]


def _first(*mappings: Any) -> str:
    for mapping in mappings:
        if isinstance(mapping, Mapping) and isinstance(mapping.get("timezone"), str):
            return str(mapping["timezone"])
    return _UTC
