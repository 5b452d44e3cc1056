"""The picture in the terminal: exact lines for the shapes that pipelines have, and for any graph what must hold."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph.model import Edge, Graph, Node
from pipelines.graph.rails import TASK, Row, iter_rows
from pipelines.graph.text import render
from tests.pipelines.graph.drawn import graph

PICTURES = {
    "chain": (
        "a > b > c",
        """
        ●  a
        ●  b
        ●  c
        """,
    ),
    "fan-in": (
        "x > r, y > r, z > r, r > s",
        """
        ●    x
        │ ●  y
        ├─╯
        │ ●  z
        ├─╯
        ●    r
        ●    s
        """,
    ),
    "fan-out and in": (
        "s > a > j, s > b > j, s > c > j",
        """
        ●      s
        ├─┬─╮
        ● │ │  a
        │ ● │  b
        ├─╯ │
        │   ●  c
        ├───╯
        ●      j
        """,
    ),
    "a longer way": (
        "a > b > c > d, b > d",
        """
        ●  a
        ●  b
        ●  c
        ●  d  after b
        """,
    ),
    "crossing": (
        "a > b, a > c, b > d, c > d, b > f, d > e, f > e",
        """
        ●      a
        ├─╮
        ● │    b
        ├─│─╮
        │ │ ●  f
        │ ● │  c
        ├─╯ │
        ●   │  d
        ╰───┤
            ●  e
        """,
    ),
    "every one before every one": (
        "a > x, a > y, b > x, b > y",
        """
        ●      a
        ├─╮
        │ │ ●  b
        ├─┼─╯
        ● │    x
          ●    y
        """,
    ),
    "two graphs": (
        "a > b, x > y",
        """
        ●  a
        ●  b

        ●  x
        ●  y
        """,
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture(name: str) -> None:
    edges, picture = PICTURES[name]
    drawn = re.sub(r" *Operator *(?=after|$)", "  ", render(graph(edges)), flags=re.MULTILINE)
    assert [line.rstrip() for line in drawn.splitlines()] == dedent(picture).strip("\n").splitlines()


def test_groups_stand_before_the_names_of_tasks() -> None:
    text = render(graph("begin > a, a > b, sources > end", "sources(a) deep(b):sources"))
    assert text.splitlines() == [
        "●  begin           Operator",
        "●  sources.a       Operator",
        "●  sources.deep.b  Operator",
        "●  end             Operator",
    ]


def test_labels_and_marks_stand_behind() -> None:
    nodes = (Node("ask", "Branch"), Node("yes", "Empty", notes=("mapped", "all_done")))
    text = render(Graph(nodes, (), (Edge("ask", "yes", "if good"),)))
    assert text.splitlines() == ["●  ask  Branch", '●  yes  Empty   mapped, all_done, after ask "if good"']


def test_what_is_too_wide_for_rails_is_numbered() -> None:
    text = render(graph(", ".join(f"s > t{n} > e" for n in range(20))))
    lines = text.splitlines()
    assert lines[0] == "1  s    Operator"
    assert lines[1] == "2  t0   Operator  after s"
    assert lines[2] == "   t1   Operator  after s"
    assert lines[-1].startswith("3  e    Operator  after t0, after t1")


def test_colours_change_nothing_but_the_colour() -> None:
    drawn = graph("a > b, a > c", "g(b)")
    coloured = render(drawn, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(drawn)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 12))
    pairs = draw(st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=25))
    edges = tuple(Edge(f"t{a}", f"t{b}") for a, b in sorted(pairs) if a < b)
    names = draw(st.permutations([f"t{n}" for n in range(size)]))
    return Graph(tuple(Node(name, "") for name in names), (), edges)


@given(graphs())
def test_the_rails_lead_along_exactly_the_edges_that_no_longer_way_implies(drawn: Graph) -> None:
    assert read(list(iter_rows(drawn))) == set(drawn.needed)


def read(rows: list[Row]) -> set[tuple[str, str]]:
    """Follow the rails as the eye does: which tasks does each one come from?"""
    found: set[tuple[str, str]] = set()
    rails: dict[int, set[str]] = {}
    task, start = "", 0
    for row in rows:
        chars = dict(enumerate(row.rails))
        if row.task:
            task, start = row.task, row.rails.index(TASK)
            found |= {(source, task) for source in rails.get(start, ())}
            rails[start] = {task}
        for column in [*range(0, len(row.rails), 2)]:
            if chars[column] in "├┤┬┴┼╮╭╯╰" and column != start:
                rails[column] = {task} | (rails.get(column, set()) if chars[column] in "├┤┴┼" else set())
        rails = {column: tasks for column, tasks in rails.items() if chars.get(column, " ") in TASK + "│├┤┬┼╮╭"}
    return found


@given(graphs())
def test_every_task_stands_once_and_after_those_before_it(drawn: Graph) -> None:
    order = [row.task for row in iter_rows(drawn) if row.task]
    assert sorted(order) == sorted(node.id for node in drawn.nodes)
    assert all(order.index(edge.source) < order.index(edge.target) for edge in drawn.edges)
