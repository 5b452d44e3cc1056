from datetime import UTC, datetime

from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
from airflow.sdk import DAG, TaskGroup, task

from operators import functions

with DAG("orders", start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
    by_weekday = BranchPythonOperator(
        task_id="by_weekday",
        python_callable=functions.choose_by_weekday,
        op_kwargs={"day": "{{ ds }}", "weekday": "reports", "weekend": "rest"},
    )
    with TaskGroup("reports") as reports:
        EmptyOperator(task_id="daily")
    LatestOnlyOperator(task_id="latest") >> by_weekday >> [reports, EmptyOperator(task_id="rest")]

    by_function = task.branch(task_id="by_function")(functions.choose_by_weekday)(
        day="{{ ds }}", weekday="work", weekend="play"
    )
    month_end = task.short_circuit(task_id="month_end")(functions.is_month_end)(day="{{ ds }}")
    on_monday = BranchDayOfWeekOperator(
        task_id="on_monday", week_day="Monday", follow_task_ids_if_true="work", follow_task_ids_if_false=["play"]
    )
    by_night = BranchDateTimeOperator(
        task_id="by_night",
        target_lower=datetime(2026, 1, 1, 20, tzinfo=UTC),
        target_upper=datetime(2026, 1, 2, 6, tzinfo=UTC),
        follow_task_ids_if_true=["play"],
        follow_task_ids_if_false=["work"],
    )
    work = EmptyOperator(task_id="work", trigger_rule="none_failed_min_one_success")
    play = EmptyOperator(task_id="play", trigger_rule="none_failed_min_one_success")
    [by_function, on_monday, by_night] >> work
    [by_function, on_monday, by_night, month_end] >> play
