"""GenerateHealthReport: gathers what the checks said into one page, between the checks and the alerts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import ArtifactWriter, Reference
from operators.health.health_report import (
    HEALTH,
    CheckResult,
    HealthReport,
    read_check,
    unmeasured_check,
)
from operators.health.report_history import delete_old_reports, read_history
from operators.health.report_sections import make_sections
from operators.mistakes import mistakes_fail_the_task
from operators.parameters import Duration, TaskResults
from operators.severity import severity_of
from operators.thresholds import parse_duration
from operators.verdict import METRIC_VALUE, Judgement, record_judgement

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

_TREND = 24


class GenerateHealthReportOperator(BaseOperator):
    """Make one page and one JSON file from the results of the health checks.

    A check whose task left no result could not be made; it is inconclusive, and the report is made all the same.
    Give the task ``trigger_rule: all_done``, so that it runs then. ``health.verdict`` and ``health.problems`` say what
    each check found, whether or not a channel can be told.

    .. code-block:: yaml

        generate_health_report:
          operator: GenerateHealthReport
          dependencies: [check_dag_runs, check_task_failures, check_scheduler_health]
          trigger_rule: all_done
          checks: [check_dag_runs, check_task_failures, check_scheduler_health]
          keep: 30d

    :param checks: the results of the checks; None for one that failed (templated)
    :param keep: how long reports stay; older ones are deleted, with what the tasks before and after left in their runs
    """

    template_fields: Sequence[str] = ("checks",)

    def __init__(self, *, checks: TaskResults, keep: Duration = "30d", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checks = checks
        self.keep = keep

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the checks' judgements and publish the report.

        :returns: the reference of an artefact of kind ``health``, and the ``verdict``
        :raises AirflowFailException: if ``checks`` holds something that is not the result of a check
        :raises ArtifactError: if the artefact of a check is missing or was altered
        """
        ti = context["ti"]
        with mistakes_fail_the_task(self.task_id):
            kept = parse_duration(self.keep, where="keep")
        report = HealthReport(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            checks=self._read_checks(),
        )
        _emit(report)
        history = (*read_history(ti.dag_id, ti.task_id, at_most=_TREND - 1), report)
        artifact = ArtifactWriter(context)
        artifact.write_json(HEALTH, report.to_json())
        record_judgement(context, artifact, _judgement_of(report), sections=make_sections(report, history))
        reference = artifact.publish("health", rows=len(report.checks))
        deleted = delete_old_reports(ti.dag_id, ti.task_id, self._others(), kept=kept, this=ti.run_id)
        if deleted:
            log.info("deleted the reports of %d runs that are older than %s", deleted, self.keep)
        return {**reference.to_xcom(), "verdict": str(report.outcome)}

    def _others(self) -> set[str]:
        """Name the tasks before and after this one, which are part of the same health run."""
        if self.get_dag() is None:
            return set(self.upstream_task_ids)
        return {*self.get_flat_relative_ids(upstream=True), *self.get_flat_relative_ids(upstream=False)}

    def _read_checks(self) -> tuple[CheckResult, ...]:
        places = [f"{self.task_id}.checks[{position}]" for position in range(len(self.checks))]
        found = {
            place: read_check(Reference.from_xcom(value, where=place))
            for place, value in zip(places, self.checks, strict=True)
            if value is not None
        }
        names = self._names_of_missing([check.task_id for check in found.values()], places)
        return tuple(found.get(place) or unmeasured_check(names[place]) for place in places)

    def _names_of_missing(self, found: Sequence[str], places: Sequence[str]) -> Mapping[str, str]:
        """Name the checks without a result: the tasks before this one that are left over, if they are as many."""
        missing = sorted(set(self.upstream_task_ids) - set(found))
        if len(missing) + len(found) != len(places):
            return {place: place for place in places}
        without = [place for place, value in zip(places, self.checks, strict=True) if value is None]
        return dict(zip(without, missing, strict=True))


def _emit(report: HealthReport) -> None:
    for check in report.checks:
        tags = {"dag_id": report.dag_id, "check": check.task_id}
        stats.emit(stats.HEALTH_VERDICT, METRIC_VALUE[check.outcome], **tags)
        counts = Counter(severity_of(verdict.outcome) for verdict in check.problems)
        for severity in ("critical", "warning"):
            stats.emit(stats.HEALTH_PROBLEMS, counts[severity], **tags, severity=severity)


def _judgement_of(report: HealthReport) -> Judgement:
    verdicts = tuple(check.to_verdict() for check in report.checks)
    problems = Counter(str(verdict.outcome) for check in report.checks for verdict in check.problems)
    facts = {
        "created_at": report.created_at,
        "problems": ", ".join(f"{number} {outcome}" for outcome, number in problems.items()) or "none",
        "checks_made": f"{len(report.checks) - len(report.unmeasured)} of {len(report.checks)}",
    }
    return Judgement(title="Airflow health", verdicts=verdicts, facts=facts)
