"""Hypothesis strategies for values that fit a JSON Schema; made of the schema alone, so all that it gains is tried."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

MOST_OPTIONAL_KEYS = 4
MOST_ITEMS = 3
WORDS = ("orders", "a b", "0.5", "yes", "null", "2026-01-31", "{{ ds }}", "$HOME", "été", "", "a: b # c", "x" * 300)
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
SCHEDULES = ("@daily", "@hourly", "@once", "@quarterly", "0 6 * * *", "*/5 8-18 * * mon-fri", "0 0 29 2 *", "none")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham")
FORMATS: Mapping[str, Strategy] = {
    "schedule": st.sampled_from(SCHEDULES),
    "timezone": st.sampled_from(ZONES),
    "moment": st.one_of(
        st.sampled_from(("2026-01-31", "2026-01-31T06:00:00+01:00", "2026-03-29T02:30:00", "0001-01-01")),
        st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.isoformat()),
    ),
    "regex": st.sampled_from(("^[a-z]+$", "a|b", ".*")),
}
"""Format -> texts that have it; who adds one to ``schemas.value_formats`` adds it here."""
_NUMBERS = (0, 1, 2, 5, 10, 100, 0.5, 0.9, 0.99)
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_ANNOTATIONS = ("description", "title", "examples", "default")


def anything() -> Strategy:
    """Give any small value that YAML and JSON know."""
    plain = st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.sampled_from((0.5, 1e300)), TEXTS)
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
    )


class Values:
    """Makes strategies of the schemas of one document."""

    def __init__(self, document: Schema, names: Mapping[str, Sequence[str]], fits: Callable[[Any], Any]) -> None:
        """Prepare.

        :param document: what references lead into
        :param names: key -> the names that texts under it are chosen from, as in ``dependencies``
        :param fits: compiles a schema to a predicate
        """
        self._document = document
        self._names = {key: st.sampled_from(list(candidates)) for key, candidates in names.items()}
        self._fits = fits
        self._known: dict[tuple[str, str | None], Strategy] = {}

    def of(self, schema: Any, key: str | None = None) -> Strategy:
        """Give the strategy of a schema.

        :param schema: as it stands in the document
        :param key: the nearest key above it that takes names
        """
        if isinstance(schema, bool):
            return anything() if schema else st.nothing()
        known = (json.dumps(schema, sort_keys=True), key)
        if known not in self._known:
            self._known[known] = st.deferred(lambda: self._made(schema, key))
        return self._known[known]

    def resolve(self, schema: Schema) -> Schema:
        """Put what a schema refers to, and all that has to fit together, in its place."""
        while "$ref" in schema or "allOf" in schema:
            parts = [*schema.get("allOf", ())]
            if "$ref" in schema:
                parts.append(self._target(schema["$ref"]))
            schema = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            for part in parts:
                schema = joined(schema, part)
        return schema

    def _target(self, reference: str) -> Schema:
        target: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        return target

    def _made(self, schema: Schema, key: str | None) -> Strategy:
        schema = self.resolve(schema)
        if schema.get("not") == {}:
            return st.nothing()
        if "if" in schema or "not" in schema:
            rest = {name: value for name, value in schema.items() if name not in ("if", "then", "else", "not")}
            return self.of(rest, key).filter(self._fits(schema))
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {name: value for name, value in schema.items() if name != word}
                return st.one_of([self.of(joined(rest, option), key) for option in schema[word]])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if not schema.keys() - set(_ANNOTATIONS):
            return anything()
        types = schema.get("type", "object" if "properties" in schema else ())
        return st.one_of([self._typed(name, schema, key) for name in ([types] if isinstance(types, str) else types)])

    def _typed(self, name: str, schema: Schema, key: str | None) -> Strategy:
        if name == "null":
            return st.none()
        if name == "boolean":
            return st.booleans()
        make = {
            "string": self._text,
            "integer": self._integer,
            "number": self._number,
            "array": self._list,
            "object": self._mapping,
        }[name]
        return make(schema, key)

    def _text(self, schema: Schema, key: str | None) -> Strategy:
        if key is not None:
            return self._names[key]
        texts = TEXTS
        if "pattern" in schema:
            texts = st.from_regex(schema["pattern"], fullmatch=True)
        elif "format" in schema:
            texts = FORMATS[schema["format"]]
        if "examples" in schema:
            texts = st.one_of(st.sampled_from(schema["examples"]), texts)
        limits = {name: schema[name] for name in ("format", "minLength", "maxLength") if name in schema}
        return texts.filter(self._fits(limits)) if limits else texts

    def _integer(self, schema: Schema, _: str | None) -> Strategy:
        least, most = schema.get("minimum", -3), schema.get("maximum", 2**40)
        return st.one_of(st.integers(least, min(most, least + 12)), st.integers(least, most))

    def _number(self, schema: Schema, _: str | None) -> Strategy:
        fits = self._fits({key: schema[key] for key in _BOUNDS if key in schema})
        return st.sampled_from([number for number in _NUMBERS if fits(number)])

    def _list(self, schema: Schema, key: str | None) -> Strategy:
        least = schema.get("minItems", 0)
        most = max(least, min(schema.get("maxItems", MOST_ITEMS), MOST_ITEMS))
        unique = json.dumps if schema.get("uniqueItems") else None
        items = self.of(schema.get("items", True), key)
        return st.lists(items, min_size=least, max_size=most, unique_by=unique)

    def _mapping(self, schema: Schema, key: str | None) -> Strategy:
        properties = schema.get("properties", {})
        strategies = {name: self.of(part, self._key(name, key)) for name, part in properties.items()}
        strategies = {name: strategy for name, strategy in strategies.items() if not strategy.is_empty}
        required = [name for name in schema.get("required", ()) if name in strategies]
        optional = sorted(set(strategies) - set(required))
        extra = schema.get("additionalProperties", False)
        least = max(0, schema.get("minProperties", 0) - len(required))

        @st.composite
        def mapping(draw: st.DrawFn) -> dict[str, Any]:
            chosen = []
            if optional:
                at_least = min(least, len(optional))
                most = max(at_least, MOST_OPTIONAL_KEYS)
                chosen = draw(st.lists(st.sampled_from(optional), unique=True, min_size=at_least, max_size=most))
            made = {name: draw(strategies[name]) for name in (*required, *chosen)}
            if extra is not False and (not properties or len(made) < least):
                names = self.of({"type": "string", **schema.get("propertyNames", {})})
                made |= draw(st.dictionaries(names, self.of(extra, key), min_size=least, max_size=max(least, 2)))
            return made

        return mapping()

    def _key(self, name: str, above: str | None) -> str | None:
        return name if name in self._names else above


def joined(one: Any, other: Any) -> dict[str, Any]:
    """Join two schemas that have to fit both."""
    if isinstance(other, bool):
        return dict(one)
    result = dict(one)
    for key, value in other.items():
        if key == "properties":
            result[key] = {**value, **one.get(key, {})}
        elif key == "required":
            result[key] = list(dict.fromkeys([*one.get(key, ()), *value]))
        elif key == "allOf":
            result[key] = [*one.get(key, ()), *value]
        elif key == "type" and key in one:
            result[key] = _both(one[key], value)
        elif key not in result or key not in _ANNOTATIONS:
            result[key] = value
    return result


def _both(one: str | list[str], other: str | list[str]) -> list[str]:
    mine, theirs = ([types] if isinstance(types, str) else types for types in (one, other))
    return [name for name in mine if name in theirs] or mine
