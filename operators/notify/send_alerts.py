"""SendAlerts: tells people what has become wrong or right again, and keeps quiet about all else."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import ArtifactWriter
from operators.health.health_report import HealthReport, read_health_report
from operators.kept_state import KeptState
from operators.mistakes import check_choice, mistakes_fail_the_task
from operators.notify.alert_message import make_message
from operators.notify.alert_state import AlertState, Damping
from operators.notify.alerts import alerts_of, unclear_in
from operators.notify.audiences import LOG, Route, read_damping, read_routes, read_severities
from operators.notify.channels import Delivery, Status, count_deliveries, deliver, require_delivered
from operators.notify.message_value import Message
from operators.parameters import AlertChannels, Count, Duration, Severity, TaskResult
from operators.severity import SEVERITIES
from operators.verdict import Outcome

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

_LEVELS = ("warn", "inconclusive", "fail")


class SendAlertsOperator(BaseOperator):
    """Tell each channel what it does not know yet: new problems, worse ones, and those that are over.

    A problem is told once, and again when it becomes more urgent, lasts longer than ``repeat``, or is over. What was
    told to whom is remembered below the artefact root. A channel that fails gets the message with the next report, and
    is tried after the others, which are not told again. The message is always rendered to the task log and to the
    artefacts as well.

    .. code-block:: yaml

        send_alerts:
          operator: SendAlerts
          dependencies: [generate_health_report]
          report: generate_health_report
          alert_on: warn
          raise_after: 1
          clear_after: 2
          repeat: 24h
          severities: {check_task_failures: info, "*/nightly_load.*": critical}
          channels:
            - {type: pagerduty, conn_id: on_call, severities: [critical]}
            - {type: slack, conn_id: team_chat, severities: [critical, warning]}
            - {type: smtp, conn_id: team_mail, to: [data@example.com], checks: [check_dag_runs], recoveries: false}

    A failed verdict is critical, any other one that is no pass a warning.

    :param report: result of a GenerateHealthReport task (templated)
    :param alert_on: the mildest verdict that is worth an alert; from mild to bad: warn, inconclusive, fail
    :param channels: where to send it, ``{type, conn_id, …}`` each; ``severities`` and ``checks`` (patterns) choose what
        goes there, ``recoveries: false`` leaves out what is over
    :param severities: pattern of a check, or of check and verdict as in ``check_dag_runs/my_dag.*`` -> critical,
        warning or info instead of the verdict's; the first that fits counts
    :param raise_after: so many reports in a row must have a problem before it is told
    :param clear_after: so many reports in a row must be without it before it is over, or milder before it is less
        urgent; one that comes and goes, or hovers, stays as it is until it is calm
    :param repeat: after so long a channel is reminded of what lasts; never if 0s
    """

    template_fields: Sequence[str] = ("report",)

    def __init__(
        self,
        *,
        report: TaskResult,
        alert_on: Literal["warn", "inconclusive", "fail"] = "inconclusive",
        channels: AlertChannels | tuple[()] = (),
        severities: Mapping[str, Severity] | None = None,
        raise_after: Count = 1,
        clear_after: Count = 2,
        repeat: Duration = "24h",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.report = report
        self.alert_on = alert_on
        self.channels = channels
        self.severities = severities
        self.raise_after = raise_after
        self.clear_after = clear_after
        self.repeat = repeat

    def execute(self, context: Context) -> dict[str, Any] | None:
        """Tell what there is to tell.

        :returns: the reference of an artefact of kind ``alert``; None if there was nothing, or a later report is known
        :raises AirflowFailException: if a parameter makes no sense, or a channel is not set up
        :raises DeliveryError: if a channel did not take the message
        """
        with mistakes_fail_the_task(self.task_id):
            check_choice(self.alert_on, _LEVELS, where="alert_on")
            severities = read_severities(self.severities)
            damping = read_damping(self.raise_after, self.clear_after, self.repeat)
        routes = read_routes(self.channels, where=f"{self.task_id}.channels")
        report, page = read_health_report(self.report, where=f"{self.task_id}.report")
        ti, now = context["ti"], datetime.now(UTC)
        kept = KeptState(ti.dag_id, ti.task_id)
        memory = kept.read()
        state = AlertState(memory.value)
        if state.is_newer_than(report.created_at):
            log.warning(
                "Nothing is sent: the report of %s, made at %s, is older than that of %s, which is known. "
                "To try a channel again, clear this task in that run, or wait for the next report",
                report.run_id,
                report.created_at,
                state.last_run,
            )
            return None
        alerts = alerts_of(report, alert_on=Outcome(self.alert_on), severities=severities)
        unmeasured = [check.task_id for check in report.incomplete]
        state.advance(
            alerts,
            unmeasured=unmeasured,
            unclear=unclear_in(report),
            run_id=report.run_id,
            created_at=report.created_at,
            now=now,
            damping=damping,
        )
        state.forget_channels([LOG.key, *(route.audience.key for route in routes)])
        bulletin = _Bulletin(report, page, state, damping, now)
        deliveries: list[Delivery] = []
        # Also when the task's timeout ends it: who was told is remembered, and who was not reached comes first then.
        try:
            told = bulletin.to_log()
            bulletin.to_channels(routes, context, deliveries)
            reference = _publish(context, told, deliveries) if told or deliveries else None
        finally:
            kept.write(state.to_json(), after=memory)
            _emit(context, state, deliveries)
        if reference is None:
            log.info("Nothing to send: health is %s, %d alerts are open and told", report.outcome, len(state.open))
        require_delivered(deliveries)
        return reference


@dataclass(frozen=True, slots=True)
class _Bulletin:
    """What there is to tell of one report."""

    report: HealthReport
    page: str
    state: AlertState
    damping: Damping
    now: datetime

    def to_log(self) -> Message | None:
        """Write what is new into the log."""
        news = self.state.news_for(LOG, now=self.now, damping=self.damping)
        if not news:
            return None
        message = make_message(self.report, self.page, news, self.state, LOG)
        log.warning("%s\n%s", message.subject, message.text)
        self.state.note_told(LOG, news, now=self.now)
        return message

    def to_channels(self, routes: Sequence[Route], context: Context, deliveries: list[Delivery]) -> None:
        """Tell each channel what it does not know; one that fails does not learn of it, and is the last next time.

        :param deliveries: how each went is added, also for one during which the task's time ends
        """
        for route in sorted(routes, key=lambda route: route.audience.key in self.state.failing):
            news = self.state.news_for(route.audience, now=self.now, damping=self.damping)
            if not news:
                continue
            message = make_message(self.report, self.page, news, self.state, route.audience)
            delivery = Delivery(route.channel.name, Status.FAILED, "the task was ended before it answered")
            self.state.failing.add(route.audience.key)
            try:
                delivery = deliver(route.channel, message, context)
            finally:
                deliveries.append(delivery)
            if delivery.is_done:
                self.state.failing.discard(route.audience.key)
                self.state.note_told(route.audience, news, now=self.now)


def _publish(context: Context, message: Message | None, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    artifact = ArtifactWriter(context)
    if message is not None:
        artifact.write_text("alert.txt", f"{message.subject}\n\n{message.text}\n")
        artifact.write_text("alert.html", message.html)
    artifact.write_json(
        "alert.json",
        {
            "subject": message.subject if message else "",
            **(message.facts if message else {}),
            "deliveries": [delivery.to_json() for delivery in deliveries],
        },
    )
    if message is not None and not deliveries:
        log.info("No channel wants it; the message is only here and in %s", artifact.uri_of("alert.html"))
    return artifact.publish("alert", rows=len(deliveries)).to_xcom()


def _emit(context: Context, state: AlertState, deliveries: Sequence[Delivery]) -> None:
    for severity in SEVERITIES:
        number = sum(tracked.alert.severity == severity for tracked in state.open)
        stats.emit(stats.HEALTH_ALERTS_OPEN, number, dag_id=context["ti"].dag_id, severity=severity)
    count_deliveries(stats.HEALTH_ALERTS_SENT, deliveries, context)
