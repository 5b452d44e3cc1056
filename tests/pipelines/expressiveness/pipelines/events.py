from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.events import EventsTimetable

with DAG(
    "orders",
    schedule=EventsTimetable(
        event_dates=[
            datetime(2026, 4, 6, tzinfo=ZoneInfo("UTC")),
            datetime(2026, 12, 25, 8, tzinfo=timezone(timedelta(hours=1))),
        ],
        restrict_to_events=True,
        description="Holidays",
    ),
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
