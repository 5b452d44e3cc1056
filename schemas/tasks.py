"""Makes the frozen tasks and groups of a spec of those of an outline in which nothing is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from schemas.bounds import iter_bounds
from schemas.contract import Contract
from schemas.expressions import Expression, GroupParameter, Result
from schemas.outline import Node, Outline
from schemas.rules.graph import id_place
from schemas.source import Tree
from schemas.spec import Dependency, Group, Task


def task_of(node: Node, tree: Tree, contract: Contract) -> Task:
    """Make a task.

    :param node: the task in the outline
    :param tree: where it stands
    :param contract: the schema in use
    """
    config = {key: value for key, value in (node.config or {}).items() if key != "task_id"}
    references = (Result(name.text, name.path) for name in node.references)
    expressions = tuple(_inside(node, expression) for expression in (*references, *node.expressions))
    waits = tuple(_dependencies(config))
    conversions = contract.task_conversions(config)
    patterns = contract.threshold_patterns(str(config.get("operator")))
    thresholds = dict(iter_bounds({**config.get("partial", {}), **config}, patterns))
    return Task(node.id, config, _group(node), waits, expressions, conversions, id_place(node, tree), thresholds)


def groups_of(outline: Outline, tree: Tree) -> tuple[Group, ...]:
    """Make the groups of a pipeline.

    :param outline: the pipeline
    :param tree: where it stands
    """
    taken: dict[str, dict[str, None]] = defaultdict(dict)
    for task in outline.tasks if outline.groups else ():
        for expression in task.expressions:
            if isinstance(expression, GroupParameter):
                taken[expression.group][expression.parameter] = None
    return tuple(_group_of(node, tuple(taken[node.id]), tree) for node in outline.groups)


def _group_of(node: Node, parameters: tuple[str, ...], tree: Tree) -> Group:
    config = dict(node.config or {})
    waits, expressions = tuple(_dependencies(config)), tuple(_inside(node, found) for found in node.expressions)
    return Group(node.id, config, _group(node), waits, expressions, parameters, id_place(node, tree))


def _group(node: Node) -> str | None:
    return None if node.group is None else node.group.text


def _dependencies(config: Mapping[str, Any]) -> Iterator[Dependency]:
    for item in config.get("dependencies") or ():
        yield Dependency(item["task"], item["label"]) if isinstance(item, dict) else Dependency(item)


def _inside(node: Node, expression: Expression) -> Expression:
    return replace(expression, path=expression.path[len(node.path) :])
