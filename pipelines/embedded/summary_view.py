"""Lays the summary of ``make run`` out for people; the same on a terminal and in a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.embedded.progress import STYLE_OF_STATE
from pipelines.embedded.summary import RunSummary, Summary, TaskSummary, file_path

_WORST_FIRST = ("fail", "inconclusive", "warn", "pass")
# What judges a model is shown whole; of all other checks, those that did not pass.
_SHOWN_WHOLE = frozenset({"Quality gates", "Deployment"})
_LONG_NOTE = 60
_NO_TABLES = frozenset({"health", "judgement"})
# Wide enough to cut nothing off: a terminal breaks long lines by itself, and paths are to be copied.
_WIDTH = 1000


def print_summary(summary: Summary, *, seconds: float) -> None:
    """Print the end of ``make run``.

    :param summary: what came out
    :param seconds: how long all of it took
    """
    _print(render_summary(summary, seconds=seconds))


def print_run(run: RunSummary) -> None:
    """Print one run with all its tasks, and what they found."""
    _print(render_run(run))


def _print(part: RenderableType) -> None:
    # Names and thresholds are shown as they are, whatever brackets they have.
    console = Console(width=_WIDTH, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(part)
    print(_without_padding(captured.get()))


def _without_padding(text: str) -> str:
    # A style may end after the blanks that fill up a line.
    return re.sub(r"[ ]+((?:\x1b\[[0-9;]*m)*)$", r"\1", text.rstrip(), flags=re.MULTILINE)


def render_summary(summary: Summary, *, seconds: float) -> RenderableType:
    """Lay a summary out."""
    parts: list[RenderableType] = [render_run(run) for run in summary.runs]
    login = Text.assemble(
        ("UI        ", "bold"), summary.url, f"   user {summary.username}   password {summary.password}"
    )
    parts += [Text(""), login, Text(f"stop      make stop   (all of it took {seconds:.0f} s)")]
    return Group(*parts)


def render_run(run: RunSummary) -> RenderableType:
    """Lay one run out."""
    return Group(Text(""), _heading(run), *(Padding(part, (0, 0, 0, 2)) for part in _iter_parts(run)))


def _heading(run: RunSummary) -> Text:
    style = STYLE_OF_STATE.get(run.end.state, "yellow")
    return Text.assemble(
        (run.end.dag_id, "bold"),
        "  ",
        (run.end.state, style),
        f" in {run.end.seconds:.1f} s  ",
        (run.end.run_id, "dim"),
    )


def _iter_parts(run: RunSummary) -> Iterator[RenderableType]:
    yield _task_table(run.tasks)
    for task in run.tasks:
        shown = _shown_verdicts(task)
        if shown:
            yield _verdict_table(task, shown)
    yield _facts(run.tasks)
    for task in run.tasks:
        if task.log_tail:
            yield Text.assemble((f"\nend of the log of {task.end.task_id}\n", "bold red"), task.log_tail)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column in ("seconds", "rows", "tries") else "left")
    return table


def _task_table(tasks: Sequence[TaskSummary]) -> Table:
    table = _table("task", "state", "seconds", "tries", "rows", "verdict")
    for task in tasks:
        end = task.end
        seconds = "" if end.seconds is None else f"{end.seconds:.1f}"
        rows = None if task.reference.get("kind") in _NO_TABLES else task.reference.get("rows")
        table.add_row(
            end.task_id,
            _coloured(end.state),
            seconds,
            str(end.tries),
            "" if rows is None else str(rows),
            _verdict_counts(task.verdict),
        )
    return table


def _coloured(state: str) -> Text:
    return Text(state, style=STYLE_OF_STATE.get(state, "yellow"))


def _verdict_counts(verdict: Mapping[str, Any]) -> Text:
    if not verdict:
        return Text("")
    counts = [f"{verdict[key]} {key}" for key in ("failed", "inconclusive", "warned", "passed") if verdict.get(key)]
    return _coloured(str(verdict["verdict"])) + Text(f"  {', '.join(counts)}", style="dim")


def _shown_verdicts(task: TaskSummary) -> list[Mapping[str, Any]]:
    whole = task.judgement.get("title") in _SHOWN_WHOLE
    verdicts = [v for v in task.judgement.get("verdicts", []) if whole or v["verdict"] != "pass"]
    return sorted(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict["verdict"]))


def _verdict_table(task: TaskSummary, verdicts: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = _table(str(task.judgement["title"]), "observed", "threshold", "verdict", "")
    for verdict in verdicts:
        note = str(verdict.get("message", ""))
        worth_it = verdict["verdict"] != "pass" or len(note) <= _LONG_NOTE
        table.add_row(
            str(verdict["name"]),
            _number(verdict["observed"]),
            str(verdict["threshold"]),
            _coloured(verdict["verdict"]),
            Text(note if worth_it else "", style="dim"),
        )
    return Padding(table, (1, 0, 0, 0))


def _number(observed: Any) -> str:
    if observed is None:
        return "–"
    return f"{observed:.6g}" if isinstance(observed, int | float) else str(observed)


def _facts(tasks: Sequence[TaskSummary]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    for name, value in _iter_facts(tasks):
        table.add_row(name, value)
    return Padding(table, (1, 0, 0, 0))


def _iter_facts(tasks: Sequence[TaskSummary]) -> Iterator[tuple[str, str]]:
    rows = {key: value for task in tasks for key, value in task.facts.items() if key.startswith("rows_")}
    if rows:
        yield "rows", ", ".join(f"{value} {key.removeprefix('rows_').replace('_', ' ')}" for key, value in rows.items())
    for task in tasks:
        known = {**task.facts, **task.reference}
        if "version" in known:
            alias = f", alias {known['alias']}" if known.get("alias") else ""
            yield "model", f"{known.get('registered_model', '')} version {known['version']}{alias}".strip()
        if known.get("kind") == "health" and task.verdict:
            yield "health", str(task.verdict["verdict"])
    for task in tasks:
        if "report" in task.verdict:
            yield "report", _shown_path(task.verdict["report"])


def _shown_path(uri: str) -> str:
    path = file_path(uri)
    near = os.path.relpath(path) if path.startswith("/") else path
    return path if near.startswith("..") else near
