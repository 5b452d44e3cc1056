"""Runs a task under Airflow's supervisor, which writes its log as that of any task; no server is needed.

``python -m tests.operators.notify.supervised_task <dag file> <dag id> <task id> <log file>``
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

import httpx
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, TaskInstance
from airflow.sdk.execution_time.supervisor import supervise_task

NOW = "2026-01-01T00:00:00Z"


def answers_for(dag_id: str) -> httpx.MockTransport:
    """Answer as the API server does to the only task of a run."""
    run = {"dag_id": dag_id, "run_id": "r", "run_type": "manual", "state": "running", "consumed_asset_events": []}
    times = dict.fromkeys(("logical_date", "start_date", "run_after", "data_interval_start", "data_interval_end"), NOW)
    context = {"dag_run": {**run, **times, "end_date": None, "partition_key": None}, "max_tries": 0}
    bodies: dict[str, Any] = {
        "run": {**context, "should_retry": False},
        "states": {"task_states": {"r": {}}},
        "breadcrumbs": {"breadcrumbs": []},
    }
    return httpx.MockTransport(
        lambda request: httpx.Response(200, json=bodies.get(request.url.path.rpartition("/")[2], {}))
    )


def main(dag_file: str, dag_id: str, task_id: str, log_file: str) -> None:
    """Run the task; its log is below the folder of logs."""
    task = TaskInstance(
        id=uuid.uuid4(),
        dag_id=dag_id,
        task_id=task_id,
        run_id="r",
        try_number=1,
        map_index=-1,
        dag_version_id=uuid.uuid4(),
        pool_slots=1,
        queue="default",
        priority_weight=1,
    )
    supervise_task(
        ti=task,
        bundle_info=BundleInfo(name="dags-folder", version=None),
        dag_rel_path=dag_file,
        token="",
        client=Client(base_url=None, dry_run=True, token="", transport=answers_for(dag_id)),
        log_path=log_file,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
