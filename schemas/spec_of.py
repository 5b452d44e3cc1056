"""Makes the frozen spec of a pipeline in which there is no error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.contract import Contract
from schemas.outline import Node, Outline
from schemas.rules.graph import id_place
from schemas.source import Tree
from schemas.spec import Pipeline, Task


def pipeline_of(outline: Outline, tree: Tree, path: Path, contract: Contract) -> Pipeline:
    """Give what the builder reads.

    :param outline: a pipeline without errors
    :param tree: its places
    :param path: the file that declares it
    :param contract: the schema in use
    """
    config = {key: value for key, value in outline.config.items() if key != "tasks"}
    tasks = tuple(_task(node, tree, contract) for node in outline.tasks)
    return Pipeline(outline.dag_id, path, tree.key((outline.dag_id,)), config, tasks)


def _task(node: Node, tree: Tree, contract: Contract) -> Task:
    config: dict[str, Any] = {key: value for key, value in (node.config or {}).items() if key != "task_id"}
    references: dict[str, tuple[str, ...]] = {}
    operator = str(config["operator"])
    for key in contract.reference_keys(operator):
        if key in config:
            value = config[key]
            references[key] = (value,) if isinstance(value, str) else tuple(value)
    conversions = {key: kind for key, kind in contract.conversions(operator).items() if key in config}
    return Task(node.id, config, references, conversions, id_place(node, tree))
