from functools import partial

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TaskGroup

from operators.functions import log_event

with DAG(
    "orders",
    default_args={
        "on_failure_callback": partial(log_event, event="failed"),
        "on_retry_callback": partial(log_event, event="tried again"),
    },
) as dag:
    BashOperator(
        task_id="count",
        bash_command="echo",
        on_execute_callback=partial(log_event, event="began", level="info"),
        on_skipped_callback=partial(log_event, event="skipped", level="info"),
        on_failure_callback=partial(log_event, event="could not count"),
    )
    with TaskGroup("checks", default_args={"on_success_callback": [partial(log_event, event="checked", level="info")]}):
        BashOperator(task_id="check", bash_command="echo")
