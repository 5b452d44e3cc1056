"""A plan for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pipelines.plan.changes import Kind
from pipelines.plan.plan import PipelinePlan, Placed, Plan, Status
from pipelines.plan.words import SIGN_OF_CHANGE, SIGNS, contents, headline, note_on_runs, title, values
from schemas.formats.terminal import BOLD, DIM, GREEN, RED, YELLOW, paint, shown

_COLORS = {"+": GREEN, "-": RED, "~": YELLOW, "≈": DIM, "=": DIM, "!": RED}


def render(plan: Plan, now: datetime, *, color: bool = False) -> str:
    """Lay a plan out.

    :param plan: of all pipelines
    :param now: the moment after which the next runs are
    :param color: whether to print escape sequences for colours
    """
    parts = [f"plan {headline(plan)}"]
    parts += ["\n".join(_iter_lines(pipeline, now, color=color)) for pipeline in plan.pipelines]
    if plan.edited and not plan.pipelines:
        parts.append(f"edited without effect: {', '.join(map(shown, plan.edited))}")
    return "\n\n".join(parts)


def _iter_lines(plan: PipelinePlan, now: datetime, *, color: bool) -> Iterator[str]:
    sign = SIGNS[plan.status]
    place = paint(f"{shown(plan.entry.file)}:{plan.entry.line}", DIM, color)
    yield f"{paint(sign, _COLORS[sign], color)} {paint(shown(title(plan)), BOLD, color)}  {place}"
    if plan.status in (Status.ADDED, Status.REMOVED, Status.REPAIRED) and plan.entry.pipeline:
        yield f"    {contents(plan.entry.pipeline, now)}"
    task = None
    for placed in plan.changes:
        indent = "    "
        if placed.change.task is not None:
            if placed.change.task != task and not _is_of_the_task_itself(placed):
                yield f"    {paint('~', YELLOW, color)} task {shown(placed.change.task)}"
            indent = "    " if _is_of_the_task_itself(placed) else "        "
        task = placed.change.task
        yield indent + _line(plan, placed, now, color=color)


def _is_of_the_task_itself(placed: Placed) -> bool:
    return placed.change.task is not None and placed.change.what == f"task {placed.change.before or placed.change.task}"


def _line(plan: PipelinePlan, placed: Placed, now: datetime, *, color: bool) -> str:
    change = placed.change
    sign = SIGN_OF_CHANGE[change.kind]
    what = paint(shown(change.what), BOLD, color)
    text = shown(values(change))
    notes = [change.note, note_on_runs(plan, placed, now)]
    notes += ["the same"] if change.kind is Kind.RESPELLED and change.after is not None else []
    note = "; ".join(filter(None, notes))
    spot = placed.after or placed.before
    parts = [f"{paint(sign, _COLORS[sign], color)} {what}", text, f"({note})" if note else ""]
    parts.append(paint(shown(str(spot)), DIM, color) if spot else "")
    return "  ".join(filter(None, parts))
