from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, MultipleCronTriggerTimetable

with DAG(
    "orders",
    schedule=MultipleCronTriggerTimetable("10 * * * *", "40 6 * * *", timezone="Europe/Berlin", run_immediately=True),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
