from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetAccessControl

with DAG(
    "orders",
    schedule=[
        Asset(
            name="orders",
            access_control=AssetAccessControl(producer_teams=["shop"], consumer_teams=["finance"], allow_global=False),
        )
    ],
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
