"""The page of the health report: what is wrong, how it went lately, what failed and where to read on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from operators.health.figures import lines_over_time, verdict_grid
from operators.health.health_report import CheckResult, HealthReport, observed_text
from operators.report import Figure, Section, Table
from operators.verdict import METRIC_VALUE

_PROBLEMS_SHOWN = 40
_FAILURES_SHOWN = 20


def make_sections(report: HealthReport, history: Sequence[HealthReport]) -> tuple[Section, ...]:
    """Lay the report out.

    :param history: the last reports, this one at the end
    """
    measured = [check for check in report.checks if check.is_measured]
    return (
        _problems(report),
        _trend(history),
        *_numbers(history),
        _failures(measured),
        *(check.to_section() for check in report.checks),
        _looked_at(measured),
        Table(
            "Pages of the checks, with tables and figures",
            ("check", "page"),
            tuple((check.task_id, check.page) for check in measured),
        ),
    )


def _problems(report: HealthReport) -> Table:
    found = [(check.task_id, verdict) for check in report.checks for verdict in check.problems]
    found.sort(key=lambda pair: -METRIC_VALUE[pair[1].outcome])
    rows = [
        (
            str(verdict.outcome),
            task_id,
            verdict.name,
            observed_text(verdict),
            verdict.threshold,
            verdict.message,
        )
        for task_id, verdict in found[:_PROBLEMS_SHOWN]
    ]
    rows += [
        ("inconclusive", check.task_id, "", "–", "", "its task failed or did not run") for check in report.unmeasured
    ]
    left = len(found) - _PROBLEMS_SHOWN
    title = "What is wrong" if left <= 0 else f"What is wrong: the worst {_PROBLEMS_SHOWN} of {len(found)}"
    return Table(title, ("verdict", "check", "what", "observed", "threshold", "note"), tuple(rows))


def _trend(history: Sequence[HealthReport]) -> Figure:
    outcomes = [{check.task_id: str(check.outcome) for check in report.checks} for report in history]
    names = dict.fromkeys(name for each in reversed(outcomes) for name in each)
    rows = {name: [each.get(name, "") for each in outcomes] for name in names}
    whole = {"all checks": [str(report.outcome) for report in history]}
    return verdict_grid(f"The last {len(history)} reports", [_when(r.created_at) for r in history], {**whole, **rows})


def _numbers(history: Sequence[HealthReport]) -> Iterable[Figure]:
    numbers = [{name: value for check in report.checks for name, value in check.measures.items()} for report in history]
    names = list(dict.fromkeys(name for each in reversed(numbers) for name in each))
    if names:
        series = {name: [each.get(name) for each in numbers] for name in names}
        yield lines_over_time("Numbers over time", [_when(report.created_at) for report in history], series)


def _failures(checks: Iterable[CheckResult]) -> Table:
    rows = [
        (failure.what, failure.count, failure.run_id, _when(failure.ended_at), failure.error, failure.link)
        for check in checks
        for failure in check.failures[:_FAILURES_SHOWN]
    ]
    return Table("Top failures", ("what", "times", "latest_run", "ended_(UTC)", "error", "link"), tuple(rows))


def _looked_at(checks: Iterable[CheckResult]) -> Table:
    rows = [(check.task_id, name.replace("_", " "), value) for check in checks for name, value in check.facts.items()]
    rows += [(check.task_id, "cost", f"{check.requests} requests, {check.seconds:.2f} s") for check in checks]
    return Table("What was looked at", ("check", "fact", "value"), tuple(sorted(rows)))


def _when(moment: str) -> str:
    """Write a moment for people, on one line."""
    return (
        f"{datetime.fromisoformat(moment).astimezone(UTC):%d\N{NO-BREAK SPACE}%b\N{NO-BREAK SPACE}%H:%M}"
        if moment
        else ""
    )
