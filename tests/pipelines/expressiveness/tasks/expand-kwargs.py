from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("orders") as dag:
    find = BashOperator(task_id="find", bash_command="echo")
    load = BashOperator.partial(task_id="load", append_env=True).expand_kwargs(
        [
            {"bash_command": "echo north", "env": {"REGION": "north"}},
            {"bash_command": "echo south", "env": {"REGION": find.output}},
        ]
    )
    load >> BashOperator.partial(task_id="clean").expand_kwargs(find.output)
