"""A plan for programs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pipelines.overview.next_runs import schedule_of
from pipelines.plan.places import Spot
from pipelines.plan.plan import PipelinePlan, Placed, Plan, errors_of
from schemas.spec import Pipeline

VERSION = 1
"""Grows when a key goes away or changes its meaning; new keys may come at any time."""


def render(plan: Plan, now: datetime) -> str:
    """Render a plan as JSON.

    :param plan: of all pipelines
    :param now: the moment after which the next runs are
    """
    document = {
        "version": VERSION,
        "against": plan.revision.name,
        "commit": plan.revision.commit,
        "changed": plan.has_changes,
        "unchanged": plan.unchanged,
        "edited_without_effect": list(plan.edited),
        "pipelines": [_pipeline(pipeline, now) for pipeline in plan.pipelines],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _pipeline(plan: PipelinePlan, now: datetime) -> dict[str, Any]:
    document: dict[str, Any] = {"dag_id": plan.name or None, "status": str(plan.status)}
    for side, entry in (("before", plan.before), ("after", plan.after)):
        document[side] = entry and {
            "dag_id": entry.dag_id or None,
            "file": entry.file,
            "line": entry.line,
            "errors": errors_of(entry),
            "next_run": _next_run(entry.pipeline, now),
        }
    return {**document, "changes": [_change(placed) for placed in plan.changes]}


def _next_run(pipeline: Pipeline | None, now: datetime) -> str | None:
    runs = schedule_of(pipeline.config).next_runs(now, 1) if pipeline else []
    return runs[0].isoformat() if runs else None


def _change(placed: Placed) -> dict[str, Any]:
    change = placed.change
    return {
        "kind": str(change.kind),
        "task": change.task,
        "what": change.what,
        "before": change.before,
        "after": change.after,
        "before_at": _spot(placed.before),
        "after_at": _spot(placed.after),
        "note": change.note,
    }


def _spot(spot: Spot | None) -> dict[str, Any] | None:
    return spot and spot._asdict()
