"""The functions that a pipeline file may name: callbacks, which take Airflow's context first, macros and filters.

``pipelines schema`` reads their signatures and docstrings, so that the checker and editors know their arguments.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

_MONTHS_IN_A_QUARTER = 3


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
