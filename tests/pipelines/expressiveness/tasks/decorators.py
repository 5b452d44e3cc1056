from airflow.sdk import DAG, task

from operators.functions import as_percent

with DAG("numbers") as dag:
    task.bash(task_id="command", env={"A": "b"})(as_percent)(value=0.5)
    task.virtualenv(task_id="apart", requirements=["numpy"], python_version="3.12", system_site_packages=False)(
        as_percent
    )(value=0.5)
    task.external_python(task_id="outside", python="/opt/python/bin/python")(as_percent)(value=0.5)
    task.sql(task_id="query", conn_id="warehouse")(as_percent)(value=0.5)
    task(task_id="long_name")(as_percent)(value=0.5)
    task.bash(task_id="old_name")(as_percent)(value=0.5)
