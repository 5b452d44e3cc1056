"""The outline of a pipeline for the rules: its tasks, groups and names, taken from data that may still be wrong."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.expressions import EXPRESSION_SIGNS, Expression, iter_expressions, read_expression
from schemas.kinds import MAPPINGS, Kind
from schemas.position import FileText

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the YAML and where it stands."""

    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Node:
    """A task or a task group."""

    id: str
    path: Path
    dependencies: tuple[Name, ...]
    """What it waits for because it says so: the setups that a teardown belongs to, too."""
    group: Name | None
    """The group it belongs to."""
    references: tuple[Name, ...] = ()
    """The tasks whose results it takes, in parameters for nothing else; it must wait for them besides."""
    expressions: tuple[Expression, ...] = ()
    """The results and group parameters in its other values; for the results it waits without a word."""
    config: Mapping[str, Any] | None = None

    @property
    def setups(self) -> tuple[str, ...]:
        """The setups that a teardown names."""
        teardown = (self.config or {}).get("teardown")
        setups = teardown.get("setups") if isinstance(teardown, dict) else None
        return tuple(name for name in setups if isinstance(name, str)) if isinstance(setups, list) else ()

    @property
    def is_mapped(self) -> bool:
        """Whether it runs once for each of several values."""
        return any(key in (self.config or {}) for key in MAPPINGS)


@dataclass(frozen=True, slots=True)
class Outline:
    """One pipeline."""

    dag_id: str
    tasks: tuple[Node, ...]
    groups: tuple[Node, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    """The pipeline with all that it shares with others, and what an environment changes of it."""
    text: FileText = field(default_factory=FileText)
    """The texts of the files that it is from."""
    operators: Operators | None = None
    """What is known of operators."""

    def setting(self, key: str) -> Any:
        """Give an argument of the DAG."""
        return self.config.get(key)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Tasks and groups, which share one space of names."""
        return self.tasks + self.groups


class Operators(Protocol):
    """What the schema tells of operators."""

    def reference_keys(self, operator: str) -> Sequence[str]:
        """Name the parameters that take another task's result."""

    def plain_keys(self, operator: str) -> frozenset[str]:
        """Name the parameters that take any text and that Airflow does not render."""

    def kind_of(self, task: Mapping[str, Any]) -> Kind:
        """Give what is known of a task by what it names."""

    def arguments_of(self, function: str) -> Mapping[str, Any] | None:
        """Give the schema of the arguments of a function where a task calls it; None if it is not known."""

    def result_keys(self, task: Mapping[str, Any]) -> Container[str]:
        """Name the keys of a task that Airflow renders, and in which it looks for results of other tasks."""

    def rendered_keys(self, notifier: str) -> frozenset[str]:
        """Name the parameters of a notifier that Airflow renders."""

    def function_keys(self, operator: str) -> frozenset[str]:
        """Name the parameters that take a function by its import path."""


def iter_outlines(data: Any, operators: Operators, text: str | FileText = "") -> Iterator[Outline]:
    """Yield the outline of each pipeline; what has the wrong shape is left out.

    :param data: DAG id -> the pipeline
    :param operators: what is known of operators
    :param text: the text of the file
    """
    if not isinstance(data, dict):
        return
    shared = text if isinstance(text, FileText) else FileText(text)
    reader = _Reader(operators, has_expressions=shared.holds(EXPRESSION_SIGNS))
    for dag_id, dag in data.items():
        if not isinstance(dag, dict):
            continue
        tasks = tuple(reader.task(*entry) for entry in _entries(dag, dag_id, "tasks", "task_id"))
        groups = tuple(reader.group(*entry) for entry in _entries(dag, dag_id, "task_groups", "group_name"))
        yield Outline(dag_id, tasks, groups, dag, shared, operators)


def _entries(dag: dict[str, Any], dag_id: str, key: str, name: str) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    entries = dag.get(key)
    if isinstance(entries, dict):
        pairs = [(entry_id, entry_id, entry) for entry_id, entry in entries.items()]
    elif isinstance(entries, list):
        pairs = [(e.get(name), index, e) for index, e in enumerate(entries) if isinstance(e, dict)]
    else:
        return
    for entry_id, position, entry in pairs:
        if isinstance(entry, dict) and isinstance(entry_id, str):
            yield entry_id, (dag_id, key, position), entry


class _Reader:
    """Makes tasks and groups of what the YAML says of them."""

    def __init__(self, operators: Operators, *, has_expressions: bool) -> None:
        self._operators = operators
        self._has_expressions = has_expressions

    def task(self, task_id: str, path: Path, config: dict[str, Any]) -> Node:
        group = config.get("task_group_name")
        references = tuple(self._references(path, config))
        taken = {name.path for name in references}
        found = self._expressions(path, config) if self._has_expressions else ()
        return Node(
            task_id,
            path,
            (*_dependencies(path, config), *_setups(path, config)),
            Name(group, (*path, "task_group_name")) if isinstance(group, str) else None,
            references,
            tuple(expression for expression in found if expression.path not in taken),
            config,
        )

    def group(self, group_id: str, path: Path, config: dict[str, Any]) -> Node:
        parent = config.get("parent_group_name")
        return Node(
            group_id,
            path,
            tuple(_dependencies(path, config)),
            Name(parent, (*path, "parent_group_name")) if isinstance(parent, str) else None,
            expressions=tuple(_mapped_over(path, config)) if self._has_expressions else (),
            config=config,
        )

    def _references(self, path: Path, config: dict[str, Any]) -> Iterator[Name]:
        for key in self._operators.reference_keys(str(config.get("operator"))):
            if key in config:
                yield from _names(config[key], (*path, key))
            for mapping in ("partial", "expand"):
                values = config.get(mapping)
                if isinstance(values, dict) and key in values:
                    yield from _names(values[key], (*path, mapping, key), lists_only=mapping == "expand")

    def _expressions(self, path: Path, config: dict[str, Any]) -> Iterator[Expression]:
        rendered = self._operators.result_keys(config)
        yield from _mapped_over(path, config)
        partial = config.get("partial")
        for values, at in ((config, path), (partial, (*path, "partial"))):
            for key, value in values.items() if isinstance(values, dict) else ():
                if value and key in rendered:
                    yield from iter_expressions(value, (*at, key))


def _mapped_over(path: Path, config: dict[str, Any]) -> Iterator[Expression]:
    """Yield what a task or group is mapped over."""
    expand, sets = config.get("expand"), config.get("expand_kwargs")
    over: list[tuple[Any, Path]] = [(sets, (*path, "expand_kwargs"))]
    if isinstance(expand, dict):
        over += [(value, (*path, "expand", key)) for key, value in expand.items()]
    for value, at in over:
        if isinstance(value, str):
            found = read_expression(value, at, is_mapped=True)
            if found is not None:
                yield found
        else:
            yield from iter_expressions(value, at)


def _dependencies(path: Path, config: dict[str, Any]) -> Iterator[Name]:
    """Yield what a task or group waits for, whether or not the arrow has a label."""
    items = config.get("dependencies")
    for index, item in enumerate(items) if isinstance(items, list) else ():
        at = (*path, "dependencies", index)
        if isinstance(item, str):
            yield Name(item, at)
        elif isinstance(item, dict) and isinstance(item.get("task"), str):
            yield Name(item["task"], (*at, "task"))


def _setups(path: Path, config: dict[str, Any]) -> Iterator[Name]:
    teardown = config.get("teardown")
    if isinstance(teardown, dict):
        yield from _names(teardown.get("setups"), (*path, "teardown", "setups"), lists_only=True)


def _names(value: Any, path: Path, *, lists_only: bool = False) -> Iterator[Name]:
    if isinstance(value, str) and not lists_only:
        if not value.startswith("+"):
            yield Name(value, path)
    elif isinstance(value, list):
        yield from _listed(value, path)


def _listed(items: list[Any], path: Path) -> Iterator[Name]:
    for index, item in enumerate(items):
        if isinstance(item, str) and not item.startswith("+"):
            yield Name(item, (*path, index))
