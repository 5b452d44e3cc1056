"""Rules on tasks that call functions, and on tasks for people: what they take beside what the schema says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.diagnostic import Finding
from schemas.kinds import required_of
from schemas.outline import Node, Outline
from schemas.rules.graph import id_place
from schemas.rules.hints import Hints
from schemas.rules.lineage import operator_of
from schemas.rules.mapping import iter_mapped_keys
from schemas.rules.task_arguments import TaskArguments
from schemas.source import Tree

_SENSOR = "task.sensor"
_FOR_PEOPLE = "airflow.providers.standard.operators.hitl."


def iter_function_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on decorated tasks and on the arguments of functions."""
    if outline.text.contains("decorator") or outline.text.contains("python_callable"):
        hints = Hints()
        for task in outline.tasks:
            yield from _two_ways(task, tree)
            yield from _arguments(task, outline, hints, tree)
    if outline.text.contains(_FOR_PEOPLE):
        arguments = TaskArguments(outline)
        for task in outline.tasks:
            if operator_of(task).startswith(_FOR_PEOPLE):
                yield from _time_to_answer(task, arguments, tree)


def _two_ways(task: Node, tree: Tree) -> Iterator[Finding]:
    config = task.config or {}
    if str(config.get("decorator")).endswith(_SENSOR) and "multiple_outputs" in config:
        place = tree.key((*task.path, "multiple_outputs"))
        yield Finding("P430", place, "the result of a sensor cannot be taken apart", "remove multiple_outputs")
    if "operator" in config and "decorator" in config:
        message = f'task "{task.id}" has an operator and a decorator; it can be only one of the two'
        yield Finding("P431", tree.key((*task.path, "decorator")), message, "leave one of them out")


def _arguments(task: Node, outline: Outline, hints: Hints, tree: Tree) -> Iterator[Finding]:
    config, operators = task.config or {}, outline.operators
    function = config.get("python_callable")
    if not isinstance(function, str) or operators is None:
        return
    arguments = operators.arguments_of(function)
    if arguments is None:
        return
    if "decorator" in config:
        parameters = operators.kind_of(config).properties.keys() - arguments["properties"].keys()
        for path, name in iter_mapped_keys(task):
            if name in parameters:
                message = f'only arguments of {function} can be mapped over, and "{name}" is none'
                yield Finding("P432", tree.key(path), message, f"write {name} into the task itself")
    elif "op_kwargs" in config or "op_args" not in config:
        yield from _named_arguments(task, function, arguments, hints, tree)


def _named_arguments(
    task: Node, function: str, arguments: Mapping[str, Any], hints: Hints, tree: Tree
) -> Iterator[Finding]:
    """Compare ``op_kwargs`` with the function, where all of it stands in the file."""
    config = task.config or {}
    given, known = config.get("op_kwargs", {}), arguments["properties"]
    if not isinstance(given, dict) or task.is_mapped or "partial" in config:
        return
    for name in given if not arguments.get("additionalProperties") else ():
        if name not in known:
            message = f'{function} has no argument "{name}"'
            hint = hints.nearest_or_all(name, known)
            yield Finding("P432", tree.key((*task.path, "op_kwargs", name)), message, hint)
    for name in required_of(arguments):
        if name not in given and not config.get("op_args"):
            place = tree.key((*task.path, "op_kwargs")) if "op_kwargs" in config else id_place(task, tree)
            yield Finding("P432", place, f'{function} needs the argument "{name}"', f"give it in op_kwargs: {name}")


def _time_to_answer(task: Node, arguments: TaskArguments, tree: Tree) -> Iterator[Finding]:
    timeout = arguments.find(task, "execution_timeout")
    if timeout is None or "response_timeout" in (task.config or {}):
        return
    message = f'execution_timeout gives people only {timeout.value} to answer "{task.id}"'
    hint = "write response_timeout into the task: how long it waits for an answer"
    own = timeout.path[: len(task.path)] == task.path
    yield Finding("P433", tree.find(timeout.path).place if own else id_place(task, tree), message, hint)
