from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("orders") as dag:
    for rule, name in (("one_failed", "failed"), ("all_done_min_one_success", "done"), ("all_success", "end")):
        BashOperator(task_id=name, bash_command="echo", trigger_rule=rule)
    for name in ("a", "b"):
        BashOperator(task_id=name, bash_command="echo") >> [dag.get_task(n) for n in ("failed", "done", "end")]
