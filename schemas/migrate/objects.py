"""Objects that dag-factory builds and that have a form of their own here: assets, timetables, params."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.migrate.values import OBJECT, arguments_of, duration_of, moment_of, object_type

_AND, _OR = "__and__", "__or__"
_ASSETS = ("airflow.sdk.Asset", "airflow.sdk.definitions.asset.Asset")
_ALIASES = ("airflow.sdk.AssetAlias", "airflow.sdk.definitions.asset.AssetAlias")
_WATCHERS = ("airflow.sdk.AssetWatcher", "airflow.sdk.definitions.asset.AssetWatcher")
_PARAMS = ("airflow.sdk.Param", "airflow.sdk.definitions.param.Param", "airflow.models.param.Param")
_PERIODS = ("datetime.timedelta", "dateutil.relativedelta.relativedelta", "dateutil.relativedelta")
_TIMETABLES: Mapping[str, tuple[str, ...]] = {
    "CronTriggerTimetable": ("cron", "timezone"),
    "CronDataIntervalTimetable": ("cron", "timezone"),
    "DeltaTriggerTimetable": ("delta",),
    "DeltaDataIntervalTimetable": ("delta",),
    "MultipleCronTriggerTimetable": ("*crons",),
    "EventsTimetable": ("event_dates",),
}
"""Timetable -> its arguments that may be given by their place alone."""
_MODULES = ("airflow.timetables.", "airflow.sdk")


class NoFormError(Exception):
    """An object, or something inside of it, that has no form here."""


def schedule_form(value: Any) -> Any:
    """Give the schedule that an object, or a list of objects, stands for; None if there is none."""
    return _try(_schedule, value)


def assets_form(value: Any) -> Any:
    """Give what stands for a list of assets here; None if there is no such thing."""
    return _try(_assets, value)


def param_form(value: Any) -> Any:
    """Give the words of JSON Schema that a ``Param`` stands for; None if it is none."""
    if object_type(value) not in _PARAMS:
        return None
    return _try(lambda param: _plain(_arguments(param, ("default", "description"))), value)


def _try(form: Callable[[Any], Any], value: Any) -> Any:
    try:
        return form(value)
    except NoFormError:
        return None


def _schedule(value: Any) -> Any:
    if isinstance(value, list):
        return [_operand(item) for item in value]
    if object_type(value) in _PERIODS:
        return _duration(value)
    timetable = _timetable(value)
    if timetable is not None:
        return timetable
    condition = _operand(value)
    # a condition of one asset is that asset
    return condition if isinstance(condition, dict) and not {"and", "or"}.isdisjoint(condition) else [condition]


def _duration(value: Any) -> str:
    length = duration_of(value)
    if length is None:
        raise NoFormError
    return length


def _operand(value: Any) -> Any:
    for mark, key in ((_AND, "and"), (_OR, "or")):
        if isinstance(value, dict) and mark in value:
            items = value[mark]
            if not isinstance(items, list) or not items or len(value) > 1:
                raise NoFormError
            operands = [_operand(item) for item in items]
            return operands[0] if len(operands) == 1 else {key: _joined(operands, key)}
    return _asset(value)


def _joined(operands: list[Any], key: str) -> list[Any]:
    """Join what Airflow joins: ``(a & b) & c`` is one condition of three."""
    first = operands[0]
    return [*first[key], *operands[1:]] if isinstance(first, dict) and key in first else operands


def _assets(value: Any) -> Any:
    if not isinstance(value, list):
        raise NoFormError
    return [_asset(item) for item in value]


def _asset(value: Any) -> Any:
    if isinstance(value, str):
        return value
    kind = object_type(value)
    if kind in _ALIASES:
        arguments = _plain(_arguments(value, ("name",)))
        return {"alias": arguments.pop("name", None), **arguments}
    if kind not in _ASSETS:
        raise NoFormError
    arguments = _arguments(value, ("name", "uri"))
    watchers = arguments.pop("watchers", None)
    asset = _plain(arguments)
    if isinstance(watchers, list):
        asset["watchers"] = [_watcher(watcher) for watcher in watchers]
    # an asset that is only an address, or only a name, is called by it
    return next(iter(asset.values())) if set(asset) in ({"uri"}, {"name"}) else asset


def _watcher(value: Any) -> Any:
    if object_type(value) not in _WATCHERS:
        raise NoFormError
    arguments = _arguments(value, ("name", "trigger"))
    trigger = arguments.get("trigger")
    if not object_type(trigger):
        raise NoFormError
    return {"name": arguments.get("name"), "trigger": {"trigger": object_type(trigger), **_plain(_keywords(trigger))}}


def _timetable(value: Any) -> Any:
    kind = object_type(value)
    module, _, name = kind.rpartition(".")
    if name not in _TIMETABLES or not f"{module}.".startswith(_MODULES):
        return None
    arguments = _arguments(value, _TIMETABLES[name])
    return {"timetable": name, **{key: _timetable_value(key, item) for key, item in arguments.items()}}


def _timetable_value(key: str, value: Any) -> Any:
    if key in ("delta", "interval") or (key == "run_immediately" and object_type(value)):
        return _duration(value)
    if key == "event_dates" and isinstance(value, list):
        moments = [moment_of(date) or date for date in value]
        return [_plain(moment) for moment in moments]
    return _plain(value)


def _arguments(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if names and names[0].startswith("*"):
        positional, keywords = value.get("__args__", []), _keywords(value)
        return {names[0][1:]: positional, **keywords}
    arguments = arguments_of(value, names)
    if arguments is None:
        raise NoFormError
    return arguments


def _keywords(value: Any) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in (OBJECT, "__args__")}


def _plain(value: Any) -> Any:
    """Give a value that has no objects inside."""
    if isinstance(value, dict):
        if any(key.startswith("__") for key in value):
            raise NoFormError
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
