from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetAll, FixedKeyMapper, PartitionedAssetTimetable, RollupMapper, SegmentWindow

with DAG(
    "orders",
    schedule=PartitionedAssetTimetable(
        assets=AssetAll(Asset("sales")),
        default_partition_mapper=RollupMapper(
            upstream_mapper=FixedKeyMapper("all-regions"),
            window=SegmentWindow(["us", "eu", "apac"]),
        ),
    ),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
