from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("orders") as dag:
    start = EmptyOperator(task_id="start")
    with TaskGroup(
        "load",
        tooltip="into the warehouse",
        doc_md="All that comes **in**.",
        group_display_name="Loading",
        ui_color="#e8f7e4",
        ui_fgcolor="black",
        default_args={"retries": 3, "retry_delay": timedelta(seconds=30)},
    ) as load:
        customers = EmptyOperator(task_id="customers")
        with TaskGroup("facts", default_args={"retries": 5}) as facts:
            lines = EmptyOperator(task_id="lines")
            sums = EmptyOperator(task_id="sums")
    with TaskGroup("flat", prefix_group_id=False) as flat:
        EmptyOperator(task_id="report")
    end = EmptyOperator(task_id="end")
    customers >> lines >> sums
    load << start
    flat << load
    end << [flat, facts]
