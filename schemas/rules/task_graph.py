"""The graph of the tasks alone, as Airflow will have it: groups replaced by their first and last tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from schemas.expressions import Result
from schemas.outline import Node, Outline

_MOST = 100_000
"""A graph with more edges is not laid out, as groups that depend on groups multiply; no real one comes near it."""

Edge = tuple[str, str]
"""A task and one that waits for it."""


@dataclass(frozen=True, slots=True)
class TaskGraph:
    """Tasks, and the tasks right before and after each."""

    tasks: Mapping[str, Node]
    upstream: Mapping[str, list[str]]
    downstream: Mapping[str, list[str]]

    def in_order(self) -> list[str]:
        """Give the tasks so that each stands after those it waits for; what hangs on a cycle is left out."""
        waiting = {name: len(names) for name, names in self.upstream.items()}
        ready = [name for name, count in waiting.items() if not count]
        for name in ready:
            for following in self.downstream[name]:
                waiting[following] -= 1
                if not waiting[following]:
                    ready.append(following)
        return ready


def lay_out(outline: Outline) -> TaskGraph | None:
    """Lay the tasks of a pipeline out; None where a name is unknown or given twice, or the graph is too large."""
    tasks = {task.id: task for task in outline.tasks}
    groups = {group.id: group for group in outline.groups}
    if len(tasks.keys() | groups.keys()) < len(outline.nodes):
        return None
    named = {name.text for node in outline.nodes for name in node.dependencies}
    referred = {name for node in outline.nodes for name in _results(node)}
    parents = {node.group.text for node in outline.nodes if node.group is not None}
    if named - tasks.keys() - groups.keys() or referred - tasks.keys() or parents - groups.keys():
        return None
    members = _members(outline)
    edges = None if members is None else _edges(outline, members)
    return None if edges is None else _graph(tasks, edges)


def _results(node: Node) -> Iterator[str]:
    """Yield the tasks whose results a node takes."""
    yield from (name.text for name in node.references)
    yield from (found.task for found in node.expressions if isinstance(found, Result))


def _graph(tasks: Mapping[str, Node], edges: Iterable[Edge]) -> TaskGraph:
    upstream: dict[str, list[str]] = {name: [] for name in tasks}
    downstream: dict[str, list[str]] = {name: [] for name in tasks}
    for before, after in edges:
        upstream[after].append(before)
        downstream[before].append(after)
    return TaskGraph(tasks, upstream, downstream)


def _members(outline: Outline) -> dict[str, set[str]] | None:
    """Map each group to all tasks in it, those of inner groups too."""
    parents = {node.id: node.group.text for node in outline.nodes if node.group is not None}
    members: dict[str, set[str]] = {group.id: set() for group in outline.groups}
    count = 0
    for task in outline.tasks:
        group, seen = parents.get(task.id), set[str]()
        while group is not None and group not in seen:
            members[group].add(task.id)
            seen.add(group)
            group = parents.get(group)
        count += len(seen)
        if count > _MOST:
            return None
    return members


def _edges(outline: Outline, members: Mapping[str, set[str]]) -> Iterable[Edge] | None:
    if not outline.groups:
        return _expand(outline, {}, {})
    # as if each task of a group came first and last in it: enough to tell which do
    loose = _expand(outline, members, members)
    if loose is None:
        return None
    first = {name: set(inside) for name, inside in members.items()}
    last = {name: set(inside) for name, inside in members.items()}
    within = _groups_of(members)
    for before, after in loose:
        for group in within[before] & within[after]:
            first[group].discard(after)
            last[group].discard(before)
    return _expand(outline, first, last)


def _groups_of(members: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for group, inside in members.items():
        for task in inside:
            groups[task].add(group)
    return groups


def _expand(
    outline: Outline, first: Mapping[str, Iterable[str]], last: Mapping[str, Iterable[str]]
) -> dict[Edge, None] | None:
    edges: dict[Edge, None] = {}
    for node in outline.nodes:
        afters = sorted(first.get(node.id, (node.id,)))
        for name in (*(dependency.text for dependency in node.dependencies), *_results(node)):
            befores = sorted(last.get(name, (name,)))
            if len(edges) + len(befores) * len(afters) > _MOST:
                return None
            edges.update(dict.fromkeys(product(befores, afters)))
    return edges
