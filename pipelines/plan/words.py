"""What a plan says in words, whatever it is shown as."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from pipelines.overview.next_runs import in_zone, schedule_of
from pipelines.plan.changes import Change, Kind
from pipelines.plan.plan import NO_CHANGE, NO_EFFECT, PipelinePlan, Placed, Plan, Status, errors_of
from schemas.spec import Pipeline

SIGNS = {
    Status.ADDED: "+",
    Status.REMOVED: "-",
    Status.RENAMED: "~",
    Status.CHANGED: "~",
    Status.RESPELLED: "≈",
    Status.UNCHANGED: "=",
    Status.BROKEN: "!",
    Status.REPAIRED: "+",
    Status.STILL_BROKEN: "!",
}
SIGN_OF_CHANGE = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~", Kind.RENAMED: "~", Kind.RESPELLED: "≈"}
_COUNTED = tuple(status for status in Status if status not in NO_EFFECT)
_ABOUT_TIME = ("schedule", "timezone", "start_date", "end_date")
_SHORT = 10


def headline(plan: Plan) -> str:
    """Say in one line what a plan comes to."""
    against = f"against {plan.revision.name} ({plan.revision.commit[:_SHORT]})"
    counts = Counter(pipeline.status for pipeline in plan.pipelines)
    parts = [f"{counts[status]} {status}" for status in _COUNTED if counts[status]]
    if plan.has_changes:
        parts += [f"{plan.unchanged} unchanged"] if plan.unchanged else []
        return f"{against}: {', '.join(parts)}"
    respelled = f"; {counts[Status.RESPELLED]} written differently, to the same effect"
    return f"{against}: no change in Airflow{respelled if counts[Status.RESPELLED] else ''}"


def title(plan: PipelinePlan) -> str:
    """Name a pipeline, and say what becomes of it."""
    before, after = plan.before, plan.after
    name = plan.name or plan.entry.file
    if plan.status is Status.RENAMED and before and after:
        return f"{before.dag_id} is renamed to {after.dag_id}: a new pipeline to Airflow, the runs stay with the old id"
    if plan.status is Status.BROKEN:
        return f"{name} leaves Airflow: {_count(errors_of(plan.entry), 'error')}, see `pipelines check`"
    if plan.status is Status.STILL_BROKEN:
        return f"{name} is not in Airflow, before or after: {_count(errors_of(plan.entry), 'error')}"
    if plan.status is Status.REPAIRED:
        return f"{name} is repaired and comes to Airflow"
    if plan.status is Status.UNCHANGED:
        return f"{name}: no change in Airflow"
    if plan.status is Status.RESPELLED:
        return f"{name}: written differently, to the same effect; Airflow keeps a new version"
    return f"{name} is {plan.status}"


def contents(pipeline: Pipeline, now: datetime) -> str:
    """Say in one line what a pipeline is that was added or removed."""
    schedule = schedule_of(pipeline.config)
    runs = schedule.next_runs(now, 1)
    following = f", next run {in_zone(runs[0], schedule.zone)}" if runs else ""
    return f"{_count(len(pipeline.tasks), 'task')}, schedule {schedule.text}{following}"


def note_on_runs(plan: PipelinePlan, placed: Placed, now: datetime) -> str:
    """Say when a pipeline runs next, before and after a change of its schedule."""
    is_about_time = placed.change.what in _ABOUT_TIME and placed.change.kind is not Kind.RESPELLED
    if not is_about_time or placed.change.task is not None:
        return ""
    times = []
    for entry in (plan.before, plan.after):
        if entry is None or entry.pipeline is None:
            return ""
        schedule = schedule_of(entry.pipeline.config)
        runs = schedule.next_runs(now, 1)
        times.append(in_zone(runs[0], schedule.zone) if runs else schedule.words)
    return f"next run {times[1]}, was {times[0]}" if times[0] != times[1] else f"next run still {times[0]}"


def values(change: Change) -> str:
    """Say from what to what something changed."""
    if change.kind is Kind.RENAMED:
        return f"→ {change.after}"
    if change.before is None or change.after is None:
        return change.after or change.before or ""
    return f"{change.before} → {change.after}"


def is_shown(plan: PipelinePlan) -> bool:
    """Tell whether a pipeline is worth a line of its own."""
    return plan.status not in NO_CHANGE or plan.status is not Status.UNCHANGED


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
