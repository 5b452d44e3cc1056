"""Graphs in short: ``a > b, b > c``, with groups as ``name(a b)``."""

from __future__ import annotations

from itertools import pairwise

from pipelines.graph.model import Edge, Graph, Group, Node


def graph(edges: str, groups: str = "") -> Graph:
    """Make a graph.

    :param edges: chains, as in ``a > b > c, b > d``; tasks stand in the order in which they are named
    :param groups: as in ``sources(a b) deep(c):sources``
    """
    pairs: list[Edge] = []
    names: dict[str, None] = {}
    parents: dict[str, str | None] = {}
    inside: dict[str, str] = {}
    for part in filter(None, groups.split(") ")):
        name, _, rest = part.partition("(")
        members, _, parent = rest.partition("):")
        parents[name] = parent.strip(")") or None
        inside.update(dict.fromkeys(members.strip(")").split(), name))
    for chain in edges.split(","):
        line = [name.strip() for name in chain.split(">")]
        names.update(dict.fromkeys(line))
        pairs += [Edge(a, b) for a, b in pairwise(line)]
    nodes = tuple(Node(name, "Operator", inside.get(name)) for name in names if name not in parents)
    return Graph(nodes, tuple(Group(name, parent) for name, parent in parents.items()), tuple(pairs))
