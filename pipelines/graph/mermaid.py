"""A graph in Mermaid's language, which GitHub, GitLab and many editors draw where it stands in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipelines.graph.model import Edge, Graph, Node
from schemas.diagnostic import printable

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]")
_NOT_PLAIN = re.compile(r"[^\w .,:/()@+*=!?-]")


def render(graph: Graph) -> str:
    """Write a graph as a flowchart, with its groups as subgraphs.

    :param graph: of a pipeline
    """
    tasks = _names("task", (node.id for node in graph.nodes))
    groups = _names("group", (group.id for group in graph.groups))
    lines = ["flowchart LR", *_iter_level(graph, None, tasks, groups, "  ")]
    lines += [_edge(edge, {**tasks, **groups}) for edge in graph.declared]
    return "\n".join(lines)


def _iter_level(
    graph: Graph, parent: str | None, tasks: Mapping[str, str], groups: Mapping[str, str], indent: str
) -> Iterator[str]:
    for node in graph.nodes:
        if node.group == parent:
            yield f"{indent}{tasks[node.id]}{_shape(node)}"
    for group in graph.groups:
        if group.parent == parent:
            mapped = " (mapped)" if group.is_mapped else ""
            yield f'{indent}subgraph {groups[group.id]}["{_quoted(group.id + mapped)}"]'
            yield from _iter_level(graph, group.id, tasks, groups, indent + "  ")
            yield f"{indent}end"


def _shape(node: Node) -> str:
    notes = f"<br/>{_quoted(', '.join(node.notes))}" if node.notes else ""
    return f'["{_quoted(node.id)}<br/>{_quoted(node.kind)}{notes}"]'


def _edge(edge: Edge, names: Mapping[str, str]) -> str:
    label = f'|"{_quoted(edge.label)}"|' if edge.label else ""
    return f"  {names[edge.source]} -->{label} {names[edge.target]}"


def _names(kind: str, ids: Iterable[str]) -> dict[str, str]:
    """Give names of letters, digits and underscores only; the prefix keeps them apart from Mermaid's own words."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for text in ids:
        name = plain = f"{kind}_{_NOT_IN_A_NAME.sub('_', text)}"
        number = 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        names[text] = name
    return names


def _quoted(text: str) -> str:
    """Write what could mean something to Mermaid, or to the HTML that it makes, as its number."""
    return _NOT_PLAIN.sub(lambda match: f"#{ord(match[0])};", printable(text))
