from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "orders",
    access_control={
        "analyst": {"can_read"},
        "shop": {"DAGs": {"can_read", "can_edit"}, "DAG Runs": {"can_create"}},
    },
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
