"""The picture as SVG: well-formed whatever is in it, boxes that do not touch, arrows that lead from box to box."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph.layout import Box, lay_out
from pipelines.graph.model import Edge, Graph, Group, Node
from pipelines.graph.svg import render
from tests.pipelines.graph.drawn import graph

SVG = "{http://www.w3.org/2000/svg}"


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs of which some tasks are in groups, and some groups in groups; between groups there may be circles."""
    size = draw(st.integers(1, 14))
    number = draw(st.integers(0, 4))
    groups = [Group(f"g{n}", draw(st.sampled_from([None, *(f"g{m}" for m in range(n))]))) for n in range(number)]
    homes = st.sampled_from([None, *(group.id for group in groups)])
    nodes = tuple(Node(f"t{n}" * draw(st.integers(1, 4)), "Operator", draw(homes)) for n in range(size))
    pairs = draw(st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=30))
    edges = tuple(Edge(nodes[a].id, nodes[b].id) for a, b in sorted(pairs) if a < b)
    return Graph(nodes, tuple(groups), edges)


@given(graphs())
def test_no_two_boxes_touch_unless_one_is_in_the_other(drawn: Graph) -> None:
    picture = lay_out(drawn)
    assert not any(overlap(one, other) for one, other in combinations(picture.tasks.values(), 2))
    for group, members in drawn.members.items():
        box = picture.groups[group]
        assert all(inside(picture.tasks[task], box) for task in members)
        assert not any(overlap(picture.tasks[node.id], box) for node in drawn.nodes if node.id not in members)
    whole = Box(0, 0, picture.width + 0.01, picture.height + 0.01)
    assert all(inside(box, whole) for box in picture.tasks.values())


@given(graphs())
def test_every_edge_has_an_arrow_from_box_to_box(drawn: Graph) -> None:
    picture = lay_out(drawn)
    assert [arrow.edge for arrow in picture.arrows] == list(drawn.edges)
    for arrow in picture.arrows:
        for (x, y), task in zip(
            (arrow.points[0], arrow.points[-1]), (arrow.edge.source, arrow.edge.target), strict=True
        ):
            box = picture.tasks[task]
            assert box.x - 0.01 <= x <= box.x + box.width + 0.01
            assert box.y - 0.01 <= y <= box.y + box.height + 0.01


def test_a_chain_stands_in_one_line() -> None:
    short = lay_out(graph("a > b > c > d, a > d"))
    assert short.across
    assert len({box.y for box in short.tasks.values()}) == 1
    long = lay_out(graph(" > ".join(f"task_number_{n}" for n in range(12))))
    assert not long.across
    assert len({box.x + box.width / 2 for box in long.tasks.values()}) == 1


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_well_formed_and_reads_back(label: str, title: str) -> None:
    drawn = Graph((Node("a", "Operator"), Node("b", "Operator")), (), (Edge("a", "b", label),))
    root = ET.fromstring(render(drawn, title))  # noqa: S314 (made a line above)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts[:4] == ["a", "Operator", "b", "Operator"]
    assert (len(texts) == 5) == bool(label)


def test_nothing_in_it_runs_or_is_loaded() -> None:
    text = render(graph("a > b"), "x")
    assert not any(word in text for word in ("<script", "href", "url(http", "@import", "<image"))


def test_it_has_colours_for_a_dark_page() -> None:
    assert "prefers-color-scheme: dark" in render(graph("a"), "x")
