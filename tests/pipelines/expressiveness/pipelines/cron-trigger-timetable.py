from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronTriggerTimetable

with DAG(
    "orders",
    schedule=CronTriggerTimetable(
        "0 6 * * 1", timezone="Europe/Berlin", interval=timedelta(days=7), run_immediately=timedelta(hours=2)
    ),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
