"""A graph as lines of text, in the manner of `git log --graph`: one line for each task, rails for what leads where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.graph.model import Graph

TASK = "●"
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_PIECES = {
    0: " ",
    _UP | _DOWN: "│",
    _LEFT | _RIGHT: "─",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT: "┤",
    _DOWN | _LEFT | _RIGHT: "┬",
    _UP | _LEFT | _RIGHT: "┴",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
    _DOWN | _LEFT: "╮",
    _DOWN | _RIGHT: "╭",
    _UP | _LEFT: "╯",
    _UP | _RIGHT: "╰",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    rails: str
    task: str | None = None
    """The task that stands in this line; None for a line that only leads on."""


@dataclass(slots=True)
class _Rails:
    """What is awaited below, column by column."""

    columns: list[str | None] = field(default_factory=list)

    def find(self, task: str, near: int) -> int:
        """Give the column of a task; one that is free, the nearest to the right first, if it has none."""
        if task in self.columns:
            return self.columns.index(task)
        places = [*range(near, len(self.columns)), *range(near), len(self.columns)]
        at: int = next(place for place in places if place == len(self.columns) or self.columns[place] is None)
        self.columns += [None] * (at == len(self.columns))
        return at

    def trim(self) -> None:
        while self.columns and self.columns[-1] is None:
            self.columns.pop()


def iter_rows(graph: Graph) -> Iterator[Row]:
    """Draw a graph from top to bottom; edges that a longer way implies are not drawn.

    :param graph: of a pipeline
    """
    rails, ended = _Rails(), None
    for task in graph.order:
        at = rails.find(task, len(rails.columns))
        if at == ended and task not in rails.columns:
            # right below the last task of a way, a first task would look like the next one of it
            yield Row(_line_of(rails.columns, None))
        rails.columns[at] = task
        yield Row(_line_of(rails.columns, at), task)
        rails.columns[at] = None
        targets = [target for target in graph.targets[task] if (task, target) in graph.needed]
        before = list(rails.columns)
        reached = []
        for target in targets:
            column = rails.find(target, at)
            rails.columns[column] = target
            reached.append(column)
        ended = None if targets else at
        if any(column != at for column in reached):
            yield Row(_link(before, rails.columns, at, reached))
        rails.trim()


def _line_of(columns: Sequence[str | None], at: int | None) -> str:
    marks = [TASK if index == at else " " if task is None else "│" for index, task in enumerate(columns)]
    return " ".join(marks).rstrip()


def _link(before: Sequence[str | None], after: Sequence[str | None], at: int, reached: Sequence[int]) -> str:
    """Draw the line that leads from a task's column to those of the tasks after it."""
    first, last = min(at, *reached), max(at, *reached)
    text = ""
    for column, awaited in enumerate(after):
        is_end = column == at or column in reached
        sides = (_LEFT if first < column <= last else 0) | (_RIGHT if first <= column < last else 0)
        if column == at:
            text += _PIECES[_UP | sides | (_DOWN if column in reached else 0)]
        elif is_end:
            goes_on = column < len(before) and before[column] is not None
            text += _PIECES[_DOWN | sides | (_UP if goes_on else 0)]
        else:
            # a rail that is only crossed is not interrupted, so that nobody takes the crossing for a junction
            text += "│" if awaited is not None else _PIECES[sides if sides == _LEFT | _RIGHT else 0]
        text += "─" if first <= column < last else " "
    return text.rstrip()
