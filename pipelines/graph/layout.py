"""Where the parts of a picture stand: tasks as boxes, groups as boxes around them, arrows as the points they pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.graph.layers import Placed, Size, Spot, place
from pipelines.graph.model import Edge, Graph, Node

_HEIGHT = 44.0
_LETTER, _SMALL_LETTER = 7.85, 6.3
"""Width of a letter of a task's name, which is in a fixed pitch, and at most of a small one."""
_SIDE = 12.0
_INSET = 16.0
_TITLE = 20.0
_WIDEST = 1100.0
"""A picture that would be wider leads from top to bottom."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """The points that an arrow passes, its ends included."""

    edge: Edge
    points: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class Picture:
    """Everything in its place."""

    across: bool
    """Whether it leads from left to right; else from top to bottom."""
    width: float = 0.0
    height: float = 0.0
    tasks: dict[str, Box] = field(default_factory=dict)
    groups: dict[str, Box] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)


def lay_out(graph: Graph) -> Picture:
    """Give everything its place: from left to right where that is not too wide, else from top to bottom.

    :param graph: of a pipeline
    """
    picture = _Layout(graph, across=True).picture()
    return picture if picture.width <= _WIDEST else _Layout(graph, across=False).picture()


def lines_of(node: Node) -> tuple[str, str]:
    """Give the two lines of text in a task's box."""
    return node.id, ", ".join([node.kind, *node.notes])


_Level = str | None


class _Layout:
    """Lays each group out by itself; outside it is a box like a task's."""

    def __init__(self, graph: Graph, *, across: bool) -> None:
        self._graph = graph
        self._across = across
        self._placed: dict[_Level, Placed] = {}
        self._begin: dict[_Level, Spot] = {}
        self._above = {node.id: (None, *graph.groups_of(node)) for node in graph.nodes}

    def picture(self) -> Picture:
        picture = Picture(self._across)
        size = self._size_of(None)
        picture.width, picture.height = self._turned(size.along, size.across)
        self._fill(None, Spot(0, 0), picture)
        picture.arrows = [self._arrow(edge, picture) for edge in self._graph.edges]
        return picture

    def _turned(self, along: float, across: float) -> tuple[float, float]:
        return (along, across) if self._across else (across, along)

    def _size_of(self, level: _Level) -> Size:
        """Lay out what is in a group, and tell how much room it takes."""
        sizes = {node.id: self._task_size(node) for node in self._graph.nodes if node.group == level}
        # a task and a group never have the same name
        sizes |= {group.id: self._group_size(group.id) for group in self._graph.groups if group.parent == level}
        arrows = self._arrows_in(level, self._graph.edges)
        strong = self._arrows_in(level, [e for e in self._graph.edges if (e.source, e.target) in self._graph.needed])
        placed = self._placed[level] = place(sizes, arrows, frozenset(arrows) - frozenset(strong))
        return placed.size

    def _task_size(self, node: Node) -> Size:
        name, kind = lines_of(node)
        width = max(len(name) * _LETTER, len(kind) * _SMALL_LETTER) + 2 * _SIDE
        return Size(*self._turned(width, _HEIGHT))

    def _group_size(self, group: str) -> Size:
        inner = self._size_of(group)
        width, height = self._turned(inner.along, inner.across)
        title = len(group) * _SMALL_LETTER
        return Size(*self._turned(max(width, title) + 2 * _INSET, height + 2 * _INSET + _TITLE))

    def _arrows_in(self, level: _Level, edges: Iterable[Edge]) -> list[tuple[str, str]]:
        pairs = [(self._at(edge.source, level), self._at(edge.target, level)) for edge in edges]
        return [(source, target) for source, target in pairs if source and target and source != target]

    def _at(self, task: str, level: _Level) -> str | None:
        """Give the box of a level that holds a task, if one does."""
        line: Sequence[_Level] = (*self._above[task], task)
        return line[line.index(level) + 1] if level in line[:-1] else None

    def _fill(self, level: _Level, begin: Spot, picture: Picture) -> None:
        self._begin[level] = begin
        for name, spot in self._placed[level].spots.items():
            at = Spot(begin.along + spot.along, begin.across + spot.across)
            x, y = self._turned(at.along, at.across)
            if name in self._above:
                picture.tasks[name] = Box(x, y, *self._turned(*self._extent(name)))
            else:
                picture.groups[name] = Box(x, y, *self._turned(*self._extent(name)))
                inset = self._turned(_INSET, _INSET + _TITLE)
                self._fill(name, Spot(at.along + inset[0], at.across + inset[1]), picture)

    def _extent(self, name: str) -> tuple[float, float]:
        node = self._graph.node_by_id.get(name)
        size = self._task_size(node) if node else self._outer(name)
        return size.along, size.across

    def _outer(self, group: str) -> Size:
        inner = self._placed[group].size
        width, height = self._turned(inner.along, inner.across)
        return Size(*self._turned(max(width, len(group) * _SMALL_LETTER) + 2 * _INSET, height + 2 * _INSET + _TITLE))

    def _arrow(self, edge: Edge, picture: Picture) -> Arrow:
        level = self._common(edge)
        pair = (str(self._at(edge.source, level)), str(self._at(edge.target, level)))
        begin = self._begin[level]
        lanes = self._placed[level].lanes.get(pair, [])
        through = [self._turned(begin.along + spot.along, begin.across + spot.across) for spot in lanes]
        source, target = picture.tasks[edge.source], picture.tasks[edge.target]
        if self._across:
            start = (source.x + source.width, source.y + source.height / 2)
            end = (target.x, target.y + target.height / 2)
        else:
            start = (source.x + source.width / 2, source.y + source.height)
            end = (target.x + target.width / 2, target.y)
        return Arrow(edge, (start, *through, end))

    def _common(self, edge: Edge) -> _Level:
        """Give the innermost group that both ends are in."""
        both = zip(self._above[edge.source], self._above[edge.target], strict=False)
        return [source for source, target in both if source == target][-1]
