"""The way from a checked pipeline to a DAG: the DAG, its groups, its tasks, the edges, and Airflow's own checks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipelines import PIPELINE_FILE
from pipelines.build.dag_arguments import make_dag
from pipelines.build.edges import set_dependencies
from pipelines.build.errors import blaming
from pipelines.build.groups import GroupConfigs, group_configs, make_groups
from pipelines.build.tasks import make_tasks
from schemas.spec import Pipeline

if TYPE_CHECKING:
    from airflow.sdk import DAG

# dag-factory reports each finished run to its makers unless told otherwise before it is imported.
os.environ.setdefault("AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY", "False")


def build_dag(pipeline: Pipeline) -> DAG:
    """Build the DAG of a pipeline.

    :param pipeline: a pipeline without errors
    :returns: the DAG, validated as Airflow validates it, but not registered anywhere
    :raises BuildError: if it cannot be built
    """
    with blaming(pipeline.place):
        zone = ZoneInfo(pipeline.config.get("timezone", "UTC"))
        dag = make_dag(pipeline.dag_id, pipeline.config, zone)
        configs = group_configs(pipeline.config)
        groups = make_groups(dag, configs, zone)
        tasks = make_tasks(dag, pipeline.tasks, groups, zone)
        set_dependencies({**tasks, **groups}, _iter_dependencies(pipeline, configs))
        _validate(dag)
    setattr(dag, PIPELINE_FILE, str(pipeline.path))
    return dag


def _iter_dependencies(pipeline: Pipeline, groups: GroupConfigs) -> Iterator[tuple[str, Iterable[str]]]:
    for task in pipeline.tasks:
        yield task.id, task.config.get("dependencies") or ()
    for name, group in groups.items():
        yield name, group.get("dependencies") or ()


def _validate(dag: Any) -> None:
    """Do what Airflow does when it takes the DAG in, so that a failure is this pipeline's and nobody else's."""
    from airflow.sdk.exceptions import FailFastDagInvalidTriggerRule

    for operator in dag.tasks:
        FailFastDagInvalidTriggerRule.check(fail_fast=dag.fail_fast, trigger_rule=operator.trigger_rule)
    dag.validate()
    dag.check_cycle()
    dag.resolve_template_files()
