from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.utils.types import DagRunType

with DAG(
    "orders",
    schedule="@daily",
    allowed_run_types=[DagRunType.SCHEDULED, DagRunType.BACKFILL_JOB],
    disable_bundle_versioning=True,
    rerun_with_latest_version=False,
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
