from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from operators.data.download_data import DownloadDataOperator
from operators.data.validate_data import ValidateDataOperator
from operators.functions import as_percent

with DAG("orders") as dag:
    find = BashOperator(task_id="find", bash_command="echo")
    command = BashOperator(task_id="command", bash_command=find.output)
    BashOperator(task_id="settings", bash_command="env", env={"FOUND": find.output})
    PythonOperator(
        task_id="function",
        python_callable=as_percent,
        op_args=[find.output["value"]],
        op_kwargs={"digits": command.output},
    )
    download = DownloadDataOperator(task_id="download", source="sample://iris")
    ValidateDataOperator(task_id="validate", data=download.output)
