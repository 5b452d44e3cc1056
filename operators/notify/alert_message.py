"""The message of SendAlerts: what is new, worse, still there and over, grouped by check, in every form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from operators.health.health_report import HealthReport
from operators.notify.alert_state import AlertState, Audience, News, Tracked
from operators.notify.message_value import Incident, Message, one_line
from operators.report import Table, render_report
from operators.severity import SEVERITIES
from operators.verdict import Outcome

_LINES_PER_CHECK = 20
_KEYS_IN_DATA = 100
_SHOWN_AS = {"critical": str(Outcome.FAIL), "warning": str(Outcome.WARN), "info": str(Outcome.INCONCLUSIVE)}
"""The page's badge."""


def make_message(report: HealthReport, page: str, news: News, state: AlertState, audience: Audience) -> Message:
    """Write what one channel is told.

    :param report: the report that made it known
    :param page: URI of the report's page
    :param news: what the channel does not know yet
    :param state: all that is open
    :param audience: the channel
    """
    wanted = [tracked for tracked in state.open if audience.wants(tracked.alert)]
    severity = _worst(news.begun)
    counts = {"new": news.new, "worse": news.worse, "still open": news.still, "recovered": news.recovered}
    heading = ", ".join(f"{len(found)} {name}" for name, found in counts.items() if found)
    subject = one_line(f"Airflow health: {heading}" + (f" ({severity})" if news.begun else ""))
    identity = {"dag_id": report.dag_id, "run_id": report.run_id, "report": page}
    parts = [f"{name.upper()}\n\n{_by_check(found, _paragraph)}" for name, found in counts.items() if found]
    parts.append(f"Open in all: {_count(wanted)}\nReport: {page}\nRun: {report.dag_id} {report.run_id}")
    return Message(
        subject=subject,
        text="\n\n".join(parts) + "\n",
        html=render_report(
            "Airflow health",
            _SHOWN_AS[severity] if news.begun else str(Outcome.PASS),
            {**identity, "open in all": _count(wanted)},
            [_table(name, found) for name, found in counts.items() if found],
        ),
        facts={
            "severity": severity,
            **identity,
            "verdict": str(report.outcome),
            "checks": {check.task_id: str(check.outcome) for check in report.checks},
            **{name.replace(" ", "_"): [_plain(t) for t in found[:_KEYS_IN_DATA]] for name, found in counts.items()},
            "open": len(wanted),
        },
        severity=severity,
        incidents=tuple(_incidents(report, page, news, wanted)),
    )


def _worst(alerts: Sequence[Tracked]) -> str:
    return min((t.alert.severity for t in alerts), key=SEVERITIES.index, default="info")


def _count(alerts: Sequence[Tracked]) -> str:
    found = {severity: sum(t.alert.severity == severity for t in alerts) for severity in SEVERITIES}
    return ", ".join(f"{number} {severity}" for severity, number in found.items() if number) or "nothing"


def _by_check(alerts: Sequence[Tracked], write: Callable[[Sequence[Tracked]], str]) -> str:
    groups: dict[str, list[Tracked]] = {}
    for tracked in alerts:
        groups.setdefault(tracked.alert.check, []).append(tracked)
    return "\n\n".join(map(write, groups.values()))


def _paragraph(alerts: Sequence[Tracked]) -> str:
    lines = [f"  {t.alert.severity}  {_line(t)}" for t in alerts[:_LINES_PER_CHECK]]
    left = len(alerts) - len(lines)
    return "\n".join([alerts[0].alert.title, *lines, *([f"  and {left} more"] if left else [])])


def _line(tracked: Tracked) -> str:
    return f"{tracked.alert.summary}{' (comes and goes)' if tracked.is_flapping else ''}"


def _table(name: str, alerts: Sequence[Tracked]) -> Table:
    shown = alerts[:_KEYS_IN_DATA]
    rows = tuple((t.alert.severity, t.alert.title, _line(t), t.since) for t in shown)
    left = f": {len(shown)} of {len(alerts)}" if len(shown) < len(alerts) else ""
    return Table(f"{name.capitalize()}{left}", ("severity", "check", "what", "since"), rows)


def _plain(tracked: Tracked) -> dict[str, Any]:
    alert = tracked.alert
    return {
        "key": alert.key,
        "check": alert.check,
        "severity": alert.severity,
        "summary": _line(tracked),
        "since": tracked.since,
    }


def _incidents(report: HealthReport, page: str, news: News, wanted: Sequence[Tracked]) -> Iterable[Incident]:
    """Give one incident for each check that the news is about; it is over when nothing of the check is open."""
    touched: Mapping[str, Tracked] = {t.alert.check: t for t in (*news.recovered, *news.begun)}
    for check, tracked in touched.items():
        still = [other for other in wanted if other.alert.check == check]
        more = f" and {len(still) - 1} more" if len(still) > 1 else ""
        yield Incident(
            key=f"{report.dag_id}/{check}",
            summary=f"{tracked.alert.title}: {_line(still[0]) if still else 'recovered'}{more}",
            severity=_worst(still),
            source=report.dag_id,
            is_over=not still,
            links={"Health report": page} if page.startswith(("http://", "https://")) else {},
        )
