"""What the schema knows of a task by what it names: its operator, or its decorator and function."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Schema = Mapping[str, Any]

MAPPINGS = ("expand", "expand_kwargs")
"""Keys that make a task or group a mapped one."""
_DATE = "#/$defs/date"
_TIME = "#/$defs/time"
_OBJECTS = {"#/$defs/duration": "duration", "#/$defs/function_path": "function", "#/$defs/notifier": "notifier"}


@dataclass(frozen=True, eq=False)
class Kind:
    """The keys of one kind of task, beyond those that every task has."""

    parts: tuple[Schema, ...]
    """The definitions of its operator, or of its decorator and function."""
    arguments: Schema | None
    """Of these, that of the function."""
    own: frozenset[str]
    """The keys that every task has."""
    is_known: bool
    """Whether the schema knows all that it names; else it may have other keys, too."""

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """Key -> its schema."""
        return {key: schema for part in self.parts for key, schema in part.get("properties", {}).items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The keys that must be there, or be given by what the task is mapped over."""
        return tuple(key for part in self.parts for key in required_of(part))

    @cached_property
    def is_open(self) -> bool:
        """Whether it takes any other key."""
        return not self.is_known or any(part.get("additionalProperties") is True for part in self.parts)

    @cached_property
    def rendered(self) -> Container[str]:
        """The keys that Airflow renders, and in which it looks for results of other tasks."""
        arguments = (self.arguments or {}).get("properties", {})
        known = self.properties.items()
        rendered = {key for key, schema in known if key in arguments or _is_rendered(schema)}
        return _AllBut(self.own | (self.properties.keys() - rendered)) if self.is_open else frozenset(rendered)

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The keys that take another task's result, and nothing else."""
        return tuple(key for key, schema in self.properties.items() if schema.get("x-reference"))

    @cached_property
    def conversions(self) -> Mapping[str, str]:
        """Key -> what its value stands for, as :func:`conversion` says, for those that stand for something."""
        found = {key: conversion(schema) for key, schema in self.properties.items()}
        return {key: kind for key, kind in found.items() if kind}


def required_of(schema: Schema) -> tuple[str, ...]:
    """Name the keys that an operator, decorator or function needs, where the task is not mapped."""
    return tuple(schema.get("required") or schema.get("then", {}).get("required", ()))


class _AllBut(Container[str]):
    """Every key, except for some."""

    def __init__(self, others: Iterable[str]) -> None:
        self._others = frozenset(others)

    def __contains__(self, key: object) -> bool:
        return key not in self._others


def _is_rendered(schema: Schema) -> bool:
    return bool(schema.get("x-reference")) or "templat" in str(schema.get("description", "")).lower()


def conversion(schema: Schema) -> str | None:
    """Tell what Python value a parameter stands for: ``duration``, ``date``, ``time``, ``date or time``, ``function``,
    ``notifier``, or none.

    :param schema: of the parameter
    """
    parts = list(_iter_parts(schema))
    references = [part.get("$ref") for part in parts]
    for reference, kind in _OBJECTS.items():
        if reference in references:
            return kind
    # a text beside a date is a template or a format of the operator's own
    texts = any("string" in part.get("type", ()) for part in parts)
    if texts or not {_DATE, _TIME}.intersection(references):
        return None
    return "date" if _TIME not in references else "time" if _DATE not in references else "date or time"


def _iter_parts(schema: Schema) -> Iterator[Schema]:
    """Yield a schema with its alternatives and the items of lists."""
    yield schema
    for part in schema.get("anyOf", ()):
        yield from _iter_parts(part)
    if schema.get("type") == "array":
        yield schema.get("items", {})
