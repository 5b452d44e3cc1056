"""Applies the JSON Schema to a file that was read, and says in the file's own words what does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.diagnostic import Finding, Place, did_you_mean
from schemas.source import Source

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

FOLDER = Path(__file__).parent
# never opened: the documents are given to the registry under these names
_BASE = "file:///schemas/"
_ROOT = "pipeline.schema.json"
PRESETS = (
    "@once",
    "@continuous",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    "@midnight",
    "@annually",
)

Error = Any
"""A jsonschema ValidationError, whose fields have no useful types."""

_TYPE_NAMES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def iter_shape_findings(source: Source) -> Iterator[Finding]:
    """Yield what the schema does not allow, in the order of the schema; the caller sorts.

    :param source: a file that was read without a syntax error
    """
    errors = [error for error in _validator().iter_errors(source.data)]
    without_kind = {
        tuple(e.absolute_path)[:-1] for e in errors if e.absolute_path and e.absolute_path[-1] == "operator"
    }
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator in ("unevaluatedProperties", "additionalProperties"):
            if path not in without_kind and "operator" in _required_of(error):
                yield from _unknown_keys(error, path, source)
            continue
        describe = _DESCRIBE.get(str(error.validator))
        if describe is not None:
            yield describe(error, path, source)


def schema_document(name: str) -> dict[str, Any]:
    """Read one of the JSON Schema files of this package.

    :param name: its name, e.g. ``operators/train_model.schema.json``
    """
    document: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return document


@cache
def operator_schemas() -> Mapping[str, dict[str, Any]]:
    """Short operator name -> its JSON Schema."""
    documents = [schema_document(f"operators/{path.name}") for path in sorted((FOLDER / "operators").glob("*.json"))]
    return {document["title"]: document for document in documents}


@cache
def reference_keys(operator: str) -> tuple[str, ...]:
    """Name the parameters of an operator that take another task's result."""
    properties = operator_schemas().get(operator, {}).get("properties", {})
    return tuple(key for key, schema in properties.items() if schema.get("x-reference"))


@cache
def _validator() -> Validator:
    import referencing
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing.jsonschema import DRAFT202012

    names = [_ROOT, *(f"operators/{path.name}" for path in (FOLDER / "operators").glob("*.json"))]
    resources = [(_BASE + name, DRAFT202012.create_resource(schema_document(name))) for name in names]
    registry: referencing.Registry[Any] = referencing.Registry().with_resources(resources)
    formats = FormatChecker(formats=())
    for name, (_, check) in _FORMATS.items():
        formats.checks(name)(check)
    return Draft202012Validator({"$ref": _BASE + _ROOT}, registry=registry, format_checker=formats)


def _is_schedule(value: Any) -> bool:
    if not isinstance(value, str) or value in PRESETS or value == "none":
        return True
    if value.startswith("@"):
        return False
    from croniter import croniter

    return bool(croniter.is_valid(value))


def _is_timezone(value: Any) -> bool:
    import zoneinfo

    if not isinstance(value, str):
        return True
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_regex(value: Any) -> bool:
    try:
        re.compile(str(value))
    except re.error:
        return False
    return True


_FORMATS = {
    "schedule": ("P301", _is_schedule),
    "timezone": ("P302", _is_timezone),
    "date": ("P303", _is_date),
    "regex": ("P105", _is_regex),
}


def describe_place(path: tuple[str | int, ...], data: Any) -> str:
    """Name a place for people: ``pipeline "x"``, ``task "a"``, ``"columns.age"``."""
    match path:
        case ():
            return "the file"
        case (str(dag_id),):
            return f'pipeline "{dag_id}"'
        case (str(dag_id), "tasks", task):
            return f'task "{_listed_name(data[dag_id]["tasks"], task, "task_id")}"'
        case (str(dag_id), "task_groups", group):
            return f'task group "{_listed_name(data[dag_id]["task_groups"], group, "group_name")}"'
        case (_, "tasks" | "task_groups", _, *inner):
            return f'"{_dotted(inner)}"'
        case (_, *inner):
            return f'"{_dotted(inner)}"'
    return "the file"


def _listed_name(entries: Any, key: str | int, name: str) -> str:
    entry = entries[key]
    return str(entry.get(name, key)) if isinstance(key, int) and isinstance(entry, dict) else str(key)


def _dotted(parts: list[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")


def _shown(value: Any) -> str:
    limit = 60
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _description(error: Error) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    return str(schema.get("description", "")).rstrip(".")


def _value_finding(code: str, rest: str) -> Any:
    def describe(error: Error, path: tuple[str | int, ...], source: Source) -> Finding:
        place = source.tree.find(path).place
        message = f"{describe_place(path, source.data)} is {_shown(error.instance)}; {rest}"
        return Finding(code, place, message.replace("{limit}", str(error.validator_value)), _description(error))

    return describe


def _wrong_type(error: Error, path: tuple[str | int, ...], source: Source) -> Finding:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    names = " or ".join(_TYPE_NAMES[str(name)] for name in wanted)
    place = source.tree.find(path).place
    message = f"{describe_place(path, source.data)} is {_shown(error.instance)}; it takes {names}"
    return Finding("P103", _first_line(place), message, _description(error))


def _first_line(place: Place) -> Place:
    """Underline only the start of what goes over several lines."""
    if place.end_line == place.line:
        return place
    return Place(place.line, place.column, place.line, place.column + 1)


def _not_allowed(error: Error, path: tuple[str | int, ...], source: Source) -> Finding:
    place = source.tree.find(path).place
    allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    message = f"{describe_place(path, source.data)} is {_shown(error.instance)}, which is not one of the allowed values"
    hint = did_you_mean(str(error.instance), [str(value) for value in allowed])
    if path[-1:] == ("operator",):
        message = f'operator "{error.instance}" does not exist'
        if hint.startswith("allowed"):
            hint += "; others by their full path, as in airflow.providers.standard.operators.bash.BashOperator"
    if "propertyNames" in error.absolute_schema_path:
        place = source.tree.key((*path, error.instance))
        message = f'"{error.instance}" is not allowed in {describe_place(path, source.data)}'
    return Finding("P104", place, message, hint)


def _bad_format(error: Error, path: tuple[str | int, ...], source: Source) -> Finding:
    place = source.tree.find(path).place
    message = f"{describe_place(path, source.data)} is {_shown(error.instance)}, which has not the form it needs"
    if "propertyNames" in error.absolute_schema_path:
        place = source.tree.key((*path, error.instance))
        message = f'"{error.instance}" is no name for {"a pipeline" if not path else "a task or group"}'
        return Finding("P108", place, message, _description(error))
    return Finding("P105", place, message, _description(error))


def _bad_named_format(error: Error, path: tuple[str | int, ...], source: Source) -> Finding:
    name = str(error.validator_value)
    code = _FORMATS[name][0]
    words = {
        "schedule": "a cron expression or a preset",
        "timezone": "a time zone",
        "date": "a date",
        "regex": "a regular expression",
    }
    message = f"{describe_place(path, source.data)} is {_shown(error.instance)}, which is not {words[name]}"
    hint = _description(error)
    if name == "schedule" and str(error.instance).startswith("@"):
        hint = did_you_mean(str(error.instance), list(PRESETS))
    return Finding(code, source.tree.find(path).place, message, hint)


def _missing_key(error: Error, path: tuple[str | int, ...], source: Source) -> Finding:
    # jsonschema reports each missing key by itself, in the order of the list
    missing = next(key for key in error.validator_value if f"'{key}' is" in error.message)
    place = source.tree.key(path) if path else source.tree.place
    properties = _properties(error.schema if isinstance(error.schema, dict) else {})
    described = properties.get(missing, {}).get("description", "").rstrip(".")
    message = f'{describe_place(path, source.data)} lacks the key "{missing}"'
    return Finding("P102", _first_line(place), message, f"{missing}: {described}" if described else "")


def _required_of(error: Error) -> set[str]:
    """Give the keys without which the allowed keys of a mapping cannot be known; none are lacking elsewhere."""
    closed_by_operator = error.validator == "unevaluatedProperties"
    if not closed_by_operator:
        return {"operator"}
    return set(error.instance) if isinstance(error.instance, dict) else set()


def _unknown_keys(error: Error, path: tuple[str | int, ...], source: Source) -> Iterator[Finding]:
    if _is_open(error.schema, error.instance):
        return
    allowed = set(_properties(error.schema, error.instance))
    for key in error.instance:
        if key not in allowed:
            message = f'unknown key "{key}" in {describe_place(path, source.data)}'
            yield Finding("P101", source.tree.key((*path, key)), message, did_you_mean(key, sorted(allowed)))


def _is_open(schema: Any, instance: Any) -> bool:
    """Tell whether a branch that applies to the instance takes any key, as that of foreign operators does."""
    return any(part.get("additionalProperties") is True for part in _iter_applying(schema, instance))


def _properties(schema: Any, instance: Any = None) -> dict[str, Any]:
    """Collect the properties that a schema describes for an instance."""
    return {
        key: value for part in _iter_applying(schema, instance) for key, value in part.get("properties", {}).items()
    }


def _iter_applying(schema: Any, instance: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and those it applies to the same instance, through references, allOf and if/then/else."""
    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from _iter_applying(_resolve(schema["$ref"]), instance)
    for part in schema.get("allOf", ()):
        yield from _iter_applying(part, instance)
    if "if" in schema and instance is not None:
        branch = "then" if _validator().evolve(schema=schema["if"]).is_valid(instance) else "else"
        yield from _iter_applying(schema.get(branch), instance)


@cache
def _root_document() -> dict[str, Any]:
    return schema_document(_ROOT)


def _resolve(ref: str) -> Any:
    """Follow a reference as written in the root schema: ``#/$defs/x`` or ``operators/x.schema.json``."""
    document, _, pointer = ref.partition("#")
    target: Any = _root_document() if not document or document.endswith(_ROOT) else schema_document(document)
    for part in pointer.strip("/").split("/") if pointer.strip("/") else ():
        target = target[part]
    return target


_DESCRIBE = {
    "type": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "pattern": _bad_format,
    "format": _bad_named_format,
    "required": _missing_key,
    "minimum": _value_finding("P106", "the lowest allowed value is {limit}"),
    "maximum": _value_finding("P106", "the highest allowed value is {limit}"),
    "exclusiveMinimum": _value_finding("P106", "it must be more than {limit}"),
    "exclusiveMaximum": _value_finding("P106", "it must be less than {limit}"),
    "minLength": _value_finding("P107", "it needs at least {limit} character(s)"),
    "maxLength": _value_finding("P107", "it takes at most {limit} character(s)"),
    "minItems": _value_finding("P107", "it needs at least {limit} item(s)"),
    "maxItems": _value_finding("P107", "it takes at most {limit} item(s)"),
    "minProperties": _value_finding("P107", "it needs at least {limit} key(s)"),
    "maxProperties": _value_finding("P107", "it takes at most {limit} key(s)"),
    "uniqueItems": _value_finding("P107", "the same item stands there twice"),
}
