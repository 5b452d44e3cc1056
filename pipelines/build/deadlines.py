"""Makes deadline alerts."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from operators.thresholds import parse_interval
from pipelines.build.callables import callback_parts
from pipelines.build.values import moment
from schemas.value_formats import REFERENCES


def deadline_of(value: Any, zone: ZoneInfo) -> Any:
    """Make what ``DAG(deadline=…)`` takes.

    :param value: a deadline alert, or a list of them
    :param zone: that of moments without an offset
    """
    return [_alert(item, zone) for item in value] if isinstance(value, list) else _alert(value, zone)


def _alert(config: Mapping[str, Any], zone: ZoneInfo) -> Any:
    from airflow.sdk.definitions.deadline import DeadlineAlert

    return DeadlineAlert(
        reference=_reference(config["reference"], zone),
        interval=_interval(config["interval"]),
        callback=_callback(config["callback"], config.get("executor")),
        name=config.get("name"),
    )


def _reference(value: Any, zone: ZoneInfo) -> Any:
    from airflow.sdk.definitions.deadline import DeadlineReference

    if isinstance(value, dict):
        return DeadlineReference.AVERAGE_RUNTIME(**value["average_runtime"])
    if value in REFERENCES:
        return getattr(DeadlineReference, value.upper())
    return DeadlineReference.FIXED_DATETIME(moment(str(value), zone))


def _interval(value: Any) -> Any:
    from airflow.sdk.definitions.deadline import VariableInterval

    if isinstance(value, dict):
        return VariableInterval(value["variable"])
    return parse_interval(value, where="interval")


def _callback(value: Any, executor: str | None) -> Any:
    from airflow.sdk.definitions.callback import AsyncCallback, SyncCallback

    called, parameters = callback_parts(value)
    return AsyncCallback(called, parameters) if _is_async(called) else SyncCallback(called, parameters, executor)


def _is_async(called: Any) -> bool:
    """Tell whether the triggerer can call it: a coroutine function, or a notifier that tells without waiting."""
    from airflow.sdk import BaseNotifier

    tell = getattr(called, "async_notify", None)
    return tell is not BaseNotifier.async_notify if tell is not None else inspect.iscoroutinefunction(called)
