from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk import DAG

from operators import functions

with DAG("orders") as dag:
    list_days = PythonOperator(
        task_id="list_days",
        python_callable=functions.list_days,
        op_args=["2026-01-01"],
        op_kwargs={"end": "{{ ds }}"},
        templates_dict={"query": "select 1"},
        show_return_value_in_logs=False,
    )
    list_days >> ShortCircuitOperator(
        task_id="month_end",
        python_callable=functions.is_month_end,
        op_kwargs={"day": "{{ ds }}"},
        ignore_downstream_trigger_rules=False,
    )
