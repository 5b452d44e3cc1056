from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "orders",
    description="Counts the orders",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    catchup=False,
    tags=["shop", "daily"],
    default_args={
        "owner": "shop-team",
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=10),
    },
) as dag:
    BashOperator(task_id="count", bash_command="echo {{ ds }}")
