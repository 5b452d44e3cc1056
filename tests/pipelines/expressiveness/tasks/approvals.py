from datetime import timedelta

from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import (
    ApprovalOperator,
    HITLBranchOperator,
    HITLEntryOperator,
    HITLOperator,
)
from airflow.sdk import DAG, Param

with DAG("models") as dag:
    approve = ApprovalOperator(
        task_id="approve",
        subject="Deploy the model of {{ ds }}?",
        body="Its accuracy is **0.93**.",
        defaults="Reject",
        response_timeout=timedelta(days=1),
        fail_on_reject=True,
        assigned_users=[{"id": "ada", "name": "Ada"}, {"id": "bob", "name": "Bob"}],
        notifiers=[SlackWebhookNotifier(text="Somebody must look at {{ ti.task_id }}")],
        params={"reason": Param("", type="string", title="Why")},
    )
    where = HITLBranchOperator(
        task_id="where",
        subject="Where to?",
        options=["Canary", "Everywhere"],
        options_mapping={"Canary": "canary", "Everywhere": "everywhere"},
        multiple=True,
    )
    EmptyOperator(task_id="train") >> approve >> where
    where >> [EmptyOperator(task_id="canary"), EmptyOperator(task_id="everywhere")]
    HITLEntryOperator(
        task_id="threshold",
        subject="Which threshold?",
        params={"threshold": Param(0.5, type="number", minimum=0, maximum=1)},
    )
    HITLOperator(
        task_id="choose", subject="Which of these?", options=["a", "b", "c"], multiple=True, defaults=["a", "b"]
    )
