"""SendAlerts: tells people what the health report found wrong, and keeps quiet when nothing is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from operators.artifacts import ArtifactWriter
from operators.health.health_report import CheckResult, HealthReport, describe, read_health_report
from operators.notify.channels import Message, read_channels, require_delivered, send
from operators.parameters import Channels, TaskResult
from operators.report import render_report
from operators.verdict import METRIC_VALUE, Outcome, verdict_table

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

_LEVELS = (Outcome.WARN, Outcome.INCONCLUSIVE, Outcome.FAIL)
_LINES_PER_CHECK = 20


class SendAlertsOperator(BaseOperator):
    """Send one message on the checks that are bad enough, and none if no check is.

    The message is always rendered to the task log and to the artefacts, with or without channels.

    .. code-block:: yaml

        send_alerts:
          operator: SendAlerts
          dependencies: [generate_health_report]
          report: generate_health_report
          alert_on: inconclusive
          channels:
            - {type: slack, conn_id: slack_oncall}

    :param report: result of a GenerateHealthReport task (templated)
    :param alert_on: the mildest verdict of a check that is worth a message; from mild to bad: warn, inconclusive, fail
    :param channels: where to send it, ``{type, conn_id, …}`` each
    """

    template_fields: Sequence[str] = ("report",)

    def __init__(
        self,
        *,
        report: TaskResult,
        alert_on: Literal["warn", "inconclusive", "fail"] = "inconclusive",
        channels: Channels | tuple[()] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.report = report
        self.alert_on = alert_on
        self.channels = channels

    def execute(self, context: Context) -> dict[str, Any] | None:
        """Render and send the message, if there is anything to tell.

        :returns: the reference of an artefact of kind ``alert``; None if nothing was wrong
        :raises AirflowFailException: if a parameter makes no sense, or a channel is not set up
        :raises DeliveryError: if a channel did not take the message
        """
        level = self._level()
        read_channels(self.channels, where=f"{self.task_id}.channels")
        report, page = read_health_report(self.report, where=f"{self.task_id}.report")
        alarming = tuple(c for c in report.checks if METRIC_VALUE[c.outcome] >= METRIC_VALUE[level])
        if not alarming:
            log.info("Nothing to send: health is %s, and alerts start at %s", report.outcome, level)
            return None
        return self._alert(context, make_message(report, alarming, page))

    def _level(self) -> Outcome:
        from airflow.sdk.exceptions import AirflowFailException

        if self.alert_on not in _LEVELS:
            raise AirflowFailException(
                f"{self.task_id}.alert_on: found {self.alert_on!r}; allowed are {', '.join(_LEVELS)}"
            )
        return Outcome(self.alert_on)

    def _alert(self, context: Context, message: Message) -> dict[str, Any]:
        log.warning("%s\n%s", message.subject, message.text)
        artifact = ArtifactWriter(context)
        artifact.write_text("alert.txt", f"{message.subject}\n\n{message.text}\n")
        artifact.write_text("alert.html", message.html)
        deliveries = send(self.channels, message, context, where=f"{self.task_id}.channels")
        artifact.write_json(
            "alert.json",
            {
                "subject": message.subject,
                **message.facts,
                "deliveries": [delivery.to_json() for delivery in deliveries],
            },
        )
        if not deliveries:
            log.info("No channel is configured; the message is only here and in %s", artifact.uri_of("alert.html"))
        reference = artifact.publish("alert", rows=len(deliveries))
        require_delivered(deliveries)
        return reference.to_xcom()


def make_message(report: HealthReport, alarming: Sequence[CheckResult], page: str) -> Message:
    """Write the message.

    :param report: the whole report
    :param alarming: the checks that are bad enough
    :param page: URI of the report's page
    """
    subject = f"Airflow health: {report.outcome} ({len(alarming)} of {len(report.checks)} checks)"
    outcomes = {check.task_id: str(check.outcome) for check in report.checks}
    identity = {"verdict": str(report.outcome), "dag_id": report.dag_id, "run_id": report.run_id, "report": page}
    text = "\n\n".join([*map(_paragraph, alarming), f"Report: {page}\nRun: {report.dag_id} {report.run_id}"])
    shown = {**identity, "checks": ", ".join(f"{name} {outcome}" for name, outcome in outcomes.items())}
    sections = [
        verdict_table(check.problems, check.title) if check.is_measured else check.to_section() for check in alarming
    ]
    return Message(
        subject=subject,
        text=text,
        html=render_report("Airflow health", str(report.outcome), shown, sections),
        facts={**identity, "checks": outcomes},
    )


def _paragraph(check: CheckResult) -> str:
    heading = f"{check.outcome.upper()}  {check.title}: {check.summary()}"
    if not check.is_measured:
        return f"{heading}\n  its task failed or did not run; see its log"
    lines = [f"  {verdict.outcome}  {describe(verdict)}" for verdict in check.problems[:_LINES_PER_CHECK]]
    left = len(check.problems) - len(lines)
    return "\n".join([heading, *lines, *([f"  and {left} more"] if left else [])])
