from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, ExceptionRetryPolicy, RetryAction, RetryRule
from requests.exceptions import ConnectionError as ShopIsDown

patient = ExceptionRetryPolicy(
    rules=[RetryRule(exception=ShopIsDown, retry_delay=timedelta(minutes=5), reason="the shop is down")]
)
strict = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=[ValueError, KeyError], action=RetryAction.FAIL, match_subclasses=False),
        RetryRule(exception=TimeoutError, action=RetryAction.RETRY, retry_delay=timedelta(seconds=30)),
    ],
    default=RetryAction.FAIL,
)

with DAG("orders", default_args={"retries": 3, "retry_policy": patient}) as dag:
    load = BashOperator(task_id="load", bash_command="echo")
    load >> BashOperator(task_id="check", bash_command="echo", retry_policy=strict)
