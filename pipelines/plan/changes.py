"""Compares two states of one pipeline, fact by fact."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipelines.overview.written import written
from pipelines.plan.facts import Fact, Facts, Path, PipelineFacts, TaskFacts
from pipelines.plan.meaning import Value

_LONGEST = 200
_ALIKE = 0.5
"""A task or pipeline of which this share is the same under another name was renamed."""


class Kind(StrEnum):
    """What happened to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    RESPELLED = "respelled"
    """Written differently and meaning the same; the operator is given the new text."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a pipeline."""

    kind: Kind
    what: str
    """``schedule``, ``default_args.retries``, ``edge a → b``, or what of a task."""
    task: str | None = None
    before: str | None = None
    after: str | None = None
    before_path: Path | None = None
    """Where it stands under the pipeline, before; None if it is not there."""
    after_path: Path | None = None
    note: str = ""


def compare(before: PipelineFacts, after: PipelineFacts) -> list[Change]:
    """Give everything that is built differently.

    :param before: a pipeline
    :param after: the same pipeline later, perhaps under another id
    """
    renamed = _renamed(before, after)
    return [
        *_iter_arguments(*_both(before, after), ()),
        *_iter_defaults(before, after, renamed),
        *_iter_groups(before, after),
        *_iter_tasks(before, after, renamed),
        *_iter_edges(before, after, renamed),
    ]


def likeness(before: PipelineFacts, after: PipelineFacts) -> float:
    """Tell which share of two pipelines is the same, from 0 to 1."""
    return _share(_leaves_of(before), _leaves_of(after))


# -- arguments --------------------------------------------------------------------------------------------------------


def _both(
    before: PipelineFacts | TaskFacts, after: PipelineFacts | TaskFacts
) -> tuple[dict[str, Fact], dict[str, Fact]]:
    """Give the arguments of both sides; one that says what Airflow takes anyway counts where the other says more."""
    return (
        {**before.arguments, **{key: fact for key, fact in before.usual.items() if key in after.arguments}},
        {**after.arguments, **{key: fact for key, fact in after.usual.items() if key in before.arguments}},
    )


def _iter_arguments(before: Facts, after: Facts, prefix: tuple[str, ...], task: str | None = None) -> Iterator[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        yield from _iter_leaves(before.get(key), after.get(key), (*prefix, key), task)


def _iter_leaves(before: Fact | None, after: Fact | None, names: tuple[str, ...], task: str | None) -> Iterator[Change]:
    """Go down to what differs in itself."""
    if before is not None and after is not None:
        if before.value.built == after.value.built:
            return
        if all(isinstance(part, Mapping) for fact in (before, after) for part in (fact.raw, *fact.value)):
            yield from _iter_arguments(_inside(before), _inside(after), names, task)
            return
    yield _change(before, after, names, task)


def _inside(fact: Fact) -> Facts:
    built, meant = fact.value
    return {key: Fact(Value(built[key], meant[key]), item, (*fact.path, key)) for key, item in fact.raw.items()}


def _change(before: Fact | None, after: Fact | None, names: tuple[str, ...], task: str | None) -> Change:
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
    else:
        kind = Kind.RESPELLED if before.value.meant == after.value.meant else Kind.CHANGED
    texts = [None if fact is None else written(fact.raw, names[-1], longest=_LONGEST) for fact in (before, after)]
    note = "another value, which is not shown" if texts[0] == texts[1] and "***" in str(texts[0]) else ""
    return Change(
        kind,
        ".".join(names),
        task,
        texts[0],
        texts[1],
        before.path if before else None,
        after.path if after else None,
        note or _origin(after, task),
    )


def _origin(fact: Fact | None, task: str | None) -> str:
    if fact is None or task is None or fact.path[0] == "tasks":
        return ""
    return f"from the defaults of group {fact.path[1]}" if fact.path[0] == "task_groups" else "from default_args"


def _iter_defaults(before: PipelineFacts, after: PipelineFacts, renamed: Mapping[str, str]) -> Iterator[Change]:
    for change in _iter_arguments(before.defaults, after.defaults, ("default_args",)):
        key = change.what.split(".")[1]
        number = sum(_takes(before.tasks[old], after.tasks[new], key) for old, new in renamed.items())
        note = f"{number} task{'' if number == 1 else 's'}" if number else "no task takes it"
        yield Change(**{**_fields(change), "note": note})


def _fields(change: Change) -> dict[str, Any]:
    return {name: getattr(change, name) for name in Change.__slots__}


def _takes(before: TaskFacts, after: TaskFacts, key: str) -> bool:
    """Tell whether a change of the defaults is what changes an argument of a task."""
    old, new = _both(before, after)
    facts = (old.get(key), new.get(key))
    return _differ(*facts) and _by_defaults(*facts)


def _differ(before: Fact | None, after: Fact | None) -> bool:
    if before is None or after is None:
        return before is not after
    return bool(before.value.built != after.value.built)


def _by_defaults(before: Fact | None, after: Fact | None) -> bool:
    return all(fact is None or fact.path[0] == "default_args" for fact in (before, after))


# -- groups -----------------------------------------------------------------------------------------------------------


def _iter_groups(before: PipelineFacts, after: PipelineFacts) -> Iterator[Change]:
    for name in [*before.groups, *(name for name in after.groups if name not in before.groups)]:
        path: Path = ("task_groups", name)
        if name not in after.groups:
            yield Change(Kind.REMOVED, f"group {name}", before_path=path)
        elif name not in before.groups:
            yield Change(Kind.ADDED, f"group {name}", after_path=path)
        else:
            yield from _iter_arguments(before.groups[name], after.groups[name], (f"group {name}",))
            yield from _iter_moves(f"group {name}", None, (before.parents[name], path), (after.parents[name], path))


def _iter_moves(
    what: str, task: str | None, before: tuple[str | None, Path], after: tuple[str | None, Path]
) -> Iterator[Change]:
    if before[0] != after[0]:
        old, new = (side[0] or "no group" for side in (before, after))
        yield Change(Kind.CHANGED, f"{what} is in", task, old, new, before[1], after[1])


# -- tasks ------------------------------------------------------------------------------------------------------------


def _renamed(before: PipelineFacts, after: PipelineFacts) -> dict[str, str]:
    """Give the name that each task has after, for those that are there on both sides."""
    kept = {name: name for name in before.tasks if name in after.tasks}
    gone = [name for name in before.tasks if name not in kept]
    new = [name for name in after.tasks if name not in kept]
    pairs = [
        (_share(_leaves(before.tasks[old]), _leaves(after.tasks[name])), -index, old, name)
        for old in gone
        for index, name in enumerate(new)
        if before.tasks[old].operator.value == after.tasks[name].operator.value
    ]
    for share, _, old, name in sorted(pairs, reverse=True):
        if share >= _ALIKE and old not in kept and name not in kept.values():
            kept[old] = name
    return kept


def _leaves(task: TaskFacts) -> frozenset[str]:
    own = {key: fact.value.meant for key, fact in task.arguments.items() if key not in task.inherited}
    return frozenset({repr(task.operator.raw), *map(repr, own.items())})


def _leaves_of(facts: PipelineFacts) -> frozenset[str]:
    tasks = {f"{name}: {leaf}" for name, task in facts.tasks.items() for leaf in _leaves(task)}
    return frozenset(tasks | {repr((key, fact.value.meant)) for key, fact in facts.arguments.items()})


def _share(one: Collection[str], other: Collection[str]) -> float:
    both = len(frozenset(one) & frozenset(other))
    return both / (len(one) + len(other) - both) if both else 0.0


def _iter_tasks(before: PipelineFacts, after: PipelineFacts, renamed: Mapping[str, str]) -> Iterator[Change]:
    for name, task in before.tasks.items():
        path: Path = ("tasks", name)
        if name not in renamed:
            yield Change(Kind.REMOVED, f"task {name}", name, task.operator.raw, None, path, None)
            continue
        new = renamed[name]
        if new != name:
            yield Change(Kind.RENAMED, f"task {name}", new, name, new, path, ("tasks", new))
        yield from _iter_task(new, task, after.tasks[new], renamed)
    for name, task in after.tasks.items():
        if name not in renamed.values():
            note = _around(name, after)
            yield Change(Kind.ADDED, f"task {name}", name, None, task.operator.raw, None, ("tasks", name), note)


def _around(name: str, facts: PipelineFacts) -> str:
    parts = (("after", facts.graph.sources[name]), ("before", facts.graph.targets[name]))
    return ", ".join(f"{word} {' and '.join(names)}" for word, names in parts if names)


def _iter_task(name: str, before: TaskFacts, after: TaskFacts, renamed: Mapping[str, str]) -> Iterator[Change]:
    yield from _iter_arguments({"operator": before.operator}, {"operator": after.operator}, (), name)
    places = before.operator.path[:-1], after.operator.path[:-1]
    yield from _iter_moves("task", name, (before.group, places[0]), (after.group, places[1]))
    old, new = _both(before, after)
    for change in _iter_arguments(old, new, (), name):
        key = change.what.split(".")[0]
        facts = (old.get(key), new.get(key))
        if not _by_defaults(*facts) and not _follows(facts[0], facts[1], renamed):
            yield change


def _follows(before: Fact | None, after: Fact | None, renamed: Mapping[str, str]) -> bool:
    """Tell whether an argument differs only because a task that it names was renamed."""
    if before is None or after is None:
        return False
    old, new = before.raw, after.raw
    if isinstance(old, str) and isinstance(new, str):
        return old != new and renamed.get(old) == new
    if isinstance(old, list) and isinstance(new, list):
        return old != new and [renamed.get(str(item), item) for item in old] == new
    return False


# -- edges ------------------------------------------------------------------------------------------------------------

_Edge = tuple[str, str]


def _iter_edges(before: PipelineFacts, after: PipelineFacts, renamed: Mapping[str, str]) -> Iterator[Change]:
    old, new = _edges(before, renamed), _edges(after, {})
    known = {*renamed.values(), *(name for name in before.groups if name in after.groups)}
    # what was added or removed says itself what it comes before and after
    changed = [edge for edge in {**old, **new} if old.get(edge) != new.get(edge) and known.issuperset(edge)]
    groups = [edge for edge in changed if {*before.groups, *after.groups} & {*edge}]
    for edge in changed:
        what, path = f"edge {edge[0]} → {edge[1]}", _end(edge[1], after)
        if any(_implies(group, edge, (before, after)) for group in groups):
            continue
        if edge not in new:
            yield Change(Kind.REMOVED, what, before_path=_end(_old(edge[1], renamed), before))
        elif edge not in old:
            yield Change(Kind.ADDED, what, after=new[edge] or None, after_path=path)
        else:
            yield Change(Kind.CHANGED, f"{what} label", None, old[edge], new[edge], path, path)


def _implies(group: _Edge, edge: _Edge, sides: Iterable[PipelineFacts]) -> bool:
    """Tell whether an edge between tasks is what an edge of their groups comes to."""

    def is_in(task: str, name: str) -> bool:
        return task == name or any(task in side.graph.members.get(name, ()) for side in sides)

    return group != edge and is_in(edge[0], group[0]) and is_in(edge[1], group[1])


def _edges(facts: PipelineFacts, renamed: Mapping[str, str]) -> dict[_Edge, str]:
    """Give the edges between tasks, and those that Airflow keeps for groups, with their labels."""
    found: dict[_Edge, str] = {}
    with_groups = [edge for edge in facts.graph.declared if {edge.source, edge.target} & facts.groups.keys()]
    for edge in (*facts.graph.edges, *with_groups):
        pair = (renamed.get(edge.source, edge.source), renamed.get(edge.target, edge.target))
        found[pair] = edge.label or found.get(pair, "")
    return found


def _end(name: str, facts: PipelineFacts) -> Path:
    kind = "tasks" if name in facts.tasks else "task_groups"
    return (kind, name, "dependencies")


def _old(name: str, renamed: Mapping[str, str]) -> str:
    return next((old for old, new in renamed.items() if new == name), name)
