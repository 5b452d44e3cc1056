"""Sets what waits for what, between tasks and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.expressions import Result
from schemas.spec import Dependency, Group, Task

Node = Task | Group


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow to a task or group."""

    node: Node
    """What waits."""
    before: Dependency
    """What it waits for."""


def iter_edges(nodes: Mapping[str, Node]) -> Iterator[Edge]:
    """Yield the arrows, those inside of a group before those to and from it.

    An arrow to a group is one to its first tasks, and these are only known when those inside are set. dag-factory
    takes them as they stand in the file, and draws more arrows than it needs where that is another order.

    :param nodes: tasks and groups by their names
    """
    edges = [Edge(node, before) for node in nodes.values() for before in _iter_waited_for(node)]
    if any(isinstance(node, Group) for node in nodes.values()):
        edges.sort(key=lambda edge: -_depth(edge, nodes))
    yield from edges


def _iter_waited_for(node: Node) -> Iterable[Dependency]:
    yield from node.dependencies
    if isinstance(node, Group):
        # the tasks of a mapped group were not there yet when Airflow let it wait
        for expression in node.expressions:
            if isinstance(expression, Result):
                yield Dependency(expression.task)


def _depth(edge: Edge, nodes: Mapping[str, Node]) -> int:
    """Count the groups that both ends lie in."""
    return len(_groups_around(edge.node, nodes) & _groups_around(nodes[edge.before.name], nodes))


def _groups_around(node: Node, nodes: Mapping[str, Node]) -> set[str]:
    groups: set[str] = set()
    while node.group is not None:
        groups.add(node.group)
        node = nodes[node.group]
    return groups


def set_edge(edge: Edge, made: Mapping[str, Any]) -> None:
    """Let a task or group wait.

    A label changes only what the UI shows: where one side is a task in a group, Airflow's ``>> Label() >>`` would
    let the whole group wait.

    :param edge: the arrow
    :param made: the tasks and groups by their names
    """
    from airflow.sdk import Label

    node, before = made[edge.node.id], made[edge.before.name]
    if edge.before.label is None:
        node.set_upstream(before)
    else:
        before.set_downstream(node, edge_modifier=Label(edge.before.label))
