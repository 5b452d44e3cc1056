"""Rules on ``+task_id`` and ``+group.parameter``: that what they name exists, reaches, is kept, and is looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.diagnostic import Finding
from schemas.expressions import GroupParameter, Result, read_expression
from schemas.outline import Node, Outline
from schemas.rules.hints import Hints
from schemas.rules.nesting import Nesting
from schemas.rules.task_arguments import TaskArguments
from schemas.source import Tree

_NEVER_RESOLVED = frozenset(
    {"doc", "doc_json", "doc_md", "doc_rst", "doc_yaml", "executor", "owner", "pool", "queue", "run_as_user",
     "task_display_name"}
)  # fmt: skip
"""Arguments of every task that take any text."""


def iter_expression_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on the results and group parameters that tasks take."""
    if outline.text.contains("+"):
        yield from _group_parameters(outline, tree)
        yield from _never_resolved(outline, tree)
    if outline.text.contains("do_xcom_push"):
        yield from _not_kept(outline, tree)


def _group_parameters(outline: Outline, tree: Tree) -> Iterator[Finding]:
    groups = {group.id: group for group in outline.groups}
    mapped = [group.id for group in outline.groups if group.is_mapped]
    nesting, hints = Nesting(outline), Hints()
    for node in outline.nodes:
        for found in node.expressions:
            if not isinstance(found, GroupParameter):
                continue
            group, place = groups.get(found.group), tree.find(found.path).place
            parameters = _parameters(group)
            if group is None or not group.is_mapped:
                what = "there is no group" if group is None else "nothing is mapped over in the group"
                message = f'{what} "{found.group}", so that it has no parameter "{found.parameter}"'
                yield Finding("P518", place, message, hints.nearest_or_all(found.group, mapped))
            elif parameters is not None and found.parameter not in parameters:
                message = f'"{found.group}" is not mapped over a parameter "{found.parameter}"'
                yield Finding("P518", place, message, hints.nearest_or_all(found.parameter, parameters))
            elif nesting.mapped_group_of(node) is not group and nesting.mapped_group_of(group) is None:
                message = f'"{node.id}" takes a parameter of the mapped group "{found.group}", but is not part of it'
                hint = f"write task_group_name: {found.group}; outside, there is no single value"
                yield Finding("P519", place, message, hint)


def _parameters(group: Node | None) -> list[str] | None:
    """Name what a group is mapped over; None where only the run knows."""
    config: Mapping[str, Any] = (group.config if group is not None else None) or {}
    expand, sets = config.get("expand"), config.get("expand_kwargs")
    if isinstance(expand, dict):
        return list(expand)
    if isinstance(sets, list) and all(isinstance(values, dict) for values in sets):
        return list({key: None for values in sets for key in values})
    return None


def _never_resolved(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Find results of tasks in arguments in which Airflow looks for none; they would stay texts."""
    known = {task.id for task in outline.tasks}
    for task in outline.tasks:
        taken = {found.path for found in task.expressions}
        plain = outline.operators.plain_keys(str((task.config or {}).get("operator"))) if outline.operators else ()
        for key, value in (task.config or {}).items():
            path = (*task.path, key)
            if not isinstance(value, str) or path in taken or not (key in _NEVER_RESOLVED or key in plain):
                continue
            found = read_expression(value, path)
            if isinstance(found, Result) and found.task in known:
                message = f'"{key}" of task "{task.id}" does not take results: Airflow takes "{value}" as it is'
                yield Finding("P520", tree.find(path).place, message, "write the value itself")


def _not_kept(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Find results of tasks that do not keep theirs."""
    arguments = TaskArguments(outline)
    tasks = {task.id: task for task in outline.tasks}
    for node in outline.nodes:
        results = [(found.task, found.path) for found in node.expressions if isinstance(found, Result)]
        for name, path in (*results, *((name.text, name.path) for name in node.references)):
            kept = arguments.find(tasks[name], "do_xcom_push") if name in tasks else None
            if kept is not None and kept.value is False:
                message = f'the result of "{name}" is not kept: its do_xcom_push is false'
                yield Finding("P522", tree.find(path).place, message, f'leave do_xcom_push out of "{name}"')
