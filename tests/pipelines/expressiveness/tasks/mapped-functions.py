from airflow.sdk import DAG, task

from operators import functions

with DAG("numbers") as dag:
    days = task(functions.list_days)(start="2026-01-01", end="{{ ds }}")
    task(task_id="each_day", map_index_template="{{ day }}", retries=2)(functions.is_month_end).expand(day=days)
    value = task(task_id="each_value")(functions.as_percent).partial(digits=3).expand(value=[0.1, 0.2])
    task(task_id="sets")(functions.as_percent).partial(digits=1).expand_kwargs([{"value": 0.5}, {"value": 0.75}])
    task(task_id="found")(functions.as_percent).expand_kwargs(value)
