"""Rules on the graph of a pipeline: names that exist, once each, and no way back to where one came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from schemas.diagnostic import Finding, Place
from schemas.expressions import Result
from schemas.outline import Name, Node, Outline
from schemas.rules.hints import Hints
from schemas.source import Tree

_AT_ONCE = 512
"""Tasks that are looked for together."""

_SHOWN_OF_CYCLE = 20
"""Names of a cycle that are printed."""
_START = "\0"
"""Before the name of a group: its start, which its members wait for."""

Edges = Mapping[str, list[str]]
"""Task, group or start of a group -> what it waits for."""


def iter_graph_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield unknown, own and doubled names first; cycles are looked for only where every name exists."""
    findings = [*_duplicates(outline, tree), *_dependencies(outline, tree), *_groups(outline, tree)]
    yield from findings
    if findings:
        return
    yield from _unknown_references(outline, tree)
    yield from _setups(outline, tree)
    edges = _edges(outline)
    cycles = [cycle for cycle in map(_without_starts, _find_cycles(edges)) if cycle]
    yield from (_cycle(cycle, outline, tree) for cycle in cycles)
    if not cycles:
        yield from _late_references(outline, edges, tree)


def _duplicates(outline: Outline, tree: Tree) -> Iterator[Finding]:
    first: dict[str, Node] = {}
    for node in outline.nodes:
        if node.id in first:
            # a mapping cannot hold a key twice, so one of the two stands in a list or is a group
            place = tree.key(first[node.id].path)
            where = f"line {place.line}" + (f" of {place.file}" if place.file else "")
            message = f'"{node.id}" is defined twice in pipeline "{outline.dag_id}"; first in {where}'
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
    hints, names = Hints(), sorted(known)
    for node in outline.nodes:
        for name in node.dependencies:
            if name.text == node.id:
                place = tree.find(name.path).place
                yield Finding("P202", place, f'"{node.id}" depends on itself', "remove it from dependencies")
            elif name.text not in known:
                message = f'"{node.id}" depends on "{name.text}", which is not defined'
                place = tree.find(name.path).place
                yield Finding("P201", place, message, hints.nearest_or_all(name.text, names, but=node.id))


def _groups(outline: Outline, tree: Tree) -> Iterator[Finding]:
    known = {group.id for group in outline.groups}
    hints, names = Hints(), sorted(known)
    for node in outline.nodes:
        if node.group is not None and node.group.text not in known:
            message = f'task group "{node.group.text}" is not defined'
            hint = hints.nearest_or_all(node.group.text, names) or "define it under task_groups"
            yield Finding("P205", tree.find(node.group.path).place, message, hint)


def _setups(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Find teardowns for what cannot be a setup."""
    tasks = {task.id: task for task in outline.tasks}
    for task in outline.tasks:
        for index, name in enumerate(task.setups):
            other = tasks.get(name)
            if other is None or (other.config or {}).get("teardown"):
                what = "a task group" if other is None else "itself a teardown"
                message = f'"{task.id}" takes away what "{name}" makes, and that is {what}'
                place = tree.find((*task.path, "teardown", "setups", index)).place
                yield Finding("P231", place, message, "name a task that makes something")


def _cycle(cycle: Sequence[str], outline: Outline, tree: Tree) -> Finding:
    inside = set(cycle)
    nodes = {node.id: node for node in outline.nodes if node.id in inside}
    places = [tree.key(nodes[name].path) for name in cycle]
    start = min(range(len(cycle)), key=lambda index: (places[index].file, places[index].line, places[index].column))
    names = [*cycle[start:], *cycle[:start]]
    shown = " → ".join(f'"{name}"' for name in [*names, names[0]][:_SHOWN_OF_CYCLE])
    if len(names) >= _SHOWN_OF_CYCLE:
        shown += f' → … ({len(names)} in all) → "{names[0]}"'
    message = f"dependencies go round in a circle: {shown}"
    return Finding(
        "P204", id_place(nodes[names[0]], tree), message, "an arrow means that the left one waits for the right one"
    )


def _edges(outline: Outline) -> Edges:
    """Map each node to those it waits for; a member waits for the start of its group, a group for its members."""
    known = {task.id for task in outline.tasks}
    edges: dict[str, list[str]] = {}
    for node in outline.nodes:
        waits = [name.text for name in node.dependencies]
        waits += [found.task for found in node.expressions if isinstance(found, Result) and found.task in known]
        edges[node.id] = waits
    for group in outline.groups:
        edges[_START + group.id] = list(edges[group.id])
    for node in outline.nodes:
        if node.group is not None:
            edges[node.group.text].append(node.id)
            for name in (node.id, _START + node.id):
                if name in edges:
                    edges[name].append(_START + node.group.text)
    return edges


def _without_starts(cycle: list[str]) -> list[str]:
    return [name for name in cycle if not name.startswith(_START)]


def _find_cycles(edges: Edges) -> Iterator[list[str]]:
    """Yield one cycle for each knot of nodes that wait for each other, by depth-first search without recursion."""
    done: set[str] = set()
    for root in edges:
        if root in done:
            continue
        trail = {root: None}
        work = [(root, iter(edges[root]))]
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                del trail[node]
                done.add(node)
            elif following in trail:
                names = list(trail)
                yield names[names.index(following) :]
                done.update(trail)
                break
            elif following not in done:
                trail[following] = None
                work.append((following, iter(edges[following])))


def _unknown_references(outline: Outline, tree: Tree) -> Iterator[Finding]:
    known, groups = {task.id for task in outline.tasks}, {group.id for group in outline.groups}
    hints, names = Hints(), sorted(known)
    for node in outline.nodes:
        taken = [Name(found.task, found.path) for found in node.expressions if isinstance(found, Result)]
        for name in (*node.references, *taken):
            if name.text not in known:
                message = f'"{_key(name)}" takes the result of task "{name.text}", which is not defined'
                hint = "a group has no result; name one of its tasks" if name.text in groups else ""
                hint = hint or hints.nearest_or_all(name.text, names, but=node.id)
                yield Finding("P501", tree.find(name.path).place, message, hint)


def _key(name: Name) -> str:
    return next(part for part in reversed(name.path) if isinstance(part, str))


def _late_references(outline: Outline, edges: Edges, tree: Tree) -> Iterator[Finding]:
    """Find results of tasks that do not run before; ``edges`` are without cycles."""
    open_ones = [
        (task, name)
        for task in outline.tasks
        for name in task.references
        if name.text in edges and name.text not in edges[task.id]
    ]
    before = _those_before(edges, {(task.id, name.text) for task, name in open_ones})
    for task, name in open_ones:
        if (task.id, name.text) not in before:
            message = f'"{_key(name)}" takes the result of "{name.text}", which does not run before "{task.id}"'
            hint = f'add "{name.text}" to the dependencies of "{task.id}"'
            yield Finding("P502", tree.find(name.path).place, message, hint)


def _those_before(edges: Edges, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Give those pairs of nodes of which the first waits for the second, directly or not.

    Many are looked for at once, as bits that are passed on along the graph.
    """
    found: set[tuple[str, str]] = set()
    wanted = iter(sorted({name for _, name in pairs}))
    order = _in_order(edges) if pairs else []
    while batch := list(islice(wanted, _AT_ONCE)):
        own = {name: 1 << index for index, name in enumerate(batch)}
        passed: dict[str, int] = {}
        for node in order:
            bits = 0
            for waited in edges[node]:
                bits |= passed[waited] | own.get(waited, 0)
            passed[node] = bits
        found.update((node, name) for node, name in pairs if name in own and passed[node] & own[name])
    return found


def _in_order(edges: Edges) -> list[str]:
    """Give the nodes so that each stands after those it waits for."""
    waiting = {node: len(waited) for node, waited in edges.items()}
    after: dict[str, list[str]] = defaultdict(list)
    for node, waited in edges.items():
        for name in waited:
            after[name].append(node)
    ready = [node for node, count in waiting.items() if not count]
    for node in ready:
        for following in after[node]:
            waiting[following] -= 1
            if not waiting[following]:
                ready.append(following)
    return ready
