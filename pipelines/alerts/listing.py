"""Which alerts pipelines have, and why; for people, or as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.alerts.rules import PipelineAlerts
from pipelines.overview.table import Cell, table
from schemas.formats.terminal import BOLD, DIM
from schemas.lengths import in_units

_HEADER = ("pipeline", "a success within", "follows from", "deadlines", "file")


def as_text(alerts: Sequence[PipelineAlerts], *, color: bool) -> str:
    """Lay the list out as a table.

    :param alerts: those of each pipeline
    :param color: whether to print escape sequences for colours
    """
    return "\n".join(table(_HEADER, [_row(each) for each in alerts], color=color))


def as_plain_data(alerts: Sequence[PipelineAlerts]) -> list[dict[str, Any]]:
    """Give the list for programs.

    :param alerts: those of each pipeline
    """
    return [_facts(each) for each in alerts]


def _row(alerts: PipelineAlerts) -> list[Cell | str]:
    within, why = alerts.freshness.within, alerts.freshness.why
    return [
        Cell(alerts.pipeline.dag_id, BOLD),
        in_units(within) if within is not None else Cell("no alert", DIM),
        why,
        "; ".join(deadline.words for deadline in alerts.deadlines),
        Cell(f"{alerts.entry.file}:{alerts.entry.line}", DIM),
    ]


def _facts(alerts: PipelineAlerts) -> dict[str, Any]:
    within = alerts.freshness.within
    return {
        "dag_id": alerts.pipeline.dag_id,
        "file": alerts.entry.file,
        "line": alerts.entry.line,
        "success_within_seconds": None if within is None else round(within.total_seconds()),
        "follows_from": alerts.freshness.why,
        "deadlines": [deadline.words for deadline in alerts.deadlines],
    }
