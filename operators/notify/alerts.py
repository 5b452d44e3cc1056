"""Alerts: what of a health report is worth telling, and how urgent it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from operators.health.health_report import CheckResult, HealthReport, describe
from operators.severity import severity_of
from operators.verdict import METRIC_VALUE, Outcome

_UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One problem, which has the same key as long as it lasts."""

    key: str
    """``<check>/<verdict's name>``."""
    check: str
    title: str
    """The check's, for people."""
    severity: str
    summary: str
    """On one line."""


def alerts_of(report: HealthReport, *, alert_on: Outcome, severities: Mapping[str, str]) -> tuple[Alert, ...]:
    """Give the problems of a report that are bad enough.

    :param alert_on: the mildest verdict that is worth an alert
    :param severities: pattern of a check, or of ``<check>/<verdict's name>`` -> severity instead of the verdict's
    """
    return tuple(alert for check in report.checks for alert in _of_check(check, alert_on, severities))


def unclear_in(report: HealthReport) -> frozenset[str]:
    """Give the keys of what a report could not tell: whether it is wrong is not known."""
    return frozenset(
        _key(check.task_id, verdict.name)
        for check in report.checks
        for verdict in check.problems
        if verdict.outcome is Outcome.INCONCLUSIVE
    )


def _key(check: str, name: str) -> str:
    return f"{check}/{name}"


def _of_check(check: CheckResult, alert_on: Outcome, severities: Mapping[str, str]) -> list[Alert]:
    if not check.is_measured:
        found = [(_UNMEASURED, Outcome.INCONCLUSIVE, "could not be made: its task failed or did not run; see its log")]
    else:
        found = [(verdict.name, verdict.outcome, describe(verdict)) for verdict in check.problems]
    return [
        Alert(
            key=_key(check.task_id, name),
            check=check.task_id,
            title=check.title,
            severity=_severity(check.task_id, name, outcome, severities),
            summary=summary,
        )
        for name, outcome, summary in found
        if METRIC_VALUE[outcome] >= METRIC_VALUE[alert_on]
    ]


def _severity(check: str, name: str, outcome: Outcome, severities: Mapping[str, str]) -> str:
    for pattern, severity in severities.items():
        if fnmatchcase(check, pattern) or fnmatchcase(_key(check, name), pattern):
            return severity
    return severity_of(outcome)
