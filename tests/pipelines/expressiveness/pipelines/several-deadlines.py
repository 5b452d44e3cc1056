from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.slack.notifications.slack import SlackNotifier
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, SyncCallback
from airflow.sdk.definitions.deadline import VariableInterval

from operators.functions import log_event

with DAG(
    "orders",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    deadline=[
        DeadlineAlert(
            name="before the shop opens",
            reference=DeadlineReference.FIXED_DATETIME(datetime(2026, 12, 24, 9, tzinfo=ZoneInfo("Europe/Berlin"))),
            interval=-timedelta(minutes=30),
            callback=AsyncCallback(SlackNotifier),
        ),
        DeadlineAlert(
            reference=DeadlineReference.AVERAGE_RUNTIME(max_runs=20, min_runs=5),
            interval=VariableInterval("patience"),
            callback=SyncCallback(log_event, {"event": "slow"}, executor="LocalExecutor"),
        ),
        DeadlineAlert(
            reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
            interval=timedelta(hours=36),
            callback=AsyncCallback(SlackNotifier),
        ),
    ],
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
