"""Hypothesis strategies for values that fit a JSON Schema; made of the schema alone, so all that it gains is tried."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

DEEPEST = 2
"""So often may a definition stand inside itself."""
MOST_OPTIONAL_KEYS = 4
MOST_ITEMS = 3
WORDS = ("orders", "a b", "0.5", "yes", "null", "2026-01-31", "{{ ds }}", "$HOME", "été", "", "a: b # c", "x" * 300)
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
SAMPLES = (
    *("@daily", "@once", "0 6 * * *", "*/5 8-18 * * mon-fri", "0 0 29 2 *", "none", "36h", "1h30m", "90s"),
    *("UTC", "Europe/Berlin", "America/New_York", "Pacific/Chatham"),
    *("2026-01-31", "2026-01-31T06:00:00+01:00", "2026-03-29T02:30:00", "06:30", "dagrun_queued_at"),
    *("^[a-z]+$", "a|b", "s3://bucket/key", "https://example.org/a?b=c", "#aabbcc", "data-team"),
    *("{{ ds }}", "{{ params.limit }}", "+first"),
)
"""Texts with a form; of each format of the schema there has to be one among them."""
_NUMBERS = (0, 1, 2, 5, 10, 100, 0.5, 0.9, 0.99)
CASES = "x-cases"
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_ANNOTATIONS = ("description", "title", "examples", "default")


@cache
def anything() -> Strategy:
    """Give any small value that YAML and JSON know."""
    plain = st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.sampled_from((0.5, 1e300)), TEXTS)
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
    )


@dataclass(frozen=True)
class Inside:
    """Where in the document a schema stands."""

    key: str | None = None
    """The nearest key above it whose texts are names."""
    references: tuple[str, ...] = ()
    """The references that lead to it."""

    def under(self, reference: str) -> Inside:
        return replace(self, references=(*self.references, reference))


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
        self._known: dict[tuple[str, Inside], Strategy] = {}

    def of(self, schema: Any, inside: Inside = Inside()) -> Strategy:
        """Give the strategy of a schema; an empty one if nothing fits, or only what is nested too deep.

        :param schema: as it stands in the document
        :param inside: where that is
        """
        if isinstance(schema, bool):
            return anything() if schema else st.nothing()
        known = (json.dumps(schema, sort_keys=True), inside)
        if known not in self._known:
            self._known[known] = self._made(schema, inside)
        return self._known[known]

    def resolved(self, schema: Schema) -> Schema:
        """Put what a schema refers to, and all that has to fit together, in its place; conditions are put aside."""
        return self._resolve(schema, Inside())[0]

    def decided(self, schema: Schema, fixed: Mapping[str, Any], absent: Collection[str] = ()) -> Schema:
        """Put in place of conditions what follows from them for a mapping, of which some keys are known.

        :param schema: of the mapping
        :param fixed: its keys that are known
        :param absent: keys that it does not have; conditions on others are kept
        """
        schema = self.resolved(schema)
        result = {key: value for key, value in schema.items() if key != CASES}
        for case in schema.get(CASES, ()):
            asked = case["if"].get("properties", {})
            if not asked.keys() <= {*fixed, *absent}:
                result = joined(result, {CASES: [case]})
                continue
            branch = case.get("then" if self._fits(case["if"])(fixed) else "else")
            result = joined(result, self.decided(branch, fixed, absent)) if branch is not None else result
        return result

    def _resolve(self, schema: Schema, inside: Inside) -> tuple[Schema, Inside]:
        while "$ref" in schema or "allOf" in schema:
            parts = [*schema.get("allOf", ())]
            if "$ref" in schema:
                inside = inside.under(schema["$ref"])
                parts.append(self._target(schema["$ref"]))
            schema = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            for part in parts:
                schema = joined(schema, _with_case(part))
        return _with_case(schema), inside

    def _target(self, reference: str) -> Schema:
        target: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        return target

    def _made(self, schema: Schema, inside: Inside) -> Strategy:
        schema, inside = self._resolve(schema, inside)
        if schema.get("not") == {} or any(inside.references.count(ref) > DEEPEST for ref in inside.references):
            return st.nothing()
        if CASES in schema:
            return self._one_case(schema, inside)
        if "not" in schema:
            rest = {name: value for name, value in schema.items() if name != "not"}
            return self.of(rest, inside).filter(self._fits({"not": schema["not"]}))
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {name: value for name, value in schema.items() if name != word}
                return st.one_of([self.of(joined(rest, option), inside) for option in schema[word]])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if not schema.keys() - set(_ANNOTATIONS):
            return anything()
        types = schema.get("type", "object" if "properties" in schema else ())
        return st.one_of([self._typed(name, schema, inside) for name in ([types] if isinstance(types, str) else types)])

    def _one_case(self, schema: Schema, inside: Inside) -> Strategy:
        """Choose what cases tell apart, as in ``if operator is X then …``, one key after the other; else try."""
        cases, rest = schema[CASES], {name: value for name, value in schema.items() if name != CASES}
        by_key: dict[str, list[tuple[str, Schema]]] = {}
        for (key, value), case in told_apart(cases):
            by_key.setdefault(key, []).append((value, case))
        if not by_key:
            parts = [case[branch] for case in cases for branch in self._branches(case, rest) if branch in case]
            tried = [self.of(joined(rest, part), inside) for part in ({}, *parts)]
            return st.one_of(tried).filter(self._fits({"allOf": cases}))
        key, told = next(iter(by_key.items()))
        fixed = rest.get("properties", {}).get(key, {}).get("const")
        others = [case for case in cases if case not in [case for _, case in told]]
        rest = {**rest, CASES: others} if others else rest
        chosen = [(value, case) for value, case in told if fixed in (None, value)]
        return st.one_of([self.of(joined(joined(named(key, v), case["then"]), rest), inside) for v, case in chosen])

    def _branches(self, case: Schema, schema: Schema) -> tuple[str, ...]:
        """Name the ways that a condition can lead to: only one, if it asks for what is fixed."""
        fixed = {key: part["const"] for key, part in schema.get("properties", {}).items() if "const" in part}
        asked = case["if"].get("properties", {}) if isinstance(case["if"], dict) else {}
        if not asked or not asked.keys() <= fixed.keys():
            return ("then", "else")
        return ("then",) if self._fits(case["if"])(fixed) else ("else",)

    def _typed(self, name: str, schema: Schema, inside: Inside) -> Strategy:
        if name in ("null", "boolean"):
            return st.none() if name == "null" else st.booleans()
        make = {
            "string": self._text,
            "integer": self._integer,
            "number": self._number,
            "array": self._list,
            "object": self._mapping,
        }[name]
        return make(schema, inside)

    def _text(self, schema: Schema, inside: Inside) -> Strategy:
        if inside.key is not None:
            return self._names[inside.key]
        texts = TEXTS
        if "pattern" in schema:
            fits = self._fits({"pattern": schema["pattern"]})
            known = [text for text in SAMPLES if fits(text)]
            texts = st.from_regex(schema["pattern"], fullmatch=True)
            if known:
                # a pattern of what a text contains gives that part alone
                is_whole = schema["pattern"].startswith("^")
                texts = st.one_of(st.sampled_from(known), texts) if is_whole else st.sampled_from(known)
        elif "format" in schema:
            fits = self._fits({"format": schema["format"]})
            texts = st.sampled_from([text for text in SAMPLES if fits(text)])
        if "examples" in schema:
            texts = st.one_of(st.sampled_from(schema["examples"]), texts)
        limits = {name: schema[name] for name in ("format", "minLength", "maxLength") if name in schema}
        return texts.filter(self._fits(limits)) if limits else texts

    def _integer(self, schema: Schema, _: Inside) -> Strategy:
        least, most = schema.get("minimum", -3), schema.get("maximum", 2**40)
        return st.one_of(st.integers(least, min(most, least + 12)), st.integers(least, most))

    def _number(self, schema: Schema, _: Inside) -> Strategy:
        fits = self._fits({key: schema[key] for key in _BOUNDS if key in schema})
        return st.sampled_from([number for number in _NUMBERS if fits(number)])

    def _list(self, schema: Schema, inside: Inside) -> Strategy:
        least = schema.get("minItems", 0)
        most = max(least, min(schema.get("maxItems", MOST_ITEMS), MOST_ITEMS))
        unique = json.dumps if schema.get("uniqueItems") else None
        items = self.of(schema.get("items", True), inside)
        if items.is_empty:
            return st.nothing() if least else st.just([])
        some = st.lists(items, min_size=least, max_size=most, unique_by=unique)
        every = self.resolved(schema["items"]).get("enum") if unique and "items" in schema else None
        return st.one_of(some, st.just(every)) if every else some

    def _mapping(self, schema: Schema, inside: Inside) -> Strategy:
        properties, required = schema.get("properties", {}), schema.get("required", ())
        strategies = {name: self.of(part, self._at(name, inside)) for name, part in properties.items()}
        for name in required:
            strategies.setdefault(name, self.of(schema.get("additionalProperties", True), inside))
        if any(strategies[name].is_empty for name in required):
            return st.nothing()
        optional = sorted(
            name for name, strategy in strategies.items() if name not in required and not strategy.is_empty
        )
        extra = schema.get("additionalProperties", False)
        least = max(0, schema.get("minProperties", 0) - len(required))

        others = st.just({})
        if extra is not False and (not properties or len(optional) + len(required) < least):
            others = self._others(schema, inside, least)
        return _mapping(strategies, tuple(required), optional, least, others)

    def _others(self, schema: Schema, inside: Inside, least: int) -> Strategy:
        names = self.of({"type": "string", **schema.get("propertyNames", {})})
        values = self.of(schema["additionalProperties"], inside)
        return st.dictionaries(names, values, min_size=least, max_size=max(least, 2))

    def _at(self, name: str, inside: Inside) -> Inside:
        return replace(inside, key=name) if name in self._names else inside


@st.composite
def _mapping(
    draw: st.DrawFn,
    strategies: Mapping[str, Strategy],
    required: Sequence[str],
    optional: Sequence[str],
    least: int,
    others: Strategy,
) -> dict[str, Any]:
    """Draw a mapping with all that it needs, some of what it may have, and others."""
    at_least = min(least, len(optional))
    most = max(at_least, MOST_OPTIONAL_KEYS)
    chosen = (
        draw(st.lists(st.sampled_from(optional), unique=True, min_size=at_least, max_size=most)) if optional else []
    )
    return {**{name: draw(strategies[name]) for name in (*required, *chosen)}, **draw(others)}


def _with_case(schema: Any) -> Any:
    """Put ``if`` aside, so that it can be joined with another."""
    if not isinstance(schema, dict) or "if" not in schema:
        return schema
    case = {name: schema[name] for name in ("if", "then", "else") if name in schema}
    rest = {name: value for name, value in schema.items() if name not in case}
    return {**rest, CASES: [*rest.get(CASES, ()), case]}


def told_apart(cases: Sequence[Schema]) -> Iterator[tuple[tuple[str, str], Schema]]:
    """Yield the cases of the form ``if this key has that value``, with both."""
    for case in cases:
        match case:
            case {"if": {"properties": properties, "required": [key], **more}, "then": _} if not more:
                if "const" in properties.get(key, {}):
                    yield (key, properties[key]["const"]), case


def named(key: str, value: str) -> dict[str, Any]:
    """Give the schema of a mapping in which a key has a value."""
    return {"properties": {key: {"const": value}}, "required": [key]}


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
        elif key in ("allOf", CASES):
            result[key] = [*one.get(key, ()), *value]
        elif key == "type" and key in one:
            result[key] = _both(one[key], value)
        elif key not in result or key not in _ANNOTATIONS:
            result[key] = value
    return result


def _both(one: str | list[str], other: str | list[str]) -> list[str]:
    mine, theirs = ([types] if isinstance(types, str) else types for types in (one, other))
    return [name for name in mine if name in theirs] or mine
