from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, task, task_group

from operators import functions

with DAG("orders") as dag:
    start = EmptyOperator(task_id="start")
    days = task(functions.list_days)(start="2026-01-01", end="{{ ds }}")

    @task_group(tooltip="once for each region and day")
    def region(name, day):
        load = BashOperator(task_id="load", bash_command='echo "$NAME $DAY"', env={"NAME": name, "DAY": day})
        with TaskGroup("inner"):
            load >> EmptyOperator(task_id="check")

    start >> region.expand(name=["north", "south"], day=days) >> EmptyOperator(task_id="end")
