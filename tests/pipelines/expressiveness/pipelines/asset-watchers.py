from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.triggers.file import FileDeleteTrigger
from airflow.sdk import DAG, Asset, AssetWatcher

with DAG(
    "orders",
    schedule=[
        Asset(
            uri="file:///inbox/orders.csv",
            name="orders",
            group="inbox",
            extra={"kept": "30 days"},
            watchers=[
                AssetWatcher(name="inbox", trigger=FileDeleteTrigger(filepath="/inbox/orders.csv", poke_interval=10))
            ],
        )
    ],
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
