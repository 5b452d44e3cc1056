from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("orders") as dag:
    EmptyOperator(task_id="extract") >> EmptyOperator(task_id="load")
