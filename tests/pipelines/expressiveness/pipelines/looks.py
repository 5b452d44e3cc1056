from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "orders",
    dag_display_name="Orders of the day",
    description="Counts the orders",
    doc_md="# Orders\nCounted once a day.\n",
    tags=["shop", "daily"],
    owner_links={"shop-team": "https://example.org/shop"},
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
