"""Goes through the keys of a file of dag-factory, each with the kind of mapping it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.migrate.edits import Entry, Layout
from schemas.migrate.known import Scope
from schemas.migrate.values import is_object
from schemas.source import Source

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A key, where it stands, and in what."""

    scope: Scope
    entry: Entry
    owner: Path
    """The path of the mapping of a known kind that it stands in."""

    @property
    def siblings(self) -> Mapping[str, Any]:
        """The mapping that it stands in."""
        found = _at(self.entry.source, self.entry.path[:-1])
        return found if isinstance(found, dict) else {}


def iter_entries(source: Source, *, only_defaults: bool = False) -> Iterator[Found]:
    """Yield every key that means something to dag-factory, and all keys inside of objects and parameters.

    :param source: a file that was read
    :param only_defaults: whether the file is a ``defaults.yml``, whose keys are those of a pipeline
    """
    layout = Layout(source.text)
    if only_defaults:
        yield from _of_dag(source, layout, ())
        return
    for key, value in _items(source.data):
        yield Found(Scope.FILE, Entry(source, layout, (key,)), ())
        if isinstance(value, dict):
            yield from _of_dag(source, layout, (key,))


def _of_dag(source: Source, layout: Layout, path: Path) -> Iterator[Found]:
    dag = _at(source, path)
    if not isinstance(dag, dict):
        return
    yield from _of_mapping(source, layout, path, Scope.DAG)
    yield from _of_mapping(source, layout, (*path, "default_args"), Scope.ARGS)
    for name, _ in _items(dag.get("task_groups")):
        group = (*path, "task_groups", name)
        yield from _of_mapping(source, layout, group, Scope.GROUP)
        yield from _of_mapping(source, layout, (*group, "default_args"), Scope.ARGS)
    for name, _ in _items(dag.get("tasks")):
        yield from _of_mapping(source, layout, (*path, "tasks", name), Scope.TASK)


_OWN_SCOPE = ("default_args", "task_groups", "tasks")


def _of_mapping(source: Source, layout: Layout, path: Path, scope: Scope) -> Iterator[Found]:
    mapping = _at(source, path)
    if not isinstance(mapping, dict):
        return
    for key, value in mapping.items():
        yield Found(scope, Entry(source, layout, (*path, key)), path)
        if not (scope in (Scope.DAG, Scope.GROUP) and key in _OWN_SCOPE) and not is_object(value):
            yield from _inside(source, layout, (*path, key), path)


def _inside(source: Source, layout: Layout, path: Path, owner: Path) -> Iterator[Found]:
    for key, value in _items(_at(source, path)):
        if isinstance(key, str):
            yield Found(Scope.VALUE, Entry(source, layout, (*path, key)), owner)
        if not is_object(value):
            yield from _inside(source, layout, (*path, key), owner)


def _items(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _at(source: Source, path: Path) -> Any:
    value: Any = source.data
    for part in path:
        inside = part in value if isinstance(value, dict) else isinstance(value, list)
        if not inside:
            return {}
        value = value[part]
    return value
