"""Looks at values that tasks are given in other places than their own keys: by what they are mapped over, in
``partial``, and as arguments of a function in ``op_kwargs``. They must be what the keys would take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.contract import Contract
from schemas.diagnostic import Finding, did_you_mean
from schemas.expressions import read_expression
from schemas.kinds import Kind
from schemas.outline import Node, Outline, Path
from schemas.source import Source
from schemas.spelling import nearest
from schemas.wording import describe_place, missing_key, shown

Describe = Callable[[Any, Path, Source, Contract], Iterator[Finding]]
"""Says what an error of jsonschema means."""

_STRUCTURE = frozenset(
    {"decorator", "dependencies", "expand", "expand_kwargs", "map_index_template", "operator", "partial", "setup",
     "task_group_name", "task_id", "teardown"}
)  # fmt: skip
"""Keys of a task that are not arguments of its operator."""
_MOST = 1000
"""Values of one task that are looked at."""


def iter_given_findings(
    outlines: Iterable[Outline], source: Source, contract: Contract, describe: Describe
) -> Iterator[Finding]:
    """Yield what does not fit, is not known, or is missing.

    :param outlines: the pipelines of the file
    :param source: the file
    :param contract: the schema in use
    :param describe: says what an error of jsonschema means
    """
    for outline in outlines:
        for task in outline.tasks:
            given = _Given(task, source, contract, describe)
            if task.is_mapped or "partial" in given.config:
                yield from given.findings()
            if "op_kwargs" in given.config:
                yield from given.argument_findings()
        for group in outline.groups:
            if group.is_mapped:
                yield from _not_mappable(group, source)


@dataclass(frozen=True, slots=True)
class _Value:
    """A value that a task is given by what it is mapped over, or by ``partial``."""

    key: str
    value: Any
    path: Path


@dataclass(frozen=True)
class _Given:
    """A task that is given values."""

    task: Node
    source: Source
    contract: Contract
    describe: Describe

    @property
    def config(self) -> Mapping[str, Any]:
        return self.task.config or {}

    def findings(self) -> Iterator[Finding]:
        """Yield what does not fit."""
        kind = self.contract.kind_of(self.config)
        yield from _not_mappable(self.task, self.source)
        for number, given in enumerate(self._iter_values()):
            if number == _MOST:
                break
            schema = kind.properties.get(given.key) or self._common(given.key)
            if schema is not None:
                yield from self._misfit(given, schema)
        yield from self._unknown_keys(kind)
        if self.task.is_mapped:
            yield from self._missing(kind)

    def argument_findings(self) -> Iterator[Finding]:
        """Yield what does not fit in the arguments of a function that stand in ``op_kwargs``."""
        arguments = self.contract.arguments_of(str(self.config.get("python_callable")))
        known = arguments["properties"] if arguments else {}
        for key, value in _items(self.config["op_kwargs"]):
            schema = known.get(key)
            if schema is not None:
                yield from self._misfit(_Value(key, value, (*self.task.path, "op_kwargs", key)), schema)

    def _iter_values(self) -> Iterator[_Value]:
        partial, expand, sets = (self.config.get(key) for key in ("partial", "expand", "expand_kwargs"))
        for key, value in _items(partial):
            yield _Value(key, value, (*self.task.path, "partial", key))
        for key, values in _items(expand):
            path = (*self.task.path, "expand", key)
            # of a mapping, each item is given as a pair
            for index, value in enumerate(values if isinstance(values, list) else ()):
                yield _Value(key, value, (*path, index))
        for index, values in enumerate(sets if isinstance(sets, list) else ()):
            for key, value in _items(values):
                yield _Value(key, value, (*self.task.path, "expand_kwargs", index, key))

    def _misfit(self, given: _Value, schema: Mapping[str, Any]) -> Iterator[Finding]:
        if isinstance(given.value, str) and read_expression(given.value, given.path):
            return
        if not self.contract.value_fits(schema, given.value):
            for error in self.contract.value_validator(schema).iter_errors(given.value):
                path = (*given.path, *error.absolute_path)
                yield from self.describe(error, path, self.source, self.contract)

    def _common(self, key: str) -> Mapping[str, Any] | None:
        """Give the schema of a key that every task has."""
        properties = self.contract.document["$defs"]["task_shape"]["properties"]
        found: Mapping[str, Any] | None = properties.get(key) if key not in _STRUCTURE else None
        return found

    def _unknown_keys(self, kind: Kind) -> Iterator[Finding]:
        if kind.is_open:
            return
        common = self.contract.task_keys - _STRUCTURE
        for path, values in self._mappings():
            allowed = kind.properties.keys() | (common if path[-1] == "partial" else frozenset())
            for key in values:
                if key in allowed:
                    continue
                place = self.source.tree.key((*path, key))
                if key in common:
                    message = f'"{key}" is the same for every task that is mapped; Airflow does not map it'
                    yield Finding("P223", place, message, "write it into the task itself")
                else:
                    message = f'unknown key "{key}" in {describe_place(path, self.source.data)}'
                    near = nearest(key, allowed)
                    hint = f'did you mean "{near}"?' if near else did_you_mean(key, sorted(kind.properties))
                    yield Finding("P101", place, message, hint)

    def _mappings(self) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """Yield the mappings from parameter to what it is given."""
        for key in ("partial", "expand"):
            if isinstance(self.config.get(key), dict):
                yield (*self.task.path, key), self.config[key]
        sets = self.config.get("expand_kwargs")
        for index, values in enumerate(sets if isinstance(sets, list) else ()):
            if isinstance(values, dict):
                yield (*self.task.path, "expand_kwargs", index), values

    def _missing(self, kind: Kind) -> Iterator[Finding]:
        """Yield the keys that the tasks need, and that nothing gives them."""
        sets = self.config.get("expand_kwargs")
        if sets is not None and not (isinstance(sets, list) and all(isinstance(values, dict) for values in sets)):
            return  # a result that only the run knows
        partial, expand = self.config.get("partial"), self.config.get("expand")
        given = {*self.config, *(key for values in (partial, expand) for key, _ in _items(values))}
        strangers = given - self.contract.task_keys - kind.properties.keys()
        for key in kind.required:
            lacking = next((i for i, values in enumerate(sets or ()) if key not in values), None)
            if key in given or (sets and lacking is None) or nearest(key, strangers):
                continue
            path = self.task.path if lacking is None else (*self.task.path, "expand_kwargs", lacking)
            yield missing_key(key, kind.properties, path, self.source)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    yield from value.items() if isinstance(value, dict) else ()


def _not_mappable(node: Node, source: Source) -> Iterator[Finding]:
    """Yield texts that are no results of tasks where only these can be mapped over."""
    config = node.config or {}
    sets = config.get("expand_kwargs")
    texts = [((*node.path, "expand", key), value) for key, value in _items(config.get("expand"))]
    texts += [((*node.path, "expand_kwargs"), sets)]
    if isinstance(sets, list):
        texts += [((*node.path, "expand_kwargs", index), item) for index, item in enumerate(sets)]
    for path, value in texts:
        if isinstance(value, str) and read_expression(value, path, is_mapped=True) is None:
            inside = path[len(node.path) :]
            takes = (
                "a list, a mapping" if inside[0] == "expand" else "a mapping" if inside[1:] else "a list of mappings"
            )
            message = f"{describe_place(path, source.data)} is {shown(value)}; it takes {takes} or +task_id"
            yield Finding("P103", source.tree.find(path).place, message, "a text cannot be mapped over")
