from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronPartitionTimetable

with DAG(
    "orders",
    schedule=CronPartitionTimetable("0 6 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
