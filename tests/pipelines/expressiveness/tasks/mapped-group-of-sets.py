from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task_group

with DAG("orders") as dag:
    find = BashOperator(task_id="find", bash_command="echo")

    @task_group
    def region(name, table):
        return BashOperator(task_id="load", bash_command=name, env={"TABLE": table})

    @task_group
    def found(command):
        return BashOperator(task_id="clean", bash_command=command)

    load = region.expand_kwargs([{"name": "north", "table": "orders"}, {"name": "south", "table": "returns"}])
    load >> found.expand_kwargs(find.output)
