"""Mermaid: a small part of its language, whatever the ids and labels are; Mermaid 11's own parser takes it."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph.mermaid import render
from pipelines.graph.model import Edge, Graph, Group, Node
from tests.pipelines.graph.drawn import graph

IDS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True),
    st.sampled_from(["end", "graph", "subgraph", "class", "style", "default", "click", "o", "x", "a-b", "a_b", "a--b"]),
)
NAME = r"(?:task|group)_\w+"
QUOTED = r'"(?:[\w .,:/()@+*=!?-]|#\d+;|<br/>)*"'
LINE = re.compile(
    rf"flowchart LR|\s+{NAME}\[{QUOTED}\]|\s+subgraph {NAME}\[{QUOTED}\]|\s+end|\s+{NAME} -->(?:\|{QUOTED}\|)? {NAME}"
)


def test_a_graph_with_groups() -> None:
    drawn = graph("begin > a > b, sources > end", "sources(a) deep(b):sources")
    assert (
        render(drawn)
        == """\
flowchart LR
  task_begin["begin<br/>Operator"]
  task_end["end<br/>Operator"]
  subgraph group_sources["sources"]
    task_a["a<br/>Operator"]
    subgraph group_deep["deep"]
      task_b["b<br/>Operator"]
    end
  end
  task_begin --> task_a
  task_a --> task_b
  group_sources --> task_end"""
    )


@given(st.lists(IDS, min_size=2, max_size=12, unique=True), st.text(max_size=20))
def test_any_id_and_any_label_stays_within_the_language(ids: list[str], label: str) -> None:
    nodes = tuple(Node(name, "Operator", "g" if index % 2 else None) for index, name in enumerate(ids))
    edges = tuple(Edge(a, b, label) for a, b in pairwise(ids))
    lines = render(Graph(nodes, (Group("g"),), edges)).splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    names = [match[1] for line in lines if (match := re.fullmatch(rf"\s+({NAME})\[.*", line))]
    assert len(set(names)) == len(names) == len(ids)
