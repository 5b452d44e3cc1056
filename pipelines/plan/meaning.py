"""Values of the YAML as what they stand for, so that those that mean the same are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.contract import Contract
from schemas.gaps import PRESETS
from schemas.quantities import DURATION, NUMBER, read_quantity

Schema = Mapping[str, Any]

_KINDS = ("duration", "date", "fraction", "quantity")
"""The definitions of the schema that a text may be another way to write a value of."""
_KIND_OF_FORMAT = {
    "duration-within-reach": "duration",
    "moment": "date",
    "reference": "date",
    "cron": "cron",
    "schedule": "cron",
}
SETS = frozenset({"tags", "segments", "allowed_run_types", "access_control", "event_dates"})
"""Arguments whose lists are sets to Airflow."""
_PARTS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("then", "else")


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
        return Value(meant if is_converted else exactly(value), meant)

    def converted(self, kind: str, value: Any) -> Value:
        """Read an argument that the builder makes something else of.

        :param kind: what it stands for, as :func:`schemas.kinds.conversion` says
        :param value: as in the YAML
        """
        kinds = {word for word in ("duration", "date", "time") if word in kind}
        read = exactly(value) if isinstance(value, bool | list | dict) else self._scalar(value, kinds)
        return Value(read, read)

    def _read(self, value: Any, schemas: Sequence[Schema]) -> Any:
        if isinstance(value, Mapping):
            read = {key: self._read(item, [*self._properties(schemas, key)]) for key, item in value.items()}
            return {key: unordered(item) if key in SETS else item for key, item in read.items()}
        if isinstance(value, list):
            return [self._read(item, [*self._items(schemas)]) for item in value]
        kinds = {kind for schema in schemas for kind in self._kinds(schema)}
        return exactly(value) if isinstance(value, bool) else self._scalar(value, kinds)

    def _scalar(self, value: Any, kinds: set[str]) -> Any:
        read = _quantity(value, kinds) if kinds & {"duration", "fraction", "quantity"} else None
        if read is None and isinstance(value, str):
            read = self._moment(value) if "date" in kinds else None
            read = read or (_time(value) if "time" in kinds else None)
            value = PRESETS.get(value, value) if "cron" in kinds else value
        return exactly(value) if read is None else read

    def _moment(self, text: str) -> Any:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return ("moment", (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC))

    def _kinds(self, schema: Schema) -> Iterator[str]:
        for part in self._iter_parts(schema):
            words = (part.get("$ref"), part.get("pattern"))
            yield from (self._kind_of[word] for word in words if word in self._kind_of)
            if part.get("format") in _KIND_OF_FORMAT:
                yield _KIND_OF_FORMAT[part["format"]]

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
        for name in _BRANCHES:
            if name in schema:
                yield from self._iter_parts(schema[name], followed)


def unordered(value: Any) -> Any:
    """Give a value with its lists, and those in it, in an order of their own."""
    if isinstance(value, dict):
        return {key: unordered(item) for key, item in value.items()}
    return sorted(map(unordered, value), key=repr) if isinstance(value, list) else value


def _quantity(value: Any, kinds: set[str]) -> Any:
    sign = -1 if isinstance(value, str) and value.startswith("-") else 1
    quantity = read_quantity(value[1:] if sign < 0 else value)
    if quantity is None:
        return None
    # a bare number where a duration is meant is seconds
    unit = DURATION if "duration" in kinds or quantity.unit == DURATION else NUMBER
    return (unit, sign * quantity.value)


def _time(text: str) -> Any:
    try:
        return ("time", time.fromisoformat(text))
    except ValueError:
        return None


def exactly(value: Any) -> Any:
    """Keep values apart that Python takes for equal: ``1``, ``1.0`` and ``true``."""
    if isinstance(value, Mapping):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exactly(item) for item in value]
    return (type(value).__name__, value)
