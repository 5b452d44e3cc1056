"""Does with a DAG what Airflow does once its file was imported: what fails there, fails for every DAG of the file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipelines.build import BuildError, build_dag
from pipelines.build.errors import blaming
from schemas.diagnostic import Diagnostic, Finding
from schemas.spec import Pipeline

if TYPE_CHECKING:
    from airflow.sdk import DAG

_OWN_POLICY = "pipelines.policy"


def diagnostic_of(error: BuildError, pipeline: Pipeline, shown: str) -> Diagnostic:
    """Say that a pipeline cannot be built.

    :param error: why not
    :param pipeline: the pipeline
    :param shown: its file, as diagnostics name it
    """
    message = f'pipeline "{pipeline.dag_id}" cannot be built: {error}'
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
        DagSerialization.to_dict(dag)


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
