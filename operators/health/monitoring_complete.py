"""MonitoringComplete: says in one line how Airflow is, and tells the dead-man's switch that somebody looked."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from operators import stats
from operators.health.health_report import HealthReport, read_health_report
from operators.parameters import TaskResult

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")


class MonitoringCompleteOperator(BaseOperator):
    """End a health run: one line in the log, the dead-man's metric, and a failure if a check could not be made.

    ``health.last_success_timestamp_seconds`` is the Unix time of the last run in which every check could be made,
    whatever it found, and everybody was told: an alert on its age notices that nobody looks any more.

    .. code-block:: yaml

        monitoring_complete:
          operator: MonitoringComplete
          dependencies: [send_alerts]
          report: generate_health_report

    :param report: result of a GenerateHealthReport task (templated)
    """

    template_fields: Sequence[str] = ("report",)

    def __init__(self, *, report: TaskResult, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.report = report

    def execute(self, context: Context) -> str:
        """Log the line and emit the metric.

        :returns: the line
        :raises AirflowFailException: if a check could not be made
        """
        from airflow.sdk.exceptions import AirflowFailException

        report, page = read_health_report(self.report, where=f"{self.task_id}.report")
        line = summarise(report)
        log.info("%s; %s", line, page)
        if report.unmeasured:
            names = ", ".join(check.task_id for check in report.unmeasured)
            raise AirflowFailException(f"{line}. Could not be made: {names}; their task logs say why.")
        stats.emit(stats.HEALTH_LAST_SUCCESS, int(time.time()), dag_id=report.dag_id)
        return line


def summarise(report: HealthReport) -> str:
    """Write a report on one line."""
    checks = ", ".join(f"{check.task_id} {check.outcome} ({check.summary()})" for check in report.checks)
    return f"Airflow health: {report.outcome} - {checks}"
