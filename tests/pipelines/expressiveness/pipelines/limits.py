from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "orders",
    max_active_runs=1,
    max_active_tasks=4,
    max_consecutive_failed_dag_runs=3,
    dagrun_timeout=timedelta(hours=2),
    fail_fast=True,
    catchup=False,
    is_paused_upon_creation=True,
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
