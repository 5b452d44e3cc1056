"""Values of the YAML as what they stand for, so that those that mean the same are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.rules.quantities import DURATION, NUMBER, read_quantity

from schemas.contract import Contract

Schema = Mapping[str, Any]

_KINDS = ("duration", "date", "fraction", "quantity")
"""The definitions of the schema that a text may be another way to write a value of."""
_PARTS = ("allOf", "anyOf", "oneOf")


class Value(NamedTuple):
    """A value, compared in two ways."""

    built: Any
    """What Airflow and the operator are given; whoever changes it, changes what Airflow has."""
    meant: Any
    """What it stands for: ``60s`` is ``1m``, and ``1%`` is ``0.01``, though an operator reads the text itself."""


class Meaning:
    """Reads values by what the schema says of their place."""

    def __init__(self, contract: Contract, zone: str = "UTC") -> None:
        self._contract = contract
        self._zone = ZoneInfo(zone)
        definitions = contract.document["$defs"]
        self._kind_of = {f"#/$defs/{kind}": kind for kind in _KINDS}
        # a few parameters have the pattern of a definition, and no reference to it
        self._kind_of |= {definitions[kind]["pattern"]: kind for kind in _KINDS if "pattern" in definitions[kind]}
        self._task_arguments = {"properties": definitions["task_shape"]["properties"]}

    def dag_argument(self, key: str, value: Any) -> Value:
        """Read an argument of the DAG, ``default_args`` as a whole included; the builder converts all of them.

        :param key: its name
        :param value: as in the YAML
        """
        read = self._read(value, [*self._properties([self._contract.document["$defs"]["dag"]], key)])
        return Value(read, read)

    def task_argument(self, operator: str, key: str, value: Any) -> Value:
        """Read an argument of a task: those that all tasks have are converted, own operators read theirs themselves.

        :param operator: as in the YAML
        :param key: the argument's name
        :param value: as in the YAML
        """
        own = [*self._properties([self._contract.operators.get(operator, {})], key)]
        shared = [*self._properties([self._task_arguments], key)]
        meant = self._read(value, own or shared)
        is_converted = not own or key in self._contract.conversions(operator)
        return Value(meant if is_converted else _typed(value), meant)

    def _read(self, value: Any, schemas: Sequence[Schema]) -> Any:
        if isinstance(value, Mapping):
            return {key: self._read(item, [*self._properties(schemas, key)]) for key, item in value.items()}
        if isinstance(value, list):
            return [self._read(item, [*self._items(schemas)]) for item in value]
        kinds = {kind for schema in schemas for kind in self._kinds(schema)}
        return _typed(value) if isinstance(value, bool) or value is None else self._scalar(value, kinds)

    def _scalar(self, value: Any, kinds: set[str]) -> Any:
        if kinds & {"duration", "fraction", "quantity"}:
            quantity = read_quantity(value)
            if quantity is not None:
                # a bare number where a duration is meant is seconds
                unit = DURATION if "duration" in kinds or quantity.unit == DURATION else NUMBER
                return (unit, quantity.value)
        if "date" in kinds and isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                return _typed(value)
            return ("moment", (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC))
        return _typed(value)

    def _kinds(self, schema: Schema) -> Iterator[str]:
        for part in self._iter_parts(schema):
            yield from (
                self._kind_of[word] for word in (part.get("$ref"), part.get("pattern")) if word in self._kind_of
            )

    def _properties(self, schemas: Iterable[Schema], key: str) -> Iterator[Schema]:
        for schema in schemas:
            for part in self._iter_parts(schema):
                if key in part.get("properties", ()):
                    yield part["properties"][key]
                elif isinstance(part.get("additionalProperties"), Mapping):
                    yield part["additionalProperties"]

    def _items(self, schemas: Iterable[Schema]) -> Iterator[Schema]:
        for schema in schemas:
            yield from (part["items"] for part in self._iter_parts(schema) if isinstance(part.get("items"), Mapping))

    def _iter_parts(self, schema: Schema, followed: frozenset[str] = frozenset()) -> Iterator[Schema]:
        """Yield a schema and those that it is made of."""
        if not isinstance(schema, Mapping):
            return
        yield schema
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in followed:
            yield from self._iter_parts(self._contract.resolve(reference), followed | {reference})
        for name in _PARTS:
            for part in schema.get(name, ()):
                yield from self._iter_parts(part, followed)


def _typed(value: Any) -> Any:
    """Keep values apart that Python takes for equal: ``1``, ``1.0`` and ``true``."""
    if isinstance(value, Mapping):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (type(value).__name__, value)
