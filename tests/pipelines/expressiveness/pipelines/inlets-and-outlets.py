from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetAlias

with DAG(
    "orders",
) as dag:
    BashOperator(
        task_id="count",
        bash_command="echo",
        inlets=[Asset("s3://shop/orders.csv"), Asset.ref(name="stock")],
        outlets=[
            Asset(uri="s3://shop/counts.csv", name="counts", extra={"unit": "pieces"}),
            AssetAlias("reports"),
        ],
    )
