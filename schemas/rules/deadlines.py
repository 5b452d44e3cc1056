"""Rules on deadlines that can never come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.rules.clocks import schedule_path, waits_for_assets_only
from schemas.source import Tree

_USUAL_MOST = 10
"""Runs that count for an average if none are given."""


def iter_deadline_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield alerts that Airflow accepts and never raises."""
    for path, alert in _iter_alerts(outline):
        reference = alert.get("reference")
        if isinstance(reference, dict):
            yield from _average(reference.get("average_runtime"), (*path, "reference", "average_runtime"), tree)
        elif reference == "dagrun_logical_date" and waits_for_assets_only(outline):
            message = "runs that assets start have no logical date, so there is never a deadline"
            yield Finding("P314", tree.find((*path, "reference")).place, message, "write dagrun_queued_at")


def _iter_alerts(outline: Outline) -> Iterator[tuple[Path, dict[str, Any]]]:
    value, path = outline.setting("deadline"), schedule_path(outline, "deadline")
    pairs = enumerate(value) if isinstance(value, list) else [(None, value)]
    for index, alert in pairs:
        if isinstance(alert, dict):
            yield path if index is None else (*path, index), alert


def _average(value: Any, path: Path, tree: Tree) -> Iterator[Finding]:
    if not isinstance(value, dict):
        return
    most, least = value.get("max_runs", _USUAL_MOST), value.get("min_runs")
    if isinstance(most, int) and isinstance(least, int) and least > most:
        message = f"at most {most} runs count, and {least} are needed, so there is never a deadline"
        yield Finding("P314", tree.find((*path, "min_runs")).place, message, "min_runs is at most max_runs")
