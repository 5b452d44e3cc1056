"""What Airflow and the operators have of a DAG: two DAGs with one fingerprint do the same and look the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from operators.thresholds import ThresholdError, parse_quantity
from pipelines.dag_docs import dag_docs
from schemas.spec import Pipeline
from tests.pipelines.expressiveness.portrait import plain, portrait


def fingerprint(dag: Any, pipeline: Pipeline) -> tuple[str, str]:
    """Give the hash by which Airflow tells versions of a DAG apart, and all that it and its tasks hold besides.

    :param dag: as it was built
    :param pipeline: of what
    """
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import DagSerialization

    # as the loader does it
    dag.doc_md = dag_docs(pipeline, "orders.yaml", own=dag.doc_md)
    data = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    found = portrait(dag)
    # of what is serialised, the hash tells what counts
    rest: dict[str, Any] = {key: found[key] for key in ("arguments", "tasks")}
    # as it was written; what Airflow goes by is the timetable
    rest["arguments"]["schedule"] = plain(dag.timetable)
    # whose order the hash does not see
    rest["params"] = {node: plain(list(params.items())) for node, params in _params(dag)}
    rest["mapped"] = {
        task.task_id: plain(task.expand_input.value) for task in dag.tasks if hasattr(task, "expand_input")
    }
    return SerializedDagModel.hash(data), json.dumps(rest, sort_keys=True, default=str)


def _params(dag: Any) -> Iterator[tuple[str, Any]]:
    for node in (dag, *dag.tasks):
        yield node.node_id if node is not dag else "", node.params


def tasks_by_value(dag: Any) -> str:
    """Give what the tasks of a DAG hold, with texts that are quantities as their numbers."""
    return json.dumps(_by_value(portrait(dag)["tasks"]), sort_keys=True, default=str)


def _by_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _by_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_by_value(item) for item in value]
    try:
        return parse_quantity(value, where="")
    except ThresholdError:
        return value
