"""Makes the frozen spec of a pipeline in which there is no error."""

from __future__ import annotations

from pathlib import Path

from schemas.contract import Contract
from schemas.outline import Outline
from schemas.source import Tree
from schemas.spec import Pipeline
from schemas.tasks import groups_of, task_of


def pipeline_of(outline: Outline, tree: Tree, path: Path, contract: Contract, secrets: tuple[str, ...]) -> Pipeline:
    """Give what the builder reads.

    :param outline: a pipeline without errors
    :param tree: its places
    :param path: the file that declares it
    :param contract: the schema in use
    :param secrets: texts of its files that look like secrets
    """
    config = {key: value for key, value in outline.config.items() if key not in ("tasks", "task_groups")}
    tasks = tuple(task_of(node, tree, contract) for node in outline.tasks)
    place = tree.key((outline.dag_id,))
    return Pipeline(outline.dag_id, path, place, config, tasks, groups_of(outline, tree), secrets)
