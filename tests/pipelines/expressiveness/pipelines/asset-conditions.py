from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetAlias, AssetAll, AssetAny

with DAG(
    "orders",
    schedule=AssetAll(
        Asset("s3://shop/orders.csv"),
        AssetAny(Asset(uri="s3://shop/stock.csv", name="stock"), AssetAlias("returns")),
        Asset.ref(name="prices"),
    ),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
