"""Rules on mapped tasks and groups: what Airflow refuses, and what would map over nothing or over far too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.diagnostic import Finding
from schemas.expressions import Result
from schemas.kinds import MAPPINGS
from schemas.outline import Node, Outline, Path
from schemas.rules.nesting import Nesting
from schemas.rules.task_arguments import TaskArguments
from schemas.source import Tree

_MOST = 1024
"""So many tasks Airflow makes of one result at most ([core] max_map_length); more are a mistake in a file, too."""
_WORDS = (*MAPPINGS, "partial", "map_index_template")


def iter_mapping_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on what is mapped."""
    if not any(outline.text.contains(word) for word in _WORDS):
        return
    nesting, arguments = Nesting(outline), TaskArguments(outline)
    for node in outline.nodes:
        yield from _said_twice(node, tree)
        yield from _sizes(node, tree)
        yield from _parts_of_results(node, tree)
    for group in outline.groups:
        outer = nesting.mapped_group_of(group)
        if group.is_mapped and outer is not None:
            message = f'"{group.id}" is mapped inside of the mapped group "{outer.id}"; Airflow mixes up the values'
            yield Finding("P225", tree.key(_mapping(group)), message, "map one of the two")
    for task in outline.tasks:
        yield from _in_mapped_groups(task, nesting, arguments, tree)
        yield from _without_mapping(task, nesting, tree)


def _mapping(node: Node) -> Path:
    """Give the path of what a node is mapped over."""
    return (*node.path, next(key for key in MAPPINGS if key in (node.config or {})))


def _said_twice(node: Node, tree: Tree) -> Iterator[Finding]:
    config = node.config or {}
    partial = config.get("partial")
    if "expand" in config and "expand_kwargs" in config:
        message = f'"{node.id}" has expand and expand_kwargs; Airflow takes one of the two'
        yield Finding("P220", tree.key((*node.path, "expand_kwargs")), message, "put all into expand_kwargs")
    fixed = {**dict.fromkeys(_keys(config), "the task itself"), **dict.fromkeys(_keys(partial), "partial")}
    again = [((*node.path, "partial", key), key) for key in _keys(partial) if key in config]
    for path, key in (*again, *iter_mapped_keys(node)):
        if key in fixed:
            where = "the task itself" if path[len(node.path)] == "partial" else fixed[key]
            message = f'"{key}" is given twice: here, and in {where}'
            yield Finding("P222", tree.key(path), message, "give it once: in expand if it differs from task to task")


def iter_mapped_keys(node: Node) -> Iterator[tuple[Path, str]]:
    """Yield each parameter that a task or group is mapped over, and where it stands."""
    expand, sets = ((node.config or {}).get(key) for key in MAPPINGS)
    yield from (((*node.path, "expand", key), key) for key in _keys(expand))
    for index, item in enumerate(sets if isinstance(sets, list) else ()):
        yield from (((*node.path, "expand_kwargs", index, key), key) for key in _keys(item))


def _keys(value: Any) -> Iterator[str]:
    yield from value if isinstance(value, dict) else ()


def _sizes(node: Node, tree: Tree) -> Iterator[Finding]:
    """Yield lists that are empty, and combinations that are too many."""
    config, product = node.config or {}, 1
    lengths: dict[Path, int] = {}
    for key, values in config["expand"].items() if isinstance(config.get("expand"), dict) else ():
        if isinstance(values, list | dict):
            lengths[*node.path, "expand", key] = len(values)
    for path, length in lengths.items():
        product *= length
        if not length:
            message = f'"{node.id}" is mapped over nothing, so it is always skipped'
            yield Finding("P224", tree.find(path).place, message, f'give "{path[-1]}" at least one item')
    if isinstance(config.get("expand_kwargs"), list):
        product = len(config["expand_kwargs"])
    if product > _MOST:
        how = " × ".join(str(length) for length in lengths.values())
        made = f"{how} = {product}" if len(lengths) > 1 else str(product)
        message = f'"{node.id}" is mapped over {made} combinations; each becomes a task of its own'
        hint = "write expand_kwargs for pairs that belong together" if len(lengths) > 1 else "let a task take several"
        yield Finding("P226", tree.key(_mapping(node)), message, hint)


def _parts_of_results(node: Node, tree: Tree) -> Iterator[Finding]:
    for found in node.expressions:
        if isinstance(found, Result) and found.key is not None and found.path[len(node.path)] in MAPPINGS:
            message = f'"{node.id}" is mapped over a part of a result; Airflow takes the whole result of a task only'
            hint = f'let a task return the list alone, and write "+{found.task}"'
            yield Finding("P521", tree.find(found.path).place, message, hint)


def _in_mapped_groups(task: Node, nesting: Nesting, arguments: TaskArguments, tree: Tree) -> Iterator[Finding]:
    group = nesting.mapped_group_of(task)
    if group is not None and task.is_mapped:
        message = f'"{task.id}" is mapped inside of the mapped group "{group.id}", which Airflow cannot do'
        yield Finding("P225", tree.key(_mapping(task)), message, "map one of the two")
    rule = arguments.find(task, "trigger_rule")
    if rule is None or rule.value != "always" or _is_teardown(task):
        return
    over_result = any(
        isinstance(found, Result) and found.path[len(task.path)] in MAPPINGS for found in task.expressions
    )
    if group is not None or (over_result and "decorator" in (task.config or {})):
        what = f'is part of the mapped group "{group.id}"' if group is not None else "is mapped over a result"
        message = f'"{task.id}" {what}, so its trigger rule cannot be "always"'
        yield Finding("P227", tree.find(rule.path).place, message, "all_done waits for what it is mapped over")


def _is_teardown(task: Node) -> bool:
    return bool((task.config or {}).get("teardown"))


def _without_mapping(task: Node, nesting: Nesting, tree: Tree) -> Iterator[Finding]:
    config: Mapping[str, Any] = task.config or {}
    if task.is_mapped:
        return
    if "partial" in config:
        message = f'"{task.id}" has partial, and nothing that it is mapped over'
        hint = "write the parameters into the task itself, or add expand"
        yield Finding("P221", tree.key((*task.path, "partial")), message, hint)
    if "map_index_template" in config and nesting.mapped_group_of(task) is None:
        message = f'map_index_template has no effect: "{task.id}" is not mapped'
        place = tree.key((*task.path, "map_index_template"))
        yield Finding("P230", place, message, "remove it, or add expand")
