"""GenerateHealthReport: gathers what the checks said into one page, between the checks and the alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from operators.artifacts import ArtifactWriter, Reference
from operators.health.figures import verdict_grid
from operators.health.health_report import (
    HEALTH,
    CheckResult,
    HealthReport,
    read_check,
    read_history,
    unmeasured_check,
)
from operators.parameters import TaskResults
from operators.report import Figure, Section, Table
from operators.verdict import Judgement, record_judgement

if TYPE_CHECKING:
    from airflow.sdk import Context

_TREND = 24


class GenerateHealthReportOperator(BaseOperator):
    """Make one page and one JSON file from the results of the health checks.

    A check whose task left no result could not be made; it is inconclusive, and the report is made all the same.
    Give the task ``trigger_rule: all_done``, so that it runs then.

    .. code-block:: yaml

        generate_health_report:
          operator: GenerateHealthReport
          dependencies: [check_dag_runs, check_task_failures, check_scheduler_health]
          trigger_rule: all_done
          checks: [check_dag_runs, check_task_failures, check_scheduler_health]

    :param checks: the results of the checks; None for one that failed (templated)
    """

    template_fields: Sequence[str] = ("checks",)

    def __init__(self, *, checks: TaskResults, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.checks = checks

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the checks' judgements and publish the report.

        :returns: the reference of an artefact of kind ``health``, and the ``verdict``
        :raises AirflowFailException: if ``checks`` holds something that is not the result of a check
        :raises ArtifactError: if the artefact of a check is missing or was altered
        """
        ti = context["ti"]
        report = HealthReport(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            checks=self._read_checks(),
        )
        history = (*read_history(ti.dag_id, ti.task_id, at_most=_TREND - 1), report)
        artifact = ArtifactWriter(context)
        artifact.write_json(HEALTH, report.to_json())
        record_judgement(context, artifact, _judgement_of(report), sections=_sections(report, history))
        reference = artifact.publish("health", rows=len(report.checks))
        return {**reference.to_xcom(), "verdict": str(report.outcome)}

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


def _judgement_of(report: HealthReport) -> Judgement:
    verdicts = tuple(check.to_verdict() for check in report.checks)
    return Judgement(title="Airflow health", verdicts=verdicts, facts={"created_at": report.created_at})


def _sections(report: HealthReport, history: Sequence[HealthReport]) -> tuple[Section, ...]:
    measured = [check for check in report.checks if check.is_measured]
    facts = tuple(
        (check.task_id, name.replace("_", " "), value) for check in measured for name, value in check.facts.items()
    )
    return (
        _trend(history),
        *(check.to_section() for check in report.checks),
        Table("What was looked at", ("check", "fact", "value"), facts),
        Table(
            "Pages of the checks, with tables and figures",
            ("check", "page"),
            tuple((check.task_id, check.page) for check in measured),
        ),
    )


def _trend(history: Sequence[HealthReport]) -> Figure:
    outcomes = [{check.task_id: str(check.outcome) for check in report.checks} for report in history]
    names = dict.fromkeys(name for each in reversed(outcomes) for name in each)
    rows = {name: [each.get(name, "") for each in outcomes] for name in names}
    whole = {"all checks": [str(report.outcome) for report in history]}
    return verdict_grid(f"The last {len(history)} reports", [r.created_at for r in history], {**whole, **rows})
