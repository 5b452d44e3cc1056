"""Compiles a JSON Schema into a plain predicate: the fast answer for files that are right, which is most of them.

Where the predicate says no, :mod:`schemas.shape` asks jsonschema what is wrong. It covers the keywords that the schemas
of this package use, and refuses others, so that it can never be more lenient than jsonschema by oversight.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Predicate = Callable[[Any], bool]
Resolve = Callable[[str], Any]
KnownKeys = Callable[[dict[str, Any]], frozenset[str] | None]
Formats = Mapping[str, Predicate]

_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples"}
# what editors read beside the standard
_ANNOTATIONS |= {"enumDescriptions", "defaultSnippets", "patternErrorMessage", "doNotSuggest"}


class UnsupportedKeywordError(Exception):
    """A schema uses a keyword that the compiler does not know."""


class Compiler:
    """Compiles schemas of one document; references are compiled once, when they are first met."""

    def __init__(self, resolve: Resolve, formats: Formats, *, takes_whole_floats: bool = False) -> None:
        """Prepare.

        :param resolve: gives the schema that a ``$ref`` names
        :param formats: ``format`` name -> predicate
        :param takes_whole_floats: whether 2.0 is an integer, as JSON Schema has it
        """
        self._types = {**_TYPES, "integer": _is_whole} if takes_whole_floats else _TYPES
        self._resolve = resolve
        self._formats = formats
        self._references: dict[str, Predicate] = {}

    def compile(self, schema: Any) -> Predicate:
        """Give the predicate of a schema.

        :raises UnsupportedKeywordError: if it uses a keyword that is not covered
        """
        if isinstance(schema, bool):
            return (lambda _: True) if schema else (lambda _: False)
        checks = [self._keyword(key, schema) for key in schema if not self._is_annotation(key, schema)]
        return _all(checks)

    def _is_annotation(self, key: str, schema: Mapping[str, Any]) -> bool:
        # then and else belong to if; additionalProperties is compiled with properties
        folded = key in ("then", "else") or (key == "additionalProperties" and "properties" in schema)
        return key in _ANNOTATIONS or key.startswith("x-") or folded

    def _keyword(self, key: str, schema: Mapping[str, Any]) -> Predicate:
        make = _KEYWORDS.get(key)
        if make is None:
            raise UnsupportedKeywordError(f"{key} in {str(schema)[:80]}")
        return make(self, schema)

    def _ref(self, schema: Mapping[str, Any]) -> Predicate:
        """Compile what is referred to when a value is first held against it: most of a schema, a file never needs."""
        name = schema["$ref"]

        def check(value: Any) -> bool:
            compiled = self._references.get(name)
            if compiled is None:
                compiled = self._references[name] = self.compile(self._resolve(name))
            return compiled(value)

        return check

    def _all_of(self, schema: Mapping[str, Any]) -> Predicate:
        dispatch, rest = _split_dispatch(schema["allOf"])
        checks = [self.compile(part) for part in rest]
        if dispatch:
            checks.append(self._dispatch(dispatch))
        return _all(checks)

    def _dispatch(self, branches: Mapping[tuple[str, str], Any]) -> Predicate:
        """Turn many ``if operator is X then …`` into one look-up; a branch is compiled when it is first taken."""
        keys = {key for key, _ in branches}
        compiled: dict[tuple[str, str], Predicate] = {}

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key in keys:
                named = value.get(key)
                branch = (key, named) if isinstance(named, str) else None
                if branch is not None and branch in branches:
                    if branch not in compiled:
                        compiled[branch] = self.compile(branches[branch])
                    if not compiled[branch](value):
                        return False
            return True

        return check

    def _any_of(self, schema: Mapping[str, Any]) -> Predicate:
        return _any([self.compile(part) for part in schema["anyOf"]])

    def _not(self, schema: Mapping[str, Any]) -> Predicate:
        inner = self.compile(schema["not"])
        return lambda value: not inner(value)

    def _if(self, schema: Mapping[str, Any]) -> Predicate:
        condition = self.compile(schema["if"])
        then = self.compile(schema.get("then", True))
        otherwise = self.compile(schema.get("else", True))
        return lambda value: then(value) if condition(value) else otherwise(value)

    def _type(self, schema: Mapping[str, Any]) -> Predicate:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return _any([self._types[name] for name in names])

    def _properties(self, schema: Mapping[str, Any]) -> Predicate:
        known = {key: self.compile(part) for key, part in schema.get("properties", {}).items()}
        extra = schema.get("additionalProperties", True)
        other = None if extra is True else self.compile(extra)

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, item in value.items():
                test = known.get(key, other)
                if test is not None and not test(item):
                    return False
            return True

        return check

    def _unevaluated(self, schema: Mapping[str, Any]) -> Predicate:
        if schema["unevaluatedProperties"] is not False:
            raise UnsupportedKeywordError("unevaluatedProperties other than false")
        known = self._known_keys(schema)

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            keys = known(value)
            return keys is None or keys.issuperset(value)

        return check

    def _known_keys(self, schema: Any) -> KnownKeys:
        """Compile which keys of a mapping a schema speaks of; None where it takes any."""
        if not isinstance(schema, dict):
            return lambda _: frozenset()
        if "additionalProperties" in schema:
            return lambda _: None
        own = frozenset(schema.get("properties", ()))
        dispatch, rest = _split_dispatch(schema.get("allOf", []))
        parts = [self._known_keys(part) for part in rest]
        if "$ref" in schema:
            parts.append(self._known_keys(self._resolve(schema["$ref"])))
        if dispatch:
            parts.append(self._dispatched_keys(dispatch))
        if "if" in schema:
            parts.append(self._conditional_keys(schema))
        return _joined(own, parts) if parts else lambda _: own

    def _dispatched_keys(self, branches: Mapping[tuple[str, str], Any]) -> KnownKeys:
        selectors = {key for key, _ in branches}
        compiled: dict[tuple[str, str], KnownKeys] = {}

        def keys_of(value: dict[str, Any]) -> frozenset[str] | None:
            found: frozenset[str] = frozenset(selectors)
            for selector in selectors:
                named = value.get(selector)
                branch = (selector, named) if isinstance(named, str) else None
                if branch is None or branch not in branches:
                    continue
                if branch not in compiled:
                    compiled[branch] = self._known_keys(branches[branch])
                more = compiled[branch](value)
                if more is None:
                    return None
                found = _union(found, more)
            return found

        return keys_of

    def _conditional_keys(self, schema: Mapping[str, Any]) -> KnownKeys:
        condition = self.compile(schema["if"])
        then, otherwise = self._known_keys(schema.get("then")), self._known_keys(schema.get("else"))
        return lambda value: then(value) if condition(value) else otherwise(value)

    def _property_names(self, schema: Mapping[str, Any]) -> Predicate:
        test = self.compile(schema["propertyNames"])
        return lambda value: not isinstance(value, dict) or all(test(key) for key in value)

    def _required(self, schema: Mapping[str, Any]) -> Predicate:
        keys = tuple(schema["required"])
        return lambda value: not isinstance(value, dict) or all(key in value for key in keys)

    def _items(self, schema: Mapping[str, Any]) -> Predicate:
        test = self.compile(schema["items"])
        return lambda value: not isinstance(value, list) or all(test(item) for item in value)

    def _enum(self, schema: Mapping[str, Any]) -> Predicate:
        # there are long lists of names, and few other values
        names = frozenset(value for value in schema["enum"] if isinstance(value, str))
        others = [_distinct(value) for value in schema["enum"] if not isinstance(value, str)]
        return lambda value: value in names if isinstance(value, str) else _distinct(value) in others

    def _const(self, schema: Mapping[str, Any]) -> Predicate:
        wanted = _distinct(schema["const"])
        return lambda value: _distinct(value) == wanted

    def _pattern(self, schema: Mapping[str, Any]) -> Predicate:
        pattern = schema["pattern"]
        return lambda value: not isinstance(value, str) or re.search(pattern, value) is not None

    def _format(self, schema: Mapping[str, Any]) -> Predicate:
        return self._formats.get(schema["format"], lambda _: True)


def _all(checks: list[Predicate]) -> Predicate:
    if len(checks) == 1:
        return checks[0]

    # a loop, as all() with a generator takes twice as long, and this is asked for every value
    def check(value: Any) -> bool:
        for each in checks:  # noqa: SIM110
            if not each(value):
                return False
        return True

    return check


def _any(options: list[Predicate]) -> Predicate:
    if len(options) == 1:
        return options[0]

    def check(value: Any) -> bool:
        for each in options:  # noqa: SIM110
            if each(value):
                return True
        return False

    return check


def _split_dispatch(parts: list[Any]) -> tuple[dict[tuple[str, str], Any], list[Any]]:
    """Tell the parts ``{if: {properties: {k: {const: v}}, required: [k]}, then: s}`` from all others."""
    dispatch: dict[tuple[str, str], Any] = {}
    rest = []
    for part in parts:
        match part:
            case {"if": {"properties": properties, "required": [key], **more}, "then": then, **others} if (
                not more
                and not others
                and isinstance(properties.get(key, {}).get("const"), str)
                and len(properties) == 1
            ):
                dispatch[key, properties[key]["const"]] = then
            case _:
                rest.append(part)
    return dispatch, rest


def _joined(own: frozenset[str], parts: list[KnownKeys]) -> KnownKeys:
    def keys_of(value: dict[str, Any]) -> frozenset[str] | None:
        found = own
        for part in parts:
            more = part(value)
            if more is None:
                return None
            found = _union(found, more)
        return found

    return keys_of


@cache
def _union(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Join sets of keys; they are those of the schema, so there are few, and each task needs the same ones."""
    return one | other


def _distinct(value: Any) -> Any:
    """Keep true and 1 apart, which Python holds equal and JSON does not."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return [_distinct(item) for item in value]
    if isinstance(value, dict):
        return {key: _distinct(item) for key, item in value.items()}
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Tell what is written as an integer; JSON Schema takes 2.0 for one too, but what the value is given to may not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return is_integer(value) or (isinstance(value, float) and value.is_integer())


_TYPES: dict[str, Predicate] = {
    "string": lambda value: isinstance(value, str),
    "integer": is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _bound(key: str, applies: Predicate, holds: Callable[[Any, Any], bool]) -> Callable[[Compiler, Any], Predicate]:
    def make(_: Compiler, schema: Mapping[str, Any]) -> Predicate:
        limit = schema[key]
        return lambda value: not applies(value) or holds(value, limit)

    return make


def has_no_doubles(value: list[Any]) -> bool:
    """Tell whether each item of a list is another."""
    seen: set[Any] = set()
    for item in map(_frozen, value):
        if item in seen:
            return False
        seen.add(item)
    return True


def _frozen(value: Any) -> Any:
    """Give something that fits into a set, and is equal where values are the same to JSON."""
    if isinstance(value, list):
        return ("list", tuple(map(_frozen, value)))
    if isinstance(value, dict):
        return ("mapping", frozenset((key, _frozen(item)) for key, item in value.items()))
    return _distinct(value)


_KEYWORDS: dict[str, Callable[[Compiler, Mapping[str, Any]], Predicate]] = {
    "$ref": Compiler._ref,
    "allOf": Compiler._all_of,
    "anyOf": Compiler._any_of,
    "not": Compiler._not,
    "if": Compiler._if,
    "type": Compiler._type,
    "properties": Compiler._properties,
    "additionalProperties": Compiler._properties,
    "unevaluatedProperties": Compiler._unevaluated,
    "propertyNames": Compiler._property_names,
    "required": Compiler._required,
    "items": Compiler._items,
    "enum": Compiler._enum,
    "const": Compiler._const,
    "pattern": Compiler._pattern,
    "format": Compiler._format,
    "minimum": _bound("minimum", _is_number, lambda value, limit: not value < limit),
    "maximum": _bound("maximum", _is_number, lambda value, limit: not value > limit),
    "exclusiveMinimum": _bound("exclusiveMinimum", _is_number, lambda value, limit: not value <= limit),
    "exclusiveMaximum": _bound("exclusiveMaximum", _is_number, lambda value, limit: not value >= limit),
    "minLength": _bound("minLength", _TYPES["string"], lambda value, limit: len(value) >= limit),
    "maxLength": _bound("maxLength", _TYPES["string"], lambda value, limit: len(value) <= limit),
    "minItems": _bound("minItems", _TYPES["array"], lambda value, limit: len(value) >= limit),
    "maxItems": _bound("maxItems", _TYPES["array"], lambda value, limit: len(value) <= limit),
    "uniqueItems": _bound("uniqueItems", _TYPES["array"], lambda value, limit: not limit or has_no_doubles(value)),
    "minProperties": _bound("minProperties", _TYPES["object"], lambda value, limit: len(value) >= limit),
    "maxProperties": _bound("maxProperties", _TYPES["object"], lambda value, limit: len(value) <= limit),
}
