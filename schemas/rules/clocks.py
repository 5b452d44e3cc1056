"""What of a schedule goes by the clock: its cron expressions, presets and lengths of time, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.outline import Outline, Path
from schemas.value_formats import FORMATS, is_duration

NONE = (None, "none")
"""Schedules of pipelines that are only run by hand."""
_AT_RUNTIME = "PartitionedAtRuntime"
_PARTITIONED = "PartitionedAssetTimetable"


@dataclass(frozen=True, slots=True)
class Clock:
    """One cron expression, preset or length of time."""

    text: str
    path: Path
    is_duration: bool


def schedule_path(outline: Outline, key: str = "schedule") -> Path:
    """Give the path of an argument of the DAG."""
    return (outline.dag_id, key)


def runs_by_itself(outline: Outline) -> bool:
    """Tell whether something starts a pipeline but people; not where the schedule is none that Airflow knows."""
    schedule = outline.setting("schedule")
    if isinstance(schedule, list):
        return bool(schedule)
    if isinstance(schedule, dict):
        return bool(schedule.get("timetable") != _AT_RUNTIME)
    return isinstance(schedule, str) and schedule not in NONE and bool(FORMATS["schedule"][1](schedule))


def waits_for_assets_only(outline: Outline) -> bool:
    """Tell whether only assets start a pipeline."""
    schedule = outline.setting("schedule")
    if isinstance(schedule, dict):
        return bool(schedule.get("timetable", _PARTITIONED) == _PARTITIONED)
    return isinstance(schedule, list)


def iter_clocks(outline: Outline) -> Iterator[Clock]:
    """Yield what starts a pipeline by the clock, as far as it is well-formed."""
    schedule, path = outline.setting("schedule"), schedule_path(outline)
    if isinstance(schedule, str):
        yield from _clock(schedule, path, "schedule")
    elif isinstance(schedule, dict):
        timetable = schedule.get("timetable")
        if isinstance(timetable, str) and "assets" in schedule:
            yield from _clock(timetable, (*path, "timetable"), "schedule")
        elif isinstance(timetable, dict):
            yield from _of_timetable(timetable, (*path, "timetable"))
        else:
            yield from _of_timetable(schedule, path)


def timetables(outline: Outline) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the timetables that are named, with their paths."""
    schedule, path = outline.setting("schedule"), schedule_path(outline)
    if isinstance(schedule, dict) and isinstance(schedule.get("timetable"), dict):
        yield (*path, "timetable"), schedule["timetable"]
    elif isinstance(schedule, dict) and isinstance(schedule.get("timetable"), str):
        yield path, schedule


def _of_timetable(timetable: dict[str, Any], path: Path) -> Iterator[Clock]:
    yield from _clock(timetable.get("cron"), (*path, "cron"), "cron")
    crons = timetable.get("crons")
    for index, cron in enumerate(crons if isinstance(crons, list) else ()):
        yield from _clock(cron, (*path, "crons", index), "cron")
    yield from _length(timetable.get("delta"), (*path, "delta"))


def _clock(value: Any, path: Path, form: str) -> Iterator[Clock]:
    _, is_right = FORMATS[form]
    if isinstance(value, str) and value not in NONE and is_right(value):
        yield Clock(value, path, is_duration(value))


def _length(value: Any, path: Path) -> Iterator[Clock]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield Clock(f"{value}s", path, is_duration=True)
    elif isinstance(value, str) and is_duration(value):
        yield Clock(value, path, is_duration=True)
