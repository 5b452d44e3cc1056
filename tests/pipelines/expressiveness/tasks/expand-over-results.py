from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("orders") as dag:
    list_commands = BashOperator(task_id="list_commands", bash_command="echo")
    list_settings = BashOperator(task_id="list_settings", bash_command="echo")
    load = BashOperator.partial(task_id="load", append_env=True).expand(
        bash_command=list_commands.output, env=list_settings.output
    )
    load >> BashOperator(task_id="report", bash_command="echo {{ ti.xcom_pull('load') }}")
