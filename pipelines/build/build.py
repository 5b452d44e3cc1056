"""The way from a checked pipeline to a DAG: the DAG, its groups and tasks, the arrows, and Airflow's own checks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipelines import PIPELINE_FILE
from pipelines.build.dag_arguments import make_dag
from pipelines.build.edges import iter_edges, set_edge
from pipelines.build.errors import blaming
from pipelines.build.expressions import Made
from pipelines.build.groups import make_group
from pipelines.build.order import in_order
from pipelines.build.tasks import make_task, mark
from schemas.expressions import Result
from schemas.spec import Group, Pipeline, Task

if TYPE_CHECKING:
    from airflow.sdk import DAG

# dag-factory reports each finished run to its makers unless told otherwise before it is imported.
os.environ.setdefault("AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY", "False")


def build_dag(pipeline: Pipeline, *, is_known: bool = False) -> DAG:
    """Build the DAG of a pipeline.

    :param pipeline: a pipeline without errors
    :param is_known: whether Airflow has taken the very same in before; else it is validated as Airflow does then
    :returns: the DAG, not registered anywhere
    :raises BuildError: if it cannot be built
    """
    with blaming(pipeline.place):
        zone = ZoneInfo(pipeline.config.get("timezone", "UTC"))
        dag = make_dag(pipeline.dag_id, pipeline.config, zone, pipeline.path.parent)
        _fill(dag, pipeline, zone)
        if not is_known:
            _validate(dag)
    setattr(dag, PIPELINE_FILE, str(pipeline.path))
    return dag


def _fill(dag: DAG, pipeline: Pipeline, zone: ZoneInfo) -> None:
    nodes: dict[str, Task | Group] = {group.id: group for group in pipeline.groups}
    nodes.update({task.id: task for task in pipeline.tasks})
    made = Made()
    for name in in_order({name: tuple(_needs(node)) for name, node in nodes.items()}):
        with _blaming(nodes[name]):
            _make(dag, nodes[name], made, zone)
    for task in pipeline.tasks:
        with _blaming(task):
            mark(task, made)
    for edge in iter_edges(nodes):
        with _blaming(edge.node):
            set_edge(edge, made.nodes)


def _make(dag: DAG, node: Task | Group, made: Made, zone: ZoneInfo) -> None:
    if isinstance(node, Group):
        make_group(dag, node, made, zone)
    else:
        make_task(dag, node, made, zone)


def _needs(node: Task | Group) -> Iterator[str]:
    """Yield what must have been made before."""
    if node.group is not None:
        yield node.group
    for expression in node.expressions:
        yield expression.task if isinstance(expression, Result) else expression.group


def _blaming(node: Task | Group) -> blaming:
    return blaming(node.place, "task group" if isinstance(node, Group) else "task", node.id)


def _validate(dag: Any) -> None:
    """Do what Airflow does when it takes the DAG in, so that a failure is this pipeline's and nobody else's."""
    from airflow.sdk.exceptions import FailFastDagInvalidTriggerRule

    for operator in dag.tasks:
        FailFastDagInvalidTriggerRule.check(fail_fast=dag.fail_fast, trigger_rule=operator.trigger_rule)
    dag.validate()
    dag.check_cycle()
    dag.resolve_template_files()
