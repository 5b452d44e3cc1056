"""The functions that a pipeline file may name: callbacks, which take the context first, macros, filters, and tasks.

``pipelines schema`` reads their signatures and docstrings, so that the checker and editors know their arguments.
"""

from __future__ import annotations

import logging
import socket
import statistics
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

_MONTHS_IN_A_QUARTER = 3
_SATURDAY = 5
_PATIENCE = 5.0
"""Seconds to wait for a host."""


def log_event(
    context: Mapping[str, Any], *, event: str, level: Literal["info", "warning", "error"] = "warning"
) -> None:
    """Write one line to the log that says what happened to which task or run, for searches and log alerts.

    :param context: of the task, or of the run where the callback is that of a pipeline
    :param event: what happened, e.g. ``failed``
    :param level: how grave it is
    """
    # Airflow gives the context of the last task to the callbacks of a run, too, with the reason beside it
    task = None if "reason" in context else context.get("task_instance")
    dag = context.get("dag")
    name = getattr(dag, "dag_id", "?") if task is None else f"{task.dag_id}.{task.task_id}"
    text = f"{event}: {name} in run {context.get('run_id', '?')}"
    logging.getLogger(__name__).log(logging.getLevelNamesMapping()[level.upper()], text)


def as_percent(value: float, digits: int = 1) -> str:
    """Write a part of the whole for people: 0.934 as ``93.4 %``.

    :param value: between 0 and 1
    :param digits: after the decimal point
    """
    return f"{value * 100:.{digits}f} %"


def quarter(day: date) -> str:
    """Name the quarter of a day, e.g. ``2026-Q1``, for names of files and tables.

    :param day: a date or a moment, e.g. ``logical_date``
    """
    return f"{day.year}-Q{(day.month - 1) // _MONTHS_IN_A_QUARTER + 1}"


def list_days(start: date | str, end: date | str) -> list[str]:
    """List the days from one to another, e.g. to map a task over them.

    :param start: the first day, e.g. ``2026-01-31``
    :param end: the last day; it is part of the list
    """
    first, last = _date(start), _date(end)
    return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]


def is_month_end(day: date | str) -> bool:
    """Tell whether a day is the last of its month, e.g. to let what follows run only then.

    :param day: a date or a moment, e.g. ``2026-01-31``
    """
    return (_date(day) + timedelta(days=1)).day == 1


def choose_by_weekday(day: date | str, *, weekday: str, weekend: str) -> str:
    """Choose between two tasks by the day of the week.

    :param day: a date or a moment, e.g. ``2026-01-31``
    :param weekday: the id of the task for Monday to Friday
    :param weekend: the id of the task for Saturday and Sunday
    """
    return weekend if _date(day).weekday() >= _SATURDAY else weekday


def describe_numbers(numbers: list[float]) -> dict[str, float]:
    """Give the count, the smallest, the largest and the mean of numbers.

    :param numbers: at least one
    """
    return {
        "count": len(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "mean": statistics.fmean(numbers),
    }


def port_is_open(host: str, port: int) -> bool:
    """Tell whether a host takes connections at a port, e.g. to wait for a service.

    :param host: its name or address
    :param port: the number of the port
    """
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE):
            return True
    except OSError:
        return False


def has_rows(response: Any) -> bool:
    """Tell whether an answer over HTTP holds JSON that is not empty.

    :param response: as HttpSensor and HttpOperator give it
    """
    return bool(response.json())


def is_positive(number: float) -> bool:
    """Tell whether a number is more than zero.

    :param number: e.g. what a query gives
    """
    return number > 0


def _date(day: date | str) -> date:
    """Read a day, which a template gives as a text."""
    moment = datetime.fromisoformat(day) if isinstance(day, str) else day
    return moment.date() if isinstance(moment, datetime) else moment
