"""The outline of a pipeline for the rules: its tasks, groups and names, taken from data that may still be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

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
    group: Name | None
    """The group it belongs to."""
    references: tuple[Name, ...] = ()
    """The tasks whose results it takes."""
    config: Mapping[str, Any] | None = None


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


def iter_outlines(data: Any, operators: Operators, text: str | FileText = "") -> Iterator[Outline]:
    """Yield the outline of each pipeline; what has the wrong shape is left out.

    :param data: DAG id -> the pipeline
    :param operators: what is known of operators
    :param text: the text of the file
    """
    if not isinstance(data, dict):
        return
    shared = text if isinstance(text, FileText) else FileText(text)
    for dag_id, dag in data.items():
        if not isinstance(dag, dict):
            continue
        tasks = tuple(_task(*entry, operators) for entry in _entries(dag, dag_id, "tasks", "task_id"))
        groups = tuple(_group(*entry) for entry in _entries(dag, dag_id, "task_groups", "group_name"))
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


def _task(task_id: str, path: Path, config: dict[str, Any], operators: Operators) -> Node:
    references: list[Name] = []
    for key in operators.reference_keys(str(config.get("operator"))):
        references.extend(_names(config.get(key), (*path, key)))
    group = config.get("task_group_name")
    return Node(
        task_id,
        path,
        tuple(_names(config.get("dependencies"), (*path, "dependencies"), lists_only=True)),
        Name(group, (*path, "task_group_name")) if isinstance(group, str) else None,
        tuple(references),
        config,
    )


def _group(group_id: str, path: Path, config: dict[str, Any]) -> Node:
    parent = config.get("parent_group_name")
    return Node(
        group_id,
        path,
        tuple(_names(config.get("dependencies"), (*path, "dependencies"), lists_only=True)),
        Name(parent, (*path, "parent_group_name")) if isinstance(parent, str) else None,
        config=config,
    )


def _names(value: Any, path: Path, *, lists_only: bool = False) -> Iterator[Name]:
    if isinstance(value, str) and not lists_only:
        yield Name(value, path)
    elif isinstance(value, list):
        yield from (Name(item, (*path, index)) for index, item in enumerate(value) if isinstance(item, str))
