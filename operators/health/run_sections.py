"""The page of CheckDagRuns: tables and a figure of what it saw."""

from __future__ import annotations

from datetime import datetime, timedelta

from operators.health.airflow_api import Links
from operators.health.figures import bars_over_time
from operators.health.health_check import format_span
from operators.health.run_look import RunLook
from operators.report import Section, Table

_SHOWN = 20


def make_sections(look: RunLook, links: Links, window: timedelta) -> tuple[Section, ...]:
    """Lay out what failed, what is late and what runs.

    :param window: of the figure
    """
    sections: list[Section] = [_failed(look, links), _late(look, links), _running(look, links)]
    ends = [run.ended_at for run in look.failed if run.ended_at]
    if ends:
        sections.insert(1, bars_over_time("Failed runs over time", ends, until=look.now, window=window))
    return tuple(sections)


def _failed(look: RunLook, links: Links) -> Table:
    latest = {run.dag_id: run for run in reversed(look.failed)}
    rows = tuple(
        (
            dag_id,
            count,
            look.finished[dag_id].all if dag_id in look.finished else "–",
            latest[dag_id].run_id,
            _moment(latest[dag_id].ended_at),
            links.run(latest[dag_id]),
        )
        for dag_id, count in look.failures.most_common(_SHOWN)
    )
    return Table("DAGs with failed runs", ("dag", "failed", "finished", "latest_failed_run", "ended", "link"), rows)


def _late(look: RunLook, links: Links) -> Table:
    late = sorted(look.late.items(), key=lambda item: -item[1][0])
    rows = tuple(
        (dag_id, format_span(seconds), what, links.dag(dag_id)) for dag_id, (seconds, what) in late if round(seconds)
    )
    return Table("Latest starts", ("dag", "late_by", "what", "link"), rows[:_SHOWN])


def _running(look: RunLook, links: Links) -> Table:
    longest = sorted(look.running, key=look.age, reverse=True)[:_SHOWN]
    rows = tuple((run.dag_id, run.run_id, format_span(look.age(run)), links.run(run)) for run in longest)
    return Table("Longest-running runs", ("dag", "run", "running_for", "link"), rows)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
