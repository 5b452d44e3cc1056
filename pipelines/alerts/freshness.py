"""How long a pipeline may go without a success: what its YAML says, or else what follows from its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from operators.thresholds import parse_duration
from pipelines.alerts.deadlines import deadlines_of
from pipelines.overview.listing import paused
from pipelines.overview.next_runs import schedule_of
from schemas.gaps import longest_gap
from schemas.lengths import in_units
from schemas.rules.freshness import LONGEST

_OFTEN = timedelta(hours=12)
_MISSED = 3
_LEAST, _MOST = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the last success may be."""

    within: timedelta | None
    """None if there is no alert."""
    why: str
    """What it follows from, or why there is no alert."""


def freshness_of(config: Mapping[str, Any]) -> Freshness:
    """Tell how long a pipeline may go without a success.

    :param config: its arguments, the shared ones included
    """
    schedule = schedule_of(config)
    gap = longest_gap(config.get("schedule"), schedule.zone)
    if "freshness" in config:
        return Freshness(parse_duration(config["freshness"], where="freshness"), "stated")
    if paused(config):
        return Freshness(None, "paused at first")
    if gap is None:
        return Freshness(None, "no runs by time")
    between = gap * (_MISSED if gap < _OFTEN else 1)
    allowed, for_what = _run_time(config, gap)
    within = between + allowed
    if within > LONGEST:
        return Freshness(None, f"{in_units(gap)} between two runs")
    times = f"{_MISSED} times " if between > gap else ""
    return Freshness(within, f"{times}{in_units(gap)} between two runs, {in_units(allowed)} {for_what}")


def _run_time(config: Mapping[str, Any], gap: timedelta) -> tuple[timedelta, str]:
    """Tell how long a run may take."""
    if (timeout := config.get("dagrun_timeout")) is not None:
        return parse_duration(timeout, where="dagrun_timeout"), "until the timeout of a run"
    intervals = [deadline.interval for deadline in deadlines_of(config) if deadline.is_of_run and deadline.interval]
    if intervals:
        return max(intervals), "until its deadline"
    return min(max(gap, _LEAST), _MOST), "for a run"
