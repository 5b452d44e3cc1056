"""The graph of a checked pipeline: its tasks, groups and edges, as Airflow would have them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from schemas import spec
from schemas.expressions import Result
from schemas.kinds import MAPPINGS
from schemas.spec import Pipeline, Task

_MARKS = ("setup", "teardown")
_USUAL_RULE = "all_success"


@dataclass(frozen=True, slots=True)
class Node:
    """A task."""

    id: str
    """Its name in the YAML."""
    kind: str
    """What it runs: the last part of the operator's name."""
    group: str | None = None
    notes: tuple[str, ...] = ()
    """What sets it apart: ``teardown``, ``mapped``, a trigger rule."""


@dataclass(frozen=True, slots=True)
class Group:
    """A task group."""

    id: str
    parent: str | None = None
    is_mapped: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing comes before another; each is a task or a group."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True)
class Graph:
    """The graph of a pipeline."""

    nodes: tuple[Node, ...]
    """In the order of the file."""
    groups: tuple[Group, ...] = ()
    declared: tuple[Edge, ...] = ()
    """Edges between tasks and groups as the YAML has them, those that follow from references to results included."""

    @cached_property
    def node_by_id(self) -> Mapping[str, Node]:
        """The tasks by their names."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Edges between tasks: one from or to a group holds for its last or first tasks."""
        found: dict[tuple[str, str], Edge] = {}
        for edge in self.declared:
            for source in self._ends(edge.source, last=True):
                for target in self._ends(edge.target, last=False):
                    known = found.get((source, target))
                    if source != target and (known is None or not known.label):
                        found[source, target] = Edge(source, target, edge.label)
        return tuple(found.values())

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """Task -> the tasks right before it."""
        return _grouped(((edge.target, edge.source) for edge in self.edges), self.nodes)

    @cached_property
    def targets(self) -> Mapping[str, tuple[str, ...]]:
        """Task -> the tasks right after it."""
        return _grouped(((edge.source, edge.target) for edge in self.edges), self.nodes)

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """Group -> all tasks in it and in the groups below it."""
        found: dict[str, set[str]] = {group.id: set() for group in self.groups}
        for node in self.nodes:
            for group in self.groups_of(node):
                found[group].add(node.id)
        return {group: frozenset(members) for group, members in found.items()}

    @cached_property
    def _parents(self) -> Mapping[str, str | None]:
        return {group.id: group.parent for group in self.groups}

    def groups_of(self, node: Node) -> tuple[str, ...]:
        """Name the groups that a task is in, from the outermost on."""
        return tuple(reversed([*_line(node.group, self._parents)]))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The tasks so that each comes after those it depends on, and close to them."""
        return tuple(_ordered(self.nodes, self.sources, self.targets))

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """Task -> how many tasks stand before it on the longest way to it."""
        ranks: dict[str, int] = {}
        for task in self.order:
            ranks[task] = 1 + max((ranks[source] for source in self.sources[task] if source in ranks), default=-1)
        return ranks

    @cached_property
    def needed(self) -> frozenset[tuple[str, str]]:
        """The edges that no longer way implies; the others change nothing about the order."""
        before: dict[str, set[str]] = {}
        needed: set[tuple[str, str]] = set()
        for task in self.order:
            sources = self.sources[task]
            implied: set[str] = set().union(*(before.get(source, set()) for source in sources))
            needed.update((source, task) for source in sources if source not in implied)
            before[task] = implied | set(sources)
        return frozenset(needed)

    def _ends(self, name: str, *, last: bool) -> Sequence[str]:
        """Give the tasks that stand for a task or a group: of a group those with no other after (before) them."""
        if name in self.node_by_id:
            return (name,)
        members = self.members.get(name, frozenset())
        inner = {(e.source, e.target) for e in self._inner(name)}
        covered = {pair[0 if last else 1] for pair in inner}
        return [node.id for node in self.nodes if node.id in members and node.id not in covered]

    def _inner(self, group: str) -> Iterator[Edge]:
        """Yield the edges between tasks of a group; those to or from groups inside it hold for their tasks."""
        members, inside = self.members.get(group, frozenset()), self._below(group)
        for edge in self.declared:
            if edge.source in members | inside and edge.target in members | inside:
                for source in self._ends(edge.source, last=True):
                    yield from (Edge(source, target) for target in self._ends(edge.target, last=False))

    def _below(self, group: str) -> frozenset[str]:
        return frozenset(g.id for g in self.groups if g.id != group and group in _line(g.id, self._parents))


def build_graph(pipeline: Pipeline) -> Graph:
    """Give the graph of a pipeline.

    :param pipeline: a pipeline without errors
    """
    setups = {name for task in pipeline.tasks for name in _setups_of(task)}
    nodes = tuple(_node(task, setups) for task in pipeline.tasks)
    groups = tuple(Group(group.id, group.group, group.is_mapped) for group in pipeline.groups)
    found: dict[tuple[str, str], Edge] = {}
    declared: list[Task | spec.Group] = [*pipeline.tasks, *pipeline.groups]
    for edge in (edge for node in declared for edge in _edges_to(node)):
        if edge.label or (edge.source, edge.target) not in found:
            found[edge.source, edge.target] = edge
    return Graph(nodes, groups, tuple(found.values()))


def operator_of(config: Mapping[str, Any]) -> str:
    """Give what a task runs, in one word: the last part of its operator, or of its function's name."""
    if "decorator" in config:
        function = str(config.get("python_callable", "")).rpartition(".")[2]
        return f"@{decorator_of(config)} {function}".strip()
    return str(config.get("operator", "")).rpartition(".")[2]


def decorator_of(config: Mapping[str, Any]) -> str:
    """Give the decorator of a task that is a function, without the package that dag-factory's files may name."""
    name = str(config["decorator"])
    return name[name.index("task") :] if "task" in name else name


def _node(task: Task, setups: Collection[str]) -> Node:
    notes = [mark for mark in _MARKS if task.config.get(mark) or (mark == "setup" and task.id in setups)]
    if _is_mapped(task.config):
        notes.append("mapped")
    rule = task.config.get("trigger_rule", _USUAL_RULE)
    if rule != _USUAL_RULE:
        notes.append(str(rule))
    return Node(task.id, operator_of(task.config), task.group, tuple(notes))


def _is_mapped(config: Mapping[str, Any]) -> bool:
    return any(key in config for key in MAPPINGS)


def _setups_of(task: Task) -> Sequence[str]:
    """Name what a teardown tears down."""
    teardown = task.config.get("teardown")
    return teardown.get("setups", ()) if isinstance(teardown, Mapping) else ()


def _edges_to(node: Task | spec.Group) -> Iterator[Edge]:
    for before in node.dependencies:
        yield Edge(before.name, node.id, before.label or "")
    if isinstance(node, Task):
        yield from (Edge(name, node.id) for name in _setups_of(node))
    for expression in node.expressions:
        if isinstance(expression, Result):
            yield Edge(expression.task, node.id)


def _line(group: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a group and those above it; a circle, which the checker does not let through, ends."""
    seen: set[str] = set()
    while group is not None and group in parents and group not in seen:
        seen.add(group)
        yield group
        group = parents[group]


def _grouped(pairs: Iterable[tuple[str, str]], nodes: Iterable[Node]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {node.id: [] for node in nodes}
    for key, value in pairs:
        found[key].append(value)
    return {key: tuple(values) for key, values in found.items()}


def _ordered(
    nodes: Iterable[Node], sources: Mapping[str, Sequence[str]], targets: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    waiting = {node.id: len(sources[node.id]) for node in nodes}
    ready = [task for task, number in reversed(waiting.items()) if not number]
    while ready:
        task = ready.pop()
        yield task
        for target in reversed(targets[task]):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
