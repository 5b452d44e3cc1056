"""Earlier health reports: read for the trend, and deleted when they are older than they are kept."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operators.artifacts import MANIFEST, artifact_root, open_location, path_safe
from operators.health.health_report import HEALTH, HealthReport

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

log = logging.getLogger("airflow.task")

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d_.:]+")
_DELETED_AT_ONCE = 50
"""Runs; the others go with the next report."""


def read_history(dag_id: str, task_id: str, *, at_most: int) -> tuple[HealthReport, ...]:
    """Read the latest reports that this task published in earlier runs, the oldest first.

    They are only shown, so one that cannot be read any more is left out, with a warning in the log.

    :param at_most: how many
    """
    runs = sorted((run for run in _runs_of(dag_id) if _moment_of(run.name)), key=lambda run: _moment_of(run.name))
    found: list[HealthReport] = []
    for run in reversed(runs):
        found += _read_published(run / task_id)
        if len(found) >= at_most:
            break
    return tuple(sorted(found[:at_most], key=lambda report: report.created_at))


def delete_old_reports(dag_id: str, task_id: str, others: Iterable[str], *, kept: timedelta, this: str) -> int:
    """Delete what the tasks of earlier health runs left behind, once their report is older than it is kept.

    A run without a readable report stays: nobody can say how old it is.

    :param task_id: the task that makes the reports
    :param others: the tasks before and after it
    :param kept: how long a report stays
    :param this: id of the run that asks, which stays
    :returns: how many runs
    """
    oldest = datetime.now(UTC) - kept
    deleted = 0
    for run in _runs_of(dag_id):
        if deleted == _DELETED_AT_ONCE:
            break
        moment = _date_of(run.name)
        may_be_old = moment is None or moment < oldest
        if run.name != path_safe(this) and may_be_old and _is_older(run / task_id, oldest):
            for name in (*others, task_id):
                _delete(run / name)
            _delete_if_empty(run)
            deleted += 1
    return deleted


def _runs_of(dag_id: str) -> list[ObjectStoragePath]:
    folder = open_location(f"{artifact_root().rstrip('/')}/{dag_id}")
    return list(folder.iterdir()) if folder.exists() else []


def _is_older(task: ObjectStoragePath, oldest: datetime) -> bool:
    return any(datetime.fromisoformat(report.created_at) < oldest for report in _read_published(task))


def _delete(folder: ObjectStoragePath) -> None:
    if folder.exists():
        folder.fs.rm(folder.path, recursive=True)


def _delete_if_empty(folder: ObjectStoragePath) -> None:
    """Object stores have no empty folders."""
    if folder.protocol in ("", "file", "local") and not any(folder.iterdir()):
        Path(folder.path).rmdir()


def _date_of(run: str) -> datetime | None:
    """Give the day in a run id."""
    found = _MOMENT.search(run)
    return datetime.fromisoformat(found.group()[:10]).replace(tzinfo=UTC) if found else None


def _read_published(task: Any) -> list[HealthReport]:
    """Read the last published try of one task in one run, if there is one."""
    tries = sorted(task.glob("try=*"), key=lambda path: int(path.name.partition("=")[2])) if task.exists() else []
    for folder in reversed(tries):
        if not (folder / MANIFEST).exists():
            continue
        try:
            return [HealthReport.from_json(_json_in(folder))]
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is left out of the trend: %s: %s", folder, type(error).__name__, error)
    return []


def _json_in(folder: Any) -> Any:
    return json.loads((folder / HEALTH).read_bytes())


def _moment_of(run: str) -> str:
    """Find the moment in a run id, which its path-safe form keeps but for the colons."""
    found = _MOMENT.search(run)
    return found.group().replace(":", "_") if found else ""
