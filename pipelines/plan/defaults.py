"""What Airflow takes where the YAML says nothing, whatever its configuration is; tests hold it to Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DAG_DEFAULTS: Mapping[str, Any] = {
    "description": None,
    "doc_md": None,
    "schedule": None,
    "timezone": "UTC",
    "start_date": None,
    "end_date": None,
    "fail_fast": False,
    "dagrun_timeout": None,
    "render_template_as_native_obj": False,
    "tags": [],
    "owner_links": {},
    "params": {},
}
"""Arguments of the DAG; those that ``airflow.cfg`` can set another default for are not among them."""

TASK_DEFAULTS: Mapping[str, Any] = {
    "retry_exponential_backoff": 0,
    "max_retry_delay": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": False,
    "wait_for_downstream": False,
    "priority_weight": 1,
    "pool": "default_pool",
    "pool_slots": 1,
    "executor": None,
    "do_xcom_push": True,
    "trigger_rule": "all_success",
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "start_date": None,
    "end_date": None,
    "doc_md": None,
    "setup": False,
    "teardown": False,
}
"""Arguments that every task has."""

GROUP_DEFAULTS: Mapping[str, Any] = {"tooltip": ""}
"""Arguments of a task group."""
