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
    pipeline: Path = ()
    """The path of its pipeline, or of the ``default`` block; empty in a ``defaults.yml``, which is like one."""

    @property
    def siblings(self) -> Mapping[str, Any]:
        """The mapping that it stands in."""
        found = _at(self.entry.source, self.entry.path[:-1])
        return found if isinstance(found, dict) else {}


def iter_entries(source: Source, *, only_defaults: bool = False) -> Iterator[Found]:
    """Yield every key that means something to dag-factory, and where there are objects, all keys inside of values.

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
    mappings = [(path, Scope.DAG), ((*path, "default_args"), Scope.ARGS)]
    for name, _ in _items(dag.get("task_groups")):
        group = (*path, "task_groups", name)
        mappings += [(group, Scope.GROUP), ((*group, "default_args"), Scope.ARGS)]
    mappings += [((*path, "tasks", name), Scope.TASK) for name, _ in _items(dag.get("tasks"))]
    for owner, scope in mappings:
        for entry in _iter_mapping(source, layout, owner, scope):
            is_own = entry.path[:-1] == owner
            yield Found(scope if is_own else Scope.VALUE, entry, owner, path)


_OWN_SCOPE = ("default_args", "task_groups", "tasks")


def _iter_mapping(source: Source, layout: Layout, path: Path, scope: Scope) -> Iterator[Entry]:
    mapping = _at(source, path)
    if not isinstance(mapping, dict):
        return
    for key, value in mapping.items():
        yield Entry(source, layout, (*path, key))
        has_scope = scope in (Scope.DAG, Scope.GROUP) and key in _OWN_SCOPE
        if layout.has_objects and not has_scope and not is_object(value):
            yield from _iter_inside(source, layout, (*path, key))


def _iter_inside(source: Source, layout: Layout, path: Path) -> Iterator[Entry]:
    for key, value in _items(_at(source, path)):
        if isinstance(key, str):
            yield Entry(source, layout, (*path, key))
        if not is_object(value):
            yield from _iter_inside(source, layout, (*path, key))


def _items(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _at(source: Source, path: Path) -> Any:
    value: Any = source.data
    for part in path:
        inside = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        if not inside:
            return {}
        value = value[part]
    return value
