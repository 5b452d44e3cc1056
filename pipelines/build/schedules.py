"""Makes schedules: texts stay texts, all else becomes what Airflow has for it, from a closed table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from operators.thresholds import parse_duration
from pipelines.build.assets import asset_of, condition_of
from pipelines.build.partitions import mapper_of
from pipelines.build.values import moment
from schemas.value_formats import WITHOUT_CRON, is_duration

_NONE = (None, "none")
_PARTITIONED = "PartitionedAssetTimetable"
_EVENTS = "EventsTimetable"


def schedule_of(value: Any, zone: ZoneInfo) -> Any:
    """Make what ``DAG(schedule=…)`` takes.

    :param value: as in the YAML
    :param zone: the pipeline's, of cron expressions and moments that name none
    """
    if value in _NONE:
        return None
    if isinstance(value, str):
        return parse_duration(value, where="schedule") if is_duration(value) else value
    if isinstance(value, list) or "and" in value or "or" in value:
        return condition_of(value)
    if "assets" in value and value["timetable"] != _PARTITIONED:
        return _assets_or_time(value, zone)
    return _timetable(value, zone)


def _assets_or_time(value: Mapping[str, Any], zone: ZoneInfo) -> Any:
    from airflow.sdk import AssetOrTimeSchedule

    return AssetOrTimeSchedule(assets=_assets(value), timetable=_by_the_clock(value["timetable"], zone))


def _assets(value: Mapping[str, Any]) -> Any:
    from airflow.sdk import AssetAll

    condition = condition_of(value["assets"])
    return AssetAll(*condition) if isinstance(condition, list) else condition


def _by_the_clock(value: Any, zone: ZoneInfo) -> Any:
    """Make a timetable of what would be a schedule by itself, as Airflow does of it."""
    from airflow.sdk import CronTriggerTimetable, DeltaTriggerTimetable
    from airflow.sdk.definitions.timetables.simple import ContinuousTimetable, OnceTimetable

    if not isinstance(value, str):
        return _timetable(value, zone)
    if value in WITHOUT_CRON:
        return OnceTimetable() if value == "@once" else ContinuousTimetable()
    if is_duration(value):
        return DeltaTriggerTimetable(parse_duration(value, where="timetable"))
    return CronTriggerTimetable(value, timezone=str(zone))


def _timetable(value: Mapping[str, Any], zone: ZoneInfo) -> Any:
    import airflow.sdk

    name = value["timetable"]
    positional, named = _MAKERS[name](value, zone)
    return (_events_timetable() if name == _EVENTS else getattr(airflow.sdk, name))(*positional, **named)


def _events_timetable() -> Any:
    # the one of airflow.sdk cannot be serialised in Airflow 3.3: it has no summary
    from airflow.timetables.events import EventsTimetable

    return EventsTimetable


_Arguments = tuple[list[Any], dict[str, Any]]


def _cron(value: Mapping[str, Any], zone: ZoneInfo) -> _Arguments:
    return [value["cron"]], _named(value, zone, without=("cron",))


def _crons(value: Mapping[str, Any], zone: ZoneInfo) -> _Arguments:
    return value["crons"], _named(value, zone, without=("crons",))


def _named(value: Mapping[str, Any], zone: ZoneInfo, *, without: tuple[str, ...]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"timezone": str(zone)}
    for key, argument in value.items():
        if key not in ("timetable", *without):
            arguments[key] = _duration(argument) if key in ("interval", "run_immediately") else argument
    return arguments


def _duration(value: Any) -> Any:
    return value if isinstance(value, bool) else parse_duration(value, where="timetable")


def _delta(value: Mapping[str, Any], _: ZoneInfo) -> _Arguments:
    return [], {key: _duration(argument) for key, argument in value.items() if key != "timetable"}


def _events(value: Mapping[str, Any], zone: ZoneInfo) -> _Arguments:
    others = {key: argument for key, argument in value.items() if key not in ("timetable", "event_dates")}
    return [[moment(str(date), zone) for date in value["event_dates"]]], others


def _partitioned(value: Mapping[str, Any], _: ZoneInfo) -> _Arguments:
    arguments: dict[str, Any] = {"assets": _assets(value)}
    if "partition_mappers" in value:
        pairs = value["partition_mappers"]
        arguments["partition_mapper_config"] = {asset_of(p["asset"]): mapper_of(p["mapper"]) for p in pairs}
    if "default_mapper" in value:
        arguments["default_partition_mapper"] = mapper_of(value["default_mapper"])
    return [], arguments


def _nothing(_: Mapping[str, Any], __: ZoneInfo) -> _Arguments:
    return [], {}


_MAKERS: dict[str, Callable[[Mapping[str, Any], ZoneInfo], _Arguments]] = {
    "CronTriggerTimetable": _cron,
    "CronDataIntervalTimetable": _cron,
    "CronPartitionTimetable": _cron,
    "MultipleCronTriggerTimetable": _crons,
    "DeltaTriggerTimetable": _delta,
    "DeltaDataIntervalTimetable": _delta,
    _EVENTS: _events,
    _PARTITIONED: _partitioned,
    "PartitionedAtRuntime": _nothing,
}
"""Name in the YAML, and in ``airflow.sdk`` -> the arguments that the class takes."""
