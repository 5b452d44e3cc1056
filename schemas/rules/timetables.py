"""Rules on arguments of timetables that Airflow refuses together, or that lose runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.rules.clocks import timetables
from schemas.source import Tree

_TEXT_WINDOW = "SegmentWindow"
_WITHOUT_USUAL_MAPPER = ("HourWindow", _TEXT_WINDOW)
"""Windows whose members FanOutMapper does not know how to write."""


def iter_timetable_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield arguments that do not go together."""
    for path, timetable in timetables(outline):
        if timetable.get("presorted") is True:
            yield from _order(timetable.get("event_dates"), (*path, "event_dates"), tree)
        for at, mapper in _iter_mappers(timetable, path):
            yield from _mapper(mapper, at, tree)


def _order(dates: Any, path: Path, tree: Tree) -> Iterator[Finding]:
    moments = [_moment(date) for date in dates] if isinstance(dates, list) else []
    for index, (before, moment) in enumerate(pairwise(moments), start=1):
        if before is not None and moment is not None and moment < before:
            message = "presorted says that the moments stand in order, and this one is before the last"
            yield Finding("P317", tree.find((*path, index)).place, message, "leave presorted out, or sort them")
            return


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _iter_mappers(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    work: list[tuple[Path, Any]] = [(path, value)]
    while work:
        at, current = work.pop()
        if isinstance(current, dict):
            if "mapper" in current:
                yield at, current
            work.extend(((*at, key), item) for key, item in current.items())
        elif isinstance(current, list):
            work.extend(((*at, index), item) for index, item in enumerate(current))


def _mapper(mapper: dict[str, Any], path: Path, tree: Tree) -> Iterator[Finding]:
    window = _name(mapper.get("window"), "window")
    if not window:
        return
    place = tree.find((*path, "window")).place
    if mapper["mapper"] == "RollupMapper":
        upstream = _name(mapper.get("upstream_mapper"), "mapper")
        gives_moments, takes_moments = upstream.startswith("StartOf"), window != _TEXT_WINDOW
        if upstream and gives_moments != takes_moments:
            kinds = ("texts", "moments")
            message = f"{window} takes {kinds[takes_moments]}, and {upstream} gives {kinds[gives_moments]}"
            yield Finding("P317", place, message, _fit(takes_moments=takes_moments))
    elif mapper["mapper"] == "FanOutMapper" and window in _WITHOUT_USUAL_MAPPER and "downstream_mapper" not in mapper:
        message = f"FanOutMapper does not know how the members of {window} are written"
        yield Finding("P317", place, message, "add downstream_mapper")


def _fit(*, takes_moments: bool) -> str:
    return "use a StartOf…Mapper" if takes_moments else "use FixedKeyMapper or another mapper of texts"


def _name(value: Any, key: str) -> str:
    name = value.get(key) if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
