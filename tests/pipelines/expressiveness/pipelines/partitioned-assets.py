from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (
    DAG,
    Asset,
    IdentityMapper,
    MinimumCount,
    PartitionedAssetTimetable,
    ProductMapper,
    RollupMapper,
    StartOfDayMapper,
    StartOfWeekMapper,
    WeekWindow,
    Window,
)

with DAG(
    "orders",
    schedule=PartitionedAssetTimetable(
        assets=Asset("sales") & Asset("regions"),
        partition_mapper_config={
            Asset("regions"): ProductMapper(IdentityMapper(), StartOfDayMapper(), delimiter="/"),
        },
        default_partition_mapper=RollupMapper(
            upstream_mapper=StartOfWeekMapper(timezone="Europe/Berlin"),
            window=WeekWindow(direction=Window.Direction.BACKWARD),
            wait_policy=MinimumCount(-1),
        ),
    ),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
