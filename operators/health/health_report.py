"""The health report as a value: what GenerateHealthReport writes, and SendAlerts and MonitoringComplete read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from operators.artifacts import Artifact, Reference
from operators.health.finding import FINDING, Failure
from operators.health.health_check import format_span
from operators.report import Section, Table
from operators.verdict import METRIC_VALUE, Outcome, Verdict, format_value, verdict_table

HEALTH = "health.json"
_NAMED_AT_MOST = 5
_DURATION = re.compile(r"\d(ms|s|m|h|d|w)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check said, or that it could not be made."""

    task_id: str
    title: str
    outcome: Outcome
    """Inconclusive if it could not be made."""
    is_measured: bool
    verdicts: tuple[Verdict, ...]
    facts: Mapping[str, Any]
    page: str | None
    """URI of the check's own report, with its tables and figures."""
    failures: tuple[Failure, ...] = ()
    """What went wrong, with links, the worst first."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Numbers that are worth a line over time."""
    requests: int = 0
    seconds: float = 0.0
    is_complete: bool = True
    """Whether everything was seen. If not, what was wrong before and is not named now may be wrong still."""

    @property
    def problems(self) -> tuple[Verdict, ...]:
        """The verdicts that are not a pass, the worst first."""
        found = [verdict for verdict in self.verdicts if verdict.outcome is not Outcome.PASS]
        return tuple(sorted(found, key=lambda verdict: -METRIC_VALUE[verdict.outcome]))

    def summary(self) -> str:
        """Count the verdicts for people, as in ``1 fail, 2 warn of 7``."""
        if not self.is_measured:
            return "could not be made"
        counts = Counter(str(verdict.outcome) for verdict in self.problems)
        counted = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        return f"{counted or 'all passed'} of {len(self.verdicts)}"

    def to_verdict(self) -> Verdict:
        """Give the check as one verdict of the whole report."""
        names = [verdict.name for verdict in self.problems]
        more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
        return Verdict(
            name=self.task_id,
            outcome=self.outcome,
            observed=self.summary(),
            threshold="every verdict passes",
            message=", ".join(names[:_NAMED_AT_MOST]) + more if self.is_measured else "its task failed or did not run",
        )

    def to_section(self) -> Section:
        """Lay the check's verdicts out."""
        if not self.is_measured:
            columns, row = ("verdict", "note"), (str(self.outcome), "Its task failed or did not run; see its log.")
            return Table(self.task_id, columns, (row,))
        return verdict_table(self.verdicts, f"{self.title} ({self.task_id})")

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {
            "task_id": self.task_id,
            "title": self.title,
            "verdict": str(self.outcome),
            "is_measured": self.is_measured,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "facts": dict(self.facts),
            "report": self.page,
            "failures": [failure.to_json() for failure in self.failures],
            "measures": dict(self.measures),
            "requests": self.requests,
            "seconds": self.seconds,
            "is_complete": self.is_complete,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CheckResult:
        """Read the plain form."""
        return cls(
            task_id=value["task_id"],
            title=value["title"],
            outcome=Outcome(value["verdict"]),
            is_measured=value["is_measured"],
            verdicts=tuple(map(_verdict, value["verdicts"])),
            facts=value["facts"],
            page=value["report"],
            failures=tuple(Failure(**failure) for failure in value["failures"]),
            measures=value["measures"],
            requests=value["requests"],
            seconds=value["seconds"],
            is_complete=value.get("is_complete", value["is_measured"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """All checks of one run."""

    dag_id: str
    run_id: str
    created_at: str
    """UTC, ISO 8601."""
    checks: tuple[CheckResult, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome."""
        return max((check.outcome for check in self.checks), key=METRIC_VALUE.__getitem__, default=Outcome.PASS)

    @property
    def unmeasured(self) -> tuple[CheckResult, ...]:
        """The checks that could not be made."""
        return tuple(check for check in self.checks if not check.is_measured)

    @property
    def incomplete(self) -> tuple[CheckResult, ...]:
        """The checks that could not be made, or did not see everything: nothing is known of what they do not name."""
        return tuple(check for check in self.checks if not check.is_complete)

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "created_at": self.created_at,
            "verdict": str(self.outcome),
            "checks": [check.to_json() for check in self.checks],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> HealthReport:
        """Read the plain form."""
        return cls(
            dag_id=value["dag_id"],
            run_id=value["run_id"],
            created_at=value["created_at"],
            checks=tuple(map(CheckResult.from_json, value["checks"])),
        )


def read_check(reference: Reference) -> CheckResult:
    """Read what a check published.

    :param reference: the result of the check's task
    :raises ArtifactError: if its artefact is missing or was altered
    """
    artifact = Artifact(reference)
    kept = artifact.read_json("verdicts.json")
    found = artifact.read_json(FINDING) if FINDING in artifact.files else {}
    return CheckResult(
        task_id=kept["task_id"],
        title=kept["title"],
        outcome=Outcome(kept["verdict"]),
        is_measured=True,
        verdicts=tuple(map(_verdict, kept["verdicts"])),
        facts=kept["facts"],
        page=artifact.uri_of("report.html"),
        failures=tuple(Failure(**failure) for failure in found.get("failures", ())),
        measures=found.get("measures", {}),
        requests=found.get("requests", 0),
        seconds=found.get("seconds", 0.0),
        is_complete=found.get("is_complete", True),
    )


def unmeasured_check(task_id: str) -> CheckResult:
    """Stand in for a check that left no result."""
    return CheckResult(
        task_id=task_id,
        title=task_id,
        outcome=Outcome.INCONCLUSIVE,
        is_measured=False,
        verdicts=(),
        facts={},
        page=None,
        is_complete=False,
    )


def read_health_report(value: Any, *, where: str) -> tuple[HealthReport, str]:
    """Read the report that a GenerateHealthReport task published.

    :param value: the rendered parameter
    :param where: how to call the parameter in an error
    :returns: the report and the URI of its page
    :raises AirflowFailException: if the value is not the result of such a task
    :raises ArtifactError: if its artefact is missing or was altered
    """
    from airflow.sdk.exceptions import AirflowFailException

    reference = Reference.from_xcom(value, where=where)
    if reference.kind != "health":
        raise AirflowFailException(
            f"{where}: expected the result of a GenerateHealthReport task, found {reference.kind}"
        )
    artifact = Artifact(reference)
    return HealthReport.from_json(artifact.read_json(HEALTH)), artifact.uri_of("report.html")


def describe(verdict: Verdict) -> str:
    """Write a verdict on one line, as in ``a_dag.failed_runs: 4 (warn 0, fail 2) of 6 finished``."""
    note = f" - {verdict.message}" if verdict.message else ""
    return f"{verdict.name}: {observed_text(verdict)} (threshold {verdict.threshold}){note}"


def observed_text(verdict: Verdict) -> str:
    """Write what was observed in the unit in which the threshold is written: ``35m 14s``, ``80%``, ``4``."""
    observed = verdict.observed
    if not isinstance(observed, int | float) or not math.isfinite(observed):
        return format_value(observed)
    if _DURATION.search(verdict.threshold):
        return format_span(observed) if observed >= 1 else f"{observed * 1000:.0f}ms"
    return f"{observed * 100:.3g}%" if "%" in verdict.threshold else format_value(observed)


def _verdict(value: Mapping[str, Any]) -> Verdict:
    fields = {key: value[key] for key in ("name", "observed", "threshold", "bound", "message")}
    return Verdict(outcome=Outcome(value["verdict"]), **fields)
