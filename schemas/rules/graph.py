"""Rules on the graph of a pipeline: names that exist, once each, and no way back to where one came from."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.diagnostic import Finding, Place, did_you_mean
from schemas.outline import Name, Node, Outline
from schemas.source import Tree


def iter_graph_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield unknown, own and doubled names first; cycles are looked for only where every name exists."""
    findings = [*_duplicates(outline, tree), *_dependencies(outline, tree), *_groups(outline, tree)]
    yield from findings
    if not findings:
        yield from _cycles(outline, tree)
        yield from _references(outline, tree)


def _duplicates(outline: Outline, tree: Tree) -> Iterator[Finding]:
    first: dict[str, Node] = {}
    for node in outline.nodes:
        if node.id in first:
            # a mapping cannot hold a key twice, so one of the two stands in a list or is a group
            place = tree.key(first[node.id].path)
            message = f'"{node.id}" is defined twice in pipeline "{outline.dag_id}"; first in line {place.line}'
            yield Finding("P203", id_place(node, tree), message, "tasks and groups need different names")
        first.setdefault(node.id, node)


def id_place(node: Node, tree: Tree) -> Place:
    """Give the place of the name of a task or group, in map form and in list form."""
    entry = tree.find(node.path)
    for key in ("task_id", "group_name"):
        if isinstance(node.path[-1], int) and key in entry.children:
            return entry.children[key].place
    return tree.key(node.path)


def _dependencies(outline: Outline, tree: Tree) -> Iterator[Finding]:
    known = {node.id for node in outline.nodes}
    names = sorted(known)
    for node in outline.nodes:
        for name in node.dependencies:
            place = tree.find(name.path).place
            if name.text == node.id:
                yield Finding("P202", place, f'"{node.id}" depends on itself', "remove it from dependencies")
            elif name.text not in known:
                message = f'"{node.id}" depends on "{name.text}", which is not defined'
                yield Finding("P201", place, message, did_you_mean(name.text, [other for other in names if other != node.id]))


def _groups(outline: Outline, tree: Tree) -> Iterator[Finding]:
    known = sorted(group.id for group in outline.groups)
    for node in outline.nodes:
        if node.group is not None and node.group.text not in known:
            message = f'task group "{node.group.text}" is not defined'
            hint = did_you_mean(node.group.text, known) or "define it under task_groups"
            yield Finding("P205", tree.find(node.group.path).place, message, hint)


def _cycles(outline: Outline, tree: Tree) -> Iterator[Finding]:
    edges = _task_edges(outline)
    for cycle in _find_cycles(edges):
        start = min(range(len(cycle)), key=lambda index: _order(cycle[index], outline, tree))
        names = [*cycle[start:], *cycle[:start]]
        first = next(node for node in outline.nodes if node.id == names[0])
        shown = " → ".join(f'"{name}"' for name in [*names, names[0]])
        message = f"dependencies go round in a circle: {shown}"
        yield Finding(
            "P204", id_place(first, tree), message, "an arrow means that the left one waits for the right one"
        )


def _order(name: str, outline: Outline, tree: Tree) -> tuple[int, int]:
    place = tree.key(next(node.path for node in outline.nodes if node.id == name))
    return place.line, place.column


def _task_edges(outline: Outline) -> dict[str, list[str]]:
    """Map each node to those it waits for; a member waits for what its group waits for, a group for its members."""
    edges: dict[str, list[str]] = {node.id: [name.text for name in node.dependencies] for node in outline.nodes}
    for node in outline.nodes:
        group: Name | None = node.group
        if group is None:
            continue
        parent = next(candidate for candidate in outline.groups if candidate.id == group.text)
        edges[node.id].extend(name.text for name in parent.dependencies)
        edges[group.text].append(node.id)
    return edges


def _find_cycles(edges: dict[str, list[str]]) -> Iterator[list[str]]:
    """Yield one cycle for each knot of nodes that wait for each other, by depth-first search without recursion."""
    done: set[str] = set()
    for root, first in edges.items():
        if root in done:
            continue
        trail = [root]
        work = [(root, iter(first))]
        while work:
            _, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                done.add(trail.pop())
            elif following in trail:
                yield trail[trail.index(following) :]
                done.update(trail)
                break
            elif following not in done:
                trail.append(following)
                work.append((following, iter(edges[following])))


def _references(outline: Outline, tree: Tree) -> Iterator[Finding]:
    ids = sorted(task.id for task in outline.tasks)
    edges = _task_edges(outline)
    for task in outline.tasks:
        if not task.references:
            continue
        upstream = _reachable(task.id, edges)
        for name in task.references:
            place = tree.find(name.path).place
            key = next(part for part in reversed(name.path) if isinstance(part, str))
            if name.text not in ids:
                message = f'"{key}" takes the result of task "{name.text}", which is not defined'
                yield Finding("P501", place, message, did_you_mean(name.text, [i for i in ids if i != task.id]))
            elif name.text not in upstream:
                message = f'"{key}" takes the result of "{name.text}", which does not run before "{task.id}"'
                yield Finding("P502", place, message, f'add "{name.text}" to the dependencies of "{task.id}"')


def _reachable(name: str, edges: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    work = list(edges[name])
    while work:
        following = work.pop()
        if following not in found:
            found.add(following)
            work.extend(edges[following])
    return found
