from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from operators.functions import describe_numbers

with DAG("orders") as dag:
    BashOperator.partial(
        task_id="load",
        env={"TABLE": "orders"},
        append_env=True,
        retries=2,
        map_index_template="{{ task.bash_command }}",
    ).expand(bash_command=["echo north", "echo south"], cwd=["/data/north", "/data/south"])
    PythonOperator.partial(task_id="count", python_callable=describe_numbers, pool="warehouse").expand(
        op_args=[[[1, 2]], [[3]]]
    )
