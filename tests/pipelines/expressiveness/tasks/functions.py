from airflow.sdk import DAG, task

from operators import functions

with DAG("numbers", params={"digits": 2}) as dag:
    described = task(task_id="describe", multiple_outputs=True, retries=2)(functions.describe_numbers)(
        numbers=[1, 2, 6]
    )
    written = task(task_id="write", task_display_name="As a percentage")(functions.as_percent)(
        value=described["mean"], digits="{{ params.digits }}"
    )
    task(task_id="again")(functions.describe_numbers)(numbers=[written, 0.5])
