"""A graph for the terminal: its tasks in lines that rails join, or in numbered steps where rails would be too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.graph.model import Edge, Graph
from pipelines.graph.rails import TASK, Row, iter_rows
from schemas.formats.terminal import BLUE, BOLD, CYAN, DIM, paint, shown, width

_WIDEST = 32
"""Rails that take more columns of the terminal than this tell nothing."""


def render(graph: Graph, *, color: bool = False) -> str:
    """Draw a graph.

    :param graph: of a pipeline
    :param color: whether to print escape sequences for colours
    """
    rows = list(iter_rows(graph))
    widest = max((len(row.rails) for row in rows), default=0)
    if widest > _WIDEST:
        rows, widest = _in_steps(graph)
    names = max((width(_name(graph, row)) for row in rows if row.task), default=0)
    kinds = max((width(node.kind) for node in graph.nodes), default=0)
    return "\n".join(_line(graph, row, (widest, names, kinds), color=color) for row in rows)


def _in_steps(graph: Graph) -> tuple[list[Row], int]:
    """Give each task a number, by how many stand before it; those of one number can run side by side."""
    tasks = sorted(graph.order, key=graph.ranks.__getitem__)
    last = str(graph.ranks[tasks[-1]] + 1)
    rows, previous = [], -1
    for task in tasks:
        rank = graph.ranks[task]
        rows.append(Row(f"{rank + 1 if rank != previous else '':>{len(last)}}", task))
        previous = rank
    return rows, len(last)


def _line(graph: Graph, row: Row, widths: Sequence[int], *, color: bool) -> str:
    rails, names, kinds = widths
    if row.task is None:
        return paint(row.rails, BLUE, color)
    node = graph.node_by_id[row.task]
    before, mark, after = f"{row.rails:<{rails}}".partition(TASK)
    drawn = paint(before, BLUE, color) + paint(mark, CYAN, color) + paint(after, BLUE, color)
    groups = "".join(f"{group}." for group in graph.groups_of(node))
    name = paint(shown(groups), DIM, color) + paint(shown(node.id), BOLD, color)
    pad = " " * (names - width(_name(graph, row)))
    notes = ", ".join([*node.notes, *_more_sources(graph, row)])
    kind = f"{shown(node.kind):<{kinds}}" if notes else shown(node.kind)
    return f"{drawn}  {name}{pad}  {kind}  {paint(notes, DIM, color)}".rstrip()


def _name(graph: Graph, row: Row) -> str:
    node = graph.node_by_id[str(row.task)]
    return shown(".".join([*graph.groups_of(node), node.id]))


def _more_sources(graph: Graph, row: Row) -> Iterator[str]:
    """Say what the rails do not: labels, and the edges that a longer way implies."""
    drawn_by_rails = not row.rails.strip().isdecimal() and bool(row.rails.strip())
    for edge in graph.edges:
        if edge.target == row.task:
            yield from _told(edge, graph, drawn_by_rails=drawn_by_rails)


def _told(edge: Edge, graph: Graph, *, drawn_by_rails: bool) -> Iterator[str]:
    label = f' "{shown(edge.label)}"' if edge.label else ""
    if not drawn_by_rails or (edge.source, edge.target) not in graph.needed or label:
        yield f"after {edge.source}{label}"
