"""One pipeline in full: what it is, when it runs, its graph, thresholds and limits; for people, or as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pipelines.graph import text as graph_text
from pipelines.graph.model import build_graph
from pipelines.overview.inventory import Entry
from pipelines.overview.listing import owners
from pipelines.overview.next_runs import in_words, in_zone, schedule_of
from pipelines.overview.table import Cell, table
from pipelines.overview.written import written
from schemas.formats.terminal import BOLD, DIM, YELLOW, paint, shown
from schemas.rules.secrets import without_secrets
from schemas.spec import Pipeline, Task

_RUNS = 3
_LONGEST = 100
_LIMITS = ("retries", "retry_delay", "max_retry_delay", "execution_timeout", "pool", "queue")
"""What says how long a task may take, and how often it is tried; only those that are set are shown."""
_TOLD_ELSEWHERE = frozenset(
    {"description", "doc_md", "schedule", "timezone", "tags", "default_args", "task_groups", "tasks"}
)


def as_text(entry: Entry, pipeline: Pipeline, now: datetime, *, color: bool) -> str:
    """Lay a pipeline out.

    :param entry: where it stands
    :param pipeline: what it is
    :param now: the moment after which the next runs are
    :param color: whether to print escape sequences for colours
    """
    graph = build_graph(pipeline)
    parts = ["\n".join(_iter_head(entry, pipeline, now, color=color))]
    parts.append(f"{_heading('graph', color=color)}\n{graph_text.render(graph, color=color)}")
    if any(task.thresholds for task in pipeline.tasks):
        parts.append("\n".join([_heading("thresholds", color=color), *_threshold_table(pipeline.tasks, color=color)]))
    limits = _limits_table(pipeline, color=color)
    if limits:
        parts.append("\n".join([_heading("retries and limits", color=color), *limits]))
    return "\n\n".join(parts)


def as_plain_data(entry: Entry, pipeline: Pipeline, now: datetime) -> dict[str, Any]:
    """Give a pipeline for programs, without its secrets.

    :param entry: where it stands
    :param pipeline: what it is
    :param now: the moment after which the next runs are
    """
    graph = build_graph(pipeline)
    schedule = schedule_of(pipeline.config)
    return {
        "dag_id": pipeline.dag_id,
        "file": entry.file,
        "line": entry.line,
        "schedule": pipeline.config.get("schedule"),
        "timezone": schedule.zone,
        "next_runs": [run.isoformat() for run in schedule.next_runs(now, _RUNS)],
        "owners": owners(pipeline),
        "arguments": without_secrets(dict(pipeline.config)),
        "tasks": [
            {"task_id": task.id, "line": task.place.line, "parameters": without_secrets(dict(task.config))}
            for task in pipeline.tasks
        ],
        "groups": [asdict(group) for group in graph.groups],
        "edges": [asdict(edge) for edge in graph.edges],
        "thresholds": {task.id: dict(task.thresholds) for task in pipeline.tasks if task.thresholds},
        "warnings": [problem.to_json() for problem in entry.problems],
    }


def _heading(text: str, *, color: bool) -> str:
    return paint(text, BOLD, color)


def _iter_head(entry: Entry, pipeline: Pipeline, now: datetime, *, color: bool) -> Iterator[str]:
    config = pipeline.config
    yield f"{paint(pipeline.dag_id, BOLD, color)}  {paint(f'{entry.file}:{entry.line}', DIM, color)}"
    if config.get("description"):
        yield shown(str(config["description"]))
    yield ""
    facts = [*_iter_schedule(config, now), *_iter_facts(pipeline)]
    wide = max(len(name) for name, _ in facts)
    for name, text in facts:
        yield f"{paint(f'{name:<{wide}}', DIM, color)}  {shown(text)}".rstrip()


def _iter_schedule(config: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    schedule = schedule_of(config)
    yield "schedule", schedule.words
    runs = schedule.next_runs(now, _RUNS)
    for index, run in enumerate(runs):
        yield "next runs" if not index else "", f"{in_zone(run, schedule.zone)}, {in_words(run, now)}"
    if schedule.cron and not runs:
        yield "next runs", "never again"


def _iter_facts(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield what else it has been given; whatever it is, it appears here."""
    config = pipeline.config
    if found := owners(pipeline):
        yield "owner", ", ".join(found)
    if config.get("tags"):
        yield "tags", ", ".join(str(tag) for tag in config["tags"])
    for key, value in config.items():
        if key not in _TOLD_ELSEWHERE:
            yield key, written(value, key, longest=_LONGEST)
    defaults = config.get("default_args") or {}
    if others := {key: value for key, value in defaults.items() if key not in (*_LIMITS, "owner")}:
        yield "default_args", written(others, longest=_LONGEST)


def _threshold_table(tasks: Sequence[Task], *, color: bool) -> list[str]:
    rows: list[list[Cell | str]] = []
    for task in tasks:
        for index, (what, bounds) in enumerate(task.thresholds.items()):
            rows.append(["" if index else task.id, what, Cell(bounds, YELLOW)])
    return table(("task", "what", "bounds"), rows, color=color)


def _limits_table(pipeline: Pipeline, *, color: bool) -> list[str]:
    shared = pipeline.config.get("default_args") or {}
    values = {task.id: {**shared, **task.config} for task in pipeline.tasks}
    keys = [key for key in _LIMITS if any(key in given for given in values.values())]
    rows = {task: [written(given[key], key) if key in given else "" for key in keys] for task, given in values.items()}
    if not keys:
        return []
    usual = [written(shared[key], key) if key in shared else "" for key in keys]
    own = {task: row for task, row in rows.items() if row != usual}
    first = [["every other task" if own else "every task", *usual]] if len(own) < len(rows) and any(usual) else []
    return table(("task", *keys), [*first, *([task, *row] for task, row in own.items())], color=color)
