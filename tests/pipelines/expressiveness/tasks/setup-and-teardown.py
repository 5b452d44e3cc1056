from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("orders") as dag:
    create = BashOperator(task_id="create", bash_command="mkdir work").as_setup()
    start = BashOperator(task_id="start", bash_command="serve")
    load = BashOperator(task_id="load", bash_command="echo")
    remove = BashOperator(task_id="remove", bash_command="rm -r work")
    stop = BashOperator(task_id="stop", bash_command="kill")
    each = BashOperator.partial(task_id="each").expand(bash_command=["rm a", "rm b"])
    [create, start] >> load >> [remove.as_teardown(), stop, each]
    create >> remove
    stop.as_teardown(setups=start, on_failure_fail_dagrun=True)
    each.as_teardown(setups=start)
