"""Rules on branches whose ways stand in the file: that they lead to a task, and that this task waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Name, Node, Outline
from schemas.rules.full_ids import FullIds
from schemas.rules.hints import Hints
from schemas.rules.lineage import operator_of
from schemas.rules.task_graph import TaskGraph, lay_out
from schemas.source import Tree

_WAYS = ("follow_task_ids_if_true", "follow_task_ids_if_false")
"""Parameters of branches that name tasks or groups, by the ids that Airflow gives them."""
_HUMAN_BRANCH = "airflow.providers.standard.operators.hitl.HITLBranchOperator"


def iter_branch_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield ways of branches that lead nowhere."""
    branches = [task for task in outline.tasks if operator_of(task) == _HUMAN_BRANCH or _has_ways(task)]
    if not branches:
        return
    ids = FullIds(outline)
    known = {ids.of(node): node.id for node in outline.nodes}
    hints, graph = Hints(), lay_out(outline)
    for branch in branches:
        for way in _ways(branch):
            if "{" in way.text:
                continue
            if way.text in known:
                yield from _not_next(branch, way, known[way.text], graph, tree)
                continue
            message = f'"{branch.id}" branches to "{way.text}", which is not defined'
            inner = [full for full, name in known.items() if name == way.text]
            hint = f'write "{inner[0]}": the group is part of the id' if inner else ""
            yield Finding("P228", tree.find(way.path).place, message, hint or hints.nearest_or_all(way.text, known))


def _has_ways(task: Node) -> bool:
    return any(key in (task.config or {}) for key in _WAYS)


def _ways(task: Node) -> Iterator[Name]:
    config = task.config or {}
    for key in _WAYS:
        yield from _names(config.get(key), (*task.path, key))
    if operator_of(task) == _HUMAN_BRANCH:
        yield from _answers(task)


def _answers(task: Node) -> Iterator[Name]:
    """Yield where the answers of a person lead: to tasks with their names, unless a mapping says to which."""
    config = task.config or {}
    mapping, options = config.get("options_mapping"), config.get("options")
    mapped = mapping if isinstance(mapping, dict) else {}
    for option, name in mapped.items():
        yield from _names(name, (*task.path, "options_mapping", option))
    for name in _names(options, (*task.path, "options")):
        if name.text not in mapped:
            yield name


def _names(value: Any, path: tuple[str | int, ...]) -> Iterator[Name]:
    if isinstance(value, str):
        yield Name(value, path)
    elif isinstance(value, list):
        yield from (Name(item, (*path, index)) for index, item in enumerate(value) if isinstance(item, str))


def _not_next(branch: Node, way: Name, name: str, graph: TaskGraph | None, tree: Tree) -> Iterator[Finding]:
    """Find ways to tasks that do not come right after: Airflow skips what comes between, and them with it."""
    if graph is not None and name in graph.tasks and branch.id not in graph.upstream[name]:
        message = f'"{branch.id}" branches to "{name}", which does not come right after it'
        hint = f'add "{branch.id}" to the dependencies of "{name}"'
        yield Finding("P229", tree.find(way.path).place, message, hint)
