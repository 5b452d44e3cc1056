"""A graph as an SVG picture of its own: no script, no font to load, legible on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from pipelines.graph.layout import Arrow, Box, Picture, lay_out, lines_of
from pipelines.graph.model import Graph, Node
from schemas.diagnostic import printable

_MARGIN = 12.0
_STYLE = """\
    svg { --ink: #1f2937; --quiet: #6b7280; --line: #94a3b8; --box: #ffffff; --edge: #3b82f6; --group: #64748b14 }
    @media (prefers-color-scheme: dark) {
      svg { --ink: #e5e7eb; --quiet: #9ca3af; --line: #94a3b8; --box: #1f2937; --edge: #60a5fa; --group: #94a3b81f }
    }
    text { font: 11px system-ui, sans-serif; fill: var(--quiet) }
    .name { font: 600 13px ui-monospace, Consolas, Menlo, monospace; fill: var(--ink) }
    .task rect { fill: var(--box); stroke: var(--edge); stroke-width: 1.5 }
    .last rect { stroke-dasharray: 5 3 }
    .group rect { fill: var(--group); stroke: var(--line); stroke-dasharray: 2 3 }
    .arrow { fill: none; stroke: var(--line); stroke-width: 1.5 }
    .implied { stroke-dasharray: 3 4; stroke-width: 1 }
    marker path { fill: var(--line) }"""


def render(graph: Graph, title: str) -> str:
    """Draw a graph.

    :param graph: of a pipeline
    :param title: what a screen reader says of the picture
    """
    picture = lay_out(graph)
    width, height = picture.width + 2 * _MARGIN, picture.height + 2 * _MARGIN
    box = " ".join(_number(value) for value in (-_MARGIN, -_MARGIN, width, height))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{_number(width)}" '
        f'height="{_number(height)}" role="img" aria-label={_attribute(title)}>'
    )
    return "\n".join([head, *_iter_parts(graph, picture), "</svg>"])


def _iter_parts(graph: Graph, picture: Picture) -> Iterator[str]:
    yield f"  <style>\n{_STYLE}\n  </style>"
    yield (
        '  <defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0.5 8 4 0 7.5z"/></marker></defs>'
    )
    for group in graph.groups:
        if group.id in picture.groups:
            yield _group(group.id + (" (mapped)" if group.is_mapped else ""), picture.groups[group.id])
    for arrow in picture.arrows:
        implied = (arrow.edge.source, arrow.edge.target) not in graph.needed
        yield _arrow(arrow, across=picture.across, implied=implied)
    for node in graph.nodes:
        yield _task(node, picture.tasks[node.id])
    for arrow in picture.arrows:
        if arrow.edge.label:
            yield _label(arrow)


def _group(name: str, box: Box) -> str:
    x, y = _number(box.x + 10), _number(box.y + 16)
    return f'  <g class="group">{_rectangle(box, 10)}<text x="{x}" y="{y}">{_text(name)}</text></g>'


def _task(node: Node, box: Box) -> str:
    name, kind = lines_of(node)
    x = _number(box.x + box.width / 2)
    lines = (
        f'<text class="name" text-anchor="middle" x="{x}" y="{_number(box.y + 19)}">{_text(name)}</text>'
        f'<text text-anchor="middle" x="{x}" y="{_number(box.y + 34)}">{_text(kind)}</text>'
    )
    kinds = "task last" if "teardown" in node.notes else "task"
    return f'  <g class="{kinds}">{_rectangle(box, 7)}{lines}</g>'


def _rectangle(box: Box, radius: int) -> str:
    at = f'x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" height="{_number(box.height)}"'
    return f'<rect {at} rx="{radius}"/>'


def _arrow(arrow: Arrow, *, across: bool, implied: bool) -> str:
    kinds = "arrow implied" if implied else "arrow"
    return f'  <path class="{kinds}" marker-end="url(#head)" d="{_curve(arrow.points, across=across)}"/>'


def _curve(points: Sequence[tuple[float, float]], *, across: bool) -> str:
    """Join points by curves that leave and reach each of them along the way that the picture leads."""
    parts = [f"M{_pair(points[0])}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        reach = max(abs(to_x - x if across else to_y - y) / 2, 20.0)
        bends = ((x + reach, y), (to_x - reach, to_y)) if across else ((x, y + reach), (to_x, to_y - reach))
        parts.append(f"C{_pair(bends[0])} {_pair(bends[1])} {_pair((to_x, to_y))}")
    return "".join(parts)


def _label(arrow: Arrow) -> str:
    half = len(arrow.points) // 2
    (x, y), (to_x, to_y) = arrow.points[half - 1], arrow.points[half]
    at = f'x="{_number((x + to_x) / 2)}" y="{_number((y + to_y) / 2 - 4)}"'
    return f'  <text text-anchor="middle" {at}>{_text(arrow.edge.label)}</text>'


def _pair(point: tuple[float, float]) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(printable(text))


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
