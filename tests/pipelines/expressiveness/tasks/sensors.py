from datetime import UTC, datetime, timedelta

from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.http.sensors.http import HttpSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, task

from operators import functions

with DAG("orders", start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
    FileSensor(task_id="file", filepath="/data/orders.csv", deferrable=True, timeout=timedelta(hours=1))
    PythonSensor(
        task_id="service",
        python_callable=functions.port_is_open,
        op_kwargs={"host": "shop.example.org", "port": 443},
        mode="reschedule",
        poke_interval=timedelta(minutes=5),
        timeout=timedelta(hours=12),
        exponential_backoff=True,
        max_wait=timedelta(hours=1),
        soft_fail=True,
    )
    task.sensor(task_id="service_by_function", mode="reschedule", poke_interval=timedelta(seconds=90))(
        functions.port_is_open
    )(host="shop.example.org", port=443)
    HttpSensor(
        task_id="answer",
        http_conn_id="shop",
        endpoint="orders",
        response_check=functions.has_rows,
        request_params={"day": "{{ ds }}"},
    )
    SqlSensor(task_id="rows", conn_id="warehouse", sql="select count(*) from orders", success=functions.is_positive)
    ExternalTaskSensor(
        task_id="stock",
        external_dag_id="stock",
        external_task_id="load",
        execution_delta=timedelta(hours=1),
        allowed_states=["success", "skipped"],
    )
    TimeDeltaSensor(task_id="evening", delta=timedelta(hours=18), deferrable=True)
    DateTimeSensor(task_id="moment", target_time="{{ data_interval_end }}")
