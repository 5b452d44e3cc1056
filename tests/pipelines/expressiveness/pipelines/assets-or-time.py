from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable

with DAG(
    "orders",
    schedule=AssetOrTimeSchedule(
        assets=Asset("s3://shop/orders.csv") | Asset("s3://shop/stock.csv"),
        timetable=CronTriggerTimetable("0 6 * * *", timezone="Europe/Berlin"),
    ),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
