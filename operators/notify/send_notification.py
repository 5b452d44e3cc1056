"""SendNotification: tells how a run went, in the log, beside its artefacts, and through the channels of the YAML."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import ArtifactWriter
from operators.mistakes import check_choice, mistakes_fail_the_task
from operators.notify.channels import Delivery, Message, count_deliveries, read_channels, require_delivered, send
from operators.notify.run_summary import RunSummary, render_summary, summarise_run
from operators.parameters import Channels, Text

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

_SEND_ON = ("always", "failure", "warning", "success")


class SendNotificationOperator(BaseOperator):
    """Render one message on the tasks upstream of this one, and send it.

    Meant as a teardown: it runs whatever became of the tasks before it, and a failed gate still fails the run. The
    message is always logged and published as ``message.txt`` and ``message.html``, with or without channels. If a
    channel fails, the others still get the message, and the retry goes to the failed one only.

    .. code-block:: yaml

        send_notification:
          operator: SendNotification
          dependencies: [deploy_model]
          teardown: true
          subject: "ml_pipeline {{ run_id }}"
          send_on: warning
          channels:
            - {type: smtp, conn_id: team_mail, to: [ml-team@example.com]}
            - {type: slack, conn_id: team_chat}
            - {type: http, conn_id: incident_service, endpoint: /events}

    :param subject: of the message; the run's state is added (templated)
    :param channels: where to send it, by Airflow connection (templated)
    :param send_on: which runs go to the channels: always, failure, warning (a failure or a verdict that is no
        pass), success
    """

    template_fields: Sequence[str] = ("subject", "channels")

    def __init__(
        self,
        *,
        subject: Text = "{{ ti.dag_id }} {{ run_id }}",
        channels: Channels | tuple[()] = (),
        send_on: Literal["always", "failure", "warning", "success"] = "always",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.subject = subject
        self.channels = channels
        self.send_on = send_on

    def execute(self, context: Context) -> dict[str, Any]:
        """Render, log, publish and send.

        :returns: the reference of an artefact of kind ``notification``
        :raises AirflowFailException: if ``channels`` or ``send_on`` has a mistake
        :raises DeliveryError: if a channel did not take the message; the task is retried for that channel
        """
        with mistakes_fail_the_task(self.task_id):
            check_choice(self.send_on, _SEND_ON, where="send_on")
        where = f"{self.task_id}.channels"
        read_channels(self.channels, where=where)
        run = summarise_run(context)
        message = render_summary(self.subject, run)
        log.info("%s\n%s", message.subject, message.text)
        deliveries = send(self.channels, message, context, where=where) if self._is_wanted(run) else ()
        count_deliveries(stats.PIPELINE_NOTIFICATIONS, deliveries, context)
        value = _publish(context, message, deliveries)
        require_delivered(deliveries)
        return value

    def _is_wanted(self, run: RunSummary) -> bool:
        wanted = {
            "always": True,
            "failure": run.state == "failed",
            "warning": not run.is_clean,
            "success": run.state == "success",
        }[self.send_on]
        if self.channels and not wanted:
            log.info("not sent to the channels: send_on is %s, the run is %s", self.send_on, run.state)
        return wanted


def _publish(context: Context, message: Message, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    artifact = ArtifactWriter(context)
    artifact.write_text("message.txt", message.text)
    artifact.write_text("message.html", message.html)
    artifact.write_json("deliveries.json", [delivery.to_json() for delivery in deliveries])
    return artifact.publish("notification", facts={"subject": message.subject}).to_xcom()
