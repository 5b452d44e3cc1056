"""The list of pipelines: one line each, for people, or as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.overview.inventory import Entry
from pipelines.overview.next_runs import Schedule, in_words, in_zone, schedule_of
from pipelines.overview.table import Cell, table
from pipelines.overview.written import written
from schemas.diagnostic import Severity
from schemas.formats.terminal import BOLD, DIM, RED, YELLOW
from schemas.spec import Pipeline

_LONGEST = 40
_HEADER = ("pipeline", "schedule", "next run", "tasks", "owner", "tags", "file", "problems")


def as_text(entries: Sequence[Entry], now: datetime, *, color: bool) -> str:
    """Lay the list out as a table.

    :param entries: pipelines and unreadable files
    :param now: the moment after which the next run is
    :param color: whether to print escape sequences for colours
    """
    return "\n".join(table(_HEADER, [_row(entry, now) for entry in entries], color=color, right="tasks"))


def as_plain_data(entries: Sequence[Entry], now: datetime) -> list[dict[str, Any]]:
    """Give the list for programs.

    :param entries: pipelines and unreadable files
    :param now: the moment after which the next run is
    """
    return [{**_facts(entry, now), **_problems(entry)} for entry in entries]


def owners(pipeline: Pipeline) -> list[str]:
    """Name who answers for the tasks of a pipeline, in the order of its tasks."""
    shared = (pipeline.config.get("default_args") or {}).get("owner")
    found = [task.config.get("owner", shared) for task in pipeline.tasks]
    return [str(owner) for owner in dict.fromkeys(found) if owner is not None]


def paused(config: Mapping[str, Any]) -> bool:
    """Tell whether Airflow takes a pipeline in without starting its runs."""
    return bool(config.get("is_paused_upon_creation"))


def _row(entry: Entry, now: datetime) -> list[Cell | str]:
    counts = _problems(entry)["errors"], _problems(entry)["warnings"]
    problems = Cell(_counted(*counts), RED if counts[0] else YELLOW)
    where = Cell(f"{entry.file}:{entry.line}", DIM)
    if entry.pipeline is None:
        return [Cell(entry.dag_id or "?", RED), "", Cell("broken", RED), "", "", "", where, problems]
    config = entry.pipeline.config
    schedule = schedule_of(config)
    tags = ", ".join(str(tag) for tag in config.get("tags", ()))
    return [
        Cell(entry.dag_id, BOLD),
        written(config.get("schedule", "none") or "none", longest=_LONGEST),
        _next(schedule, config, now),
        str(len(entry.pipeline.tasks)),
        ", ".join(owners(entry.pipeline)),
        tags,
        where,
        problems,
    ]


def _next(schedule: Schedule, config: Mapping[str, Any], now: datetime) -> Cell:
    runs = schedule.next_runs(now, 1)
    note = " (paused at first)" if paused(config) else ""
    if runs:
        return Cell(f"{in_words(runs[0], now)}, {in_zone(runs[0], schedule.zone)}{note}")
    return Cell("never again" if schedule.cron else schedule.words, DIM)


def _counted(errors: int, warnings: int) -> str:
    counts = ((errors, "error"), (warnings, "warning"))
    return ", ".join(f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts if number)


def _problems(entry: Entry) -> dict[str, int]:
    errors = sum(d.severity is Severity.ERROR for d in entry.problems)
    return {"errors": errors, "warnings": len(entry.problems) - errors}


def _facts(entry: Entry, now: datetime) -> dict[str, Any]:
    where = {"dag_id": entry.dag_id or None, "file": entry.file, "line": entry.line}
    if entry.pipeline is None:
        return {**where, "broken": True}
    config = entry.pipeline.config
    schedule = schedule_of(config)
    runs = schedule.next_runs(now, 1)
    return {
        **where,
        "broken": False,
        "description": config.get("description"),
        "schedule": config.get("schedule"),
        "timezone": schedule.zone,
        "next_run": runs[0].isoformat() if runs else None,
        "paused_at_first": paused(config),
        "tasks": len(entry.pipeline.tasks),
        "owners": owners(entry.pipeline),
        "tags": config.get("tags", []),
    }
