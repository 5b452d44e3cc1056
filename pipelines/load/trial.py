"""Does with a DAG what Airflow does once its file was imported: what fails there, fails for every DAG of the file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipelines.build import BuildError, build_dag
from pipelines.build.errors import blaming
from pipelines.hidden import hide
from schemas.diagnostic import Diagnostic, Finding
from schemas.spec import Pipeline

if TYPE_CHECKING:
    from airflow.sdk import DAG

_OWN_POLICY = "pipelines.policy"
_COLUMNS = {"description": None, "dag_display_name": 2000, "owner": 2000}
"""What goes into a column of the database as it is, and how long it may be there: SQLite takes more, others do not."""


def diagnostic_of(error: BuildError, pipeline: Pipeline, shown: str) -> Diagnostic:
    """Say that a pipeline cannot be built.

    :param error: why not
    :param pipeline: the pipeline
    :param shown: its file, as diagnostics name it
    """
    message = hide(f'pipeline "{pipeline.dag_id}" cannot be built: {error}', pipeline.secrets)
    return Finding("P900", error.place, message).in_file(shown)


def try_out(dag: DAG, pipeline: Pipeline) -> None:
    """Take a DAG in as Airflow does, and throw the result away.

    :param dag: it is not changed; where a policy may change it, another one is built
    :param pipeline: what it was built from
    :raises BuildError: if Airflow would not take it
    """
    from airflow.dag_processing.dagbag import _validate_executor_fields
    from airflow.serialization.serialized_objects import DagSerialization

    with blaming(pipeline.place):
        _validate_executor_fields(dag)
        if _has_policies():
            _apply_policies(build_dag(pipeline))
        _look_for_listeners(dag)
        DagSerialization.to_dict(dag)
        _measure(dag)


def _look_for_listeners(dag: DAG) -> None:
    """Raise what Airflow raises for triggers that end a task where plugins want to hear of its end."""
    from airflow.listeners.listener import get_listener_manager

    for task in dag.tasks:
        if getattr(task, "end_from_trigger", False) and get_listener_manager().has_listeners:
            raise ValueError(f'task "{task.task_id}" has end_from_trigger, for which there must be no listeners')


def _measure(dag: DAG) -> None:
    for name, longest in _COLUMNS.items():
        value = getattr(dag, name) or ""
        if "\0" in value:
            raise ValueError(f"{name} has the character NUL, which PostgreSQL does not take")
        if longest is not None and len(value) > longest:
            raise ValueError(f"{name} has {len(value)} characters; the database takes {longest}")


def _has_policies() -> bool:
    """Tell whether there are cluster policies besides Airflow's and ours, which refuse nothing."""
    from airflow.policies import DefaultPolicy
    from airflow.settings import get_policy_plugin_manager

    hook = get_policy_plugin_manager().hook
    plugins = [found.plugin for call in (hook.dag_policy, hook.task_policy) for found in call.get_hookimpls()]
    return any(plugin not in (DefaultPolicy, sys.modules.get(_OWN_POLICY)) for plugin in plugins)


def _apply_policies(dag: DAG) -> None:
    from airflow.exceptions import AirflowClusterPolicySkipDag
    from airflow.settings import dag_policy, task_policy

    try:
        dag_policy(dag)  # type: ignore[no-untyped-call]
        for task in dag.tasks:
            task_policy(task)  # type: ignore[no-untyped-call]
    except AirflowClusterPolicySkipDag:
        # the policy leaves it out, and says so itself
        return
