from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "orders",
    default_args={
        "owner": "shop-team",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=1),
        "start_date": datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")),
        "end_date": datetime(2027, 1, 1, tzinfo=ZoneInfo("UTC")),
        "depends_on_past": True,
        "wait_for_downstream": True,
        "ignore_first_depends_on_past": True,
        "pool": "shop",
        "pool_slots": 2,
        "priority_weight": 5,
        "weight_rule": "absolute",
        "queue": "large",
        "executor": "LocalExecutor",
        "max_active_tis_per_dag": 2,
        "max_active_tis_per_dagrun": 1,
        "run_as_user": "shop",
        "do_xcom_push": False,
        "trigger_rule": "none_failed",
    },
) as dag:
    BashOperator(task_id="count", bash_command="echo") >> BashOperator(task_id="sum", bash_command="echo", retries=0)
