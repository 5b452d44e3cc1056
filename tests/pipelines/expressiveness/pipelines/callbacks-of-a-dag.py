from datetime import timedelta
from functools import partial

from airflow.providers.slack.notifications.slack import SlackNotifier
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

from operators.functions import log_event

with DAG(
    "orders",
    on_success_callback=SlackNotifier(),
    on_failure_callback=[
        SmtpNotifier(to="shop@example.org", subject="{{ dag.dag_id }} failed"),
        partial(log_event, event="failed", level="error"),
    ],
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
