"""Applies the JSON Schema to a file that was read, and says in the file's own words what does not fit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from schemas.contract import Contract
from schemas.diagnostic import Finding, did_you_mean
from schemas.given_values import iter_given_findings
from schemas.outline import Outline, Path
from schemas.rules.closed_roads import OBJECT_KEYS
from schemas.source import Source
from schemas.spelling import nearest
from schemas.uncallable import uncallable
from schemas.value_formats import FORMATS, PRESETS, REFERENCES, WITHOUT_CRON
from schemas.wording import describe_place, first_line, missing_key, shown

_FULL_PATH = re.compile(r"(airflow\.providers|operators)(\.[a-z_][a-z0-9_]*)+\.[A-Z][A-Za-z0-9_]*")
_LONGEST_ZONE = 40
_ONE_NAME = re.compile(r"[\w.-]+")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_TRUTHS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_ELSEWHERE = ("expand", "partial", "op_kwargs")
"""Keys in which tasks are given more values."""
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
_OF_KEYS = ("unevaluatedProperties", "additionalProperties", "required")
_OBJECT_KEYS = frozenset(OBJECT_KEYS)
_SELECTORS = frozenset({"operator", "decorator", "callback", "trigger", "timetable", "mapper", "window"})
"""Keys whose value says what the other keys may be; they are known wherever they stand."""
_MOST = 1000
"""Pipelines that are looked at for what is wrong with them."""
_MOST_HINTS = 50
_REFERRED_NAMES = {
    "#/$defs/duration": "a duration",
    "#/$defs/date": "a date",
    "#/$defs/time": "a time of day",
    "#/$defs/expression": "a template or +task_id",
}


def iter_shape_findings(source: Source, outlines: Iterable[Outline], contract: Contract) -> Iterator[Finding]:
    """Yield what the schema does not allow, in the order of the schema; the caller sorts.

    :param source: a file that was read without a syntax error
    :param outlines: its pipelines
    :param contract: the schema in use
    """
    yield from _unknown_operators(source, outlines, contract)
    if any(outline.text.contains(word) for outline in outlines for word in _ELSEWHERE):
        yield from iter_given_findings(outlines, source, contract, _iter_described)
    if contract.fits(source.data):
        return
    if not contract.skeleton_fits(source.data):
        for error in contract.skeleton_validator.iter_errors(_wrong_part(source.data, contract)):
            yield from _iter_described(error, tuple(error.absolute_path), source, contract)
    for path, task in _iter_tasks(source.data):
        listed = isinstance(path[-1], int)
        if not contract.task_fits(task, listed=listed):
            for error in contract.task_validator(task, listed=listed).iter_errors(task):
                yield from _iter_described(error, (*path, *error.absolute_path), source, contract)


def iter_value_findings(
    schema: Mapping[str, Any], value: Any, path: Path, source: Source, contract: Contract
) -> Iterator[Finding]:
    """Yield what a schema of its own does not allow of one value.

    :param schema: it may refer to the definitions of the contract
    :param value: the value
    :param path: where it stands in the source
    :param source: a file that was read, or a part of it
    :param contract: the schema in use
    """
    if contract.compile(schema)(value):
        return
    for error in contract.value_validator(schema).iter_errors(value):
        yield from _iter_described(error, (*path, *error.absolute_path), source, contract)


def _wrong_part(data: Any, contract: Contract) -> Any:
    """Leave out the pipelines that are right apart from their tasks: to say what is wrong with them takes long."""
    if not isinstance(data, dict):
        return data
    wrong = ((key, value) for key, value in data.items() if not contract.skeleton_fits({key: value}))
    return dict(islice(wrong, _MOST)) or data


def _iter_tasks(data: Any) -> Iterator[tuple[Path, Any]]:
    """Yield whatever stands where tasks stand, with its path."""
    for dag_id, dag in data.items() if isinstance(data, dict) else ():
        tasks = dag.get("tasks") if isinstance(dag, dict) and dag_id != "default" else None
        entries = tasks.items() if isinstance(tasks, dict) else enumerate(tasks) if isinstance(tasks, list) else ()
        for key, task in entries:
            yield (dag_id, "tasks", key), task


def _iter_described(error: Error, path: Path, source: Source, contract: Contract) -> Iterator[Finding]:
    if error.validator in _OF_KEYS and isinstance(error.instance, dict) and not _OBJECT_KEYS.isdisjoint(error.instance):
        # that it is an object is said of it, and is all there is to say
        return
    if error.validator in ("unevaluatedProperties", "additionalProperties"):
        yield from _unknown_keys(error, path, source, contract)
        return
    if error.validator == "anyOf" and path[-1:] not in (("operator",), ("decorator",)):
        yield from _alternatives(error, path, source, contract)
        return
    if error.validator == "required":
        yield from _missing_keys(error, path, source, contract)
        return
    if error.validator == "enum" and "x-callable" in error.schema:
        yield uncallable(error.instance, str(error.schema.get("title")), path, source, contract)
        return
    describe = _DESCRIBE.get(str(error.validator))
    if describe is not None:
        yield describe(error, path, source)


def _unknown_operators(source: Source, outlines: Iterable[Outline], contract: Contract) -> Iterator[Finding]:
    """Tell of operators that are not in the schema: misspelt ones, and ones whose parameters cannot be checked."""
    unknown = (
        (task.config["operator"], (*task.path, "operator"))
        for outline in outlines
        for task in outline.tasks
        if task.config and _is_unknown(task.config.get("operator"), contract)
    )
    for number, (name, path) in enumerate(unknown):
        # to look for the nearest of all operators takes long
        near = difflib.get_close_matches(name, contract.operators, n=1, cutoff=0.85) if number < _MOST_HINTS else []
        hint = f'did you mean "{near[0]}"? ' if near else ""
        hint += "if it is installed, run `pipelines schema` to make it known"
        if near and near[0].rpartition(".")[0] == name.rpartition(".")[0]:
            # the schema has all of that module, when it was written
            yield Finding("P104", source.tree.find(path).place, f'operator "{name}" does not exist', hint)
            continue
        message = f'operator "{name}" is not in the schema, so its parameters are not checked'
        yield Finding("P403", source.tree.find(path).place, message, hint)


def _is_unknown(name: Any, contract: Contract) -> bool:
    return isinstance(name, str) and _FULL_PATH.fullmatch(name) is not None and name not in contract.operators


def _description(error: Error) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    return str(schema.get("description", "")).rstrip(".")


def _value_finding(code: str, rest: str) -> Any:
    def describe(error: Error, path: Path, source: Source) -> Finding:
        place = source.tree.find(path).place
        message = f"{describe_place(path, source.data)} is {shown(error.instance)}; {rest}"
        return Finding(code, place, message.replace("{limit}", str(error.validator_value)), _description(error))

    return describe


def _wrong_type(error: Error, path: Path, source: Source) -> Finding:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    names = " or ".join(_TYPE_NAMES[str(name)] for name in wanted)
    place = source.tree.find(path).place
    message = f"{describe_place(path, source.data)} is {shown(error.instance)}; it takes {names}"
    return Finding("P103", first_line(place), message, _as_wanted(error.instance, wanted) or _description(error))


def _as_wanted(value: Any, wanted: list[Any]) -> str:
    """Write a value as the list, number or truth value that was meant."""
    if "integer" in wanted and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    if not isinstance(value, str):
        return ""
    if "array" in wanted and _ONE_NAME.fullmatch(value):
        return f"write a list: [{value}]"
    if "boolean" in wanted and value.lower() in _TRUTHS:
        return f"write {_TRUTHS[value.lower()]}, without quotes"
    whole, broken = "integer" in wanted, "number" in wanted
    is_number = (whole or broken) and (_WHOLE if whole else _NUMBER).fullmatch(value)
    return f"write {value}, without quotes" if is_number else ""


def _not_allowed(error: Error, path: Path, source: Source) -> Finding:
    place = source.tree.find(path).place
    allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    message = f"{describe_place(path, source.data)} is {shown(error.instance)}, which is not one of the allowed values"
    hint = did_you_mean(str(error.instance), [str(value) for value in allowed])
    if "propertyNames" in error.absolute_schema_path:
        place = source.tree.key((*path, error.instance))
        message = f'"{error.instance}" is not allowed in {describe_place(path, source.data)}'
    return Finding("P104", place, message, hint)


def _no_operator(error: Error, path: Path, source: Source) -> Finding:
    known = [str(name) for name in error.validator_value[0]["enum"]]
    found, place = str(error.instance), source.tree.find(path).place
    if path[-1] == "decorator":
        return Finding("P104", place, f'decorator "{found}" does not exist', did_you_mean(found, known))
    by_class = {name.rpartition(".")[2]: name for name in known}
    near = difflib.get_close_matches(found.rpartition(".")[2], by_class, n=1, cutoff=0.7)
    own = sorted(name for name in known if "." not in name)
    hint = (
        f'did you mean "{by_class[near[0]]}"?'
        if near
        else f"allowed: {', '.join(own)}, or the full path of an operator of an installed provider"
    )
    return Finding("P104", place, f'operator "{found}" does not exist', hint)


def _ruled_out(error: Error, path: Path, source: Source) -> Finding:
    message = f"{describe_place(path, source.data)} is {shown(error.instance)}, which is not allowed"
    return Finding("P104", source.tree.find(path).place, message, _description(error))


def _alternatives(error: Error, path: Path, source: Source, contract: Contract) -> Iterator[Finding]:
    """Say what is wrong with the alternative that was meant: the only one whose type fits, else name all types."""
    by_option: dict[int, list[Error]] = {}
    for inner in error.context:
        by_option.setdefault(inner.schema_path[0], []).append(inner)
    meant = [inner for inner in by_option.values() if not any(_is_about_the_type(e) for e in inner)]
    if len(by_option) > 1:
        # a text that is no expression was not meant as one
        meant = [inner for inner in meant if not any(e.schema.get("title") == "expression" for e in inner)]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _iter_described(inner, (*path, *inner.path), source, contract)
        return
    options = error.validator_value
    names = " or ".join(dict.fromkeys(name for option in options for name in _type_names(option, contract)))
    place = first_line(source.tree.find(path).place)
    message = f"{describe_place(path, source.data)} is {shown(error.instance)}; it takes {names}"
    yield Finding("P103", place, message, _description(error))


def _is_about_the_type(error: Error) -> bool:
    return error.validator == "type" and not error.path


def _type_names(option: Any, contract: Contract) -> list[str]:
    if option.get("$ref") in _REFERRED_NAMES:
        return [_REFERRED_NAMES[option["$ref"]]]
    if "$ref" in option:
        return _type_names(contract.resolve(option["$ref"]), contract)
    types = option.get("type", [])
    return [_TYPE_NAMES[name] for name in (types if isinstance(types, list) else [types])]


def _bad_format(error: Error, path: Path, source: Source) -> Finding:
    place = source.tree.find(path).place
    message = f"{describe_place(path, source.data)} is {shown(error.instance)}, which has not the form it needs"
    if "propertyNames" in error.absolute_schema_path:
        place = source.tree.key((*path, error.instance))
        if path and path[-1] not in ("tasks", "task_groups"):
            message = f'"{error.instance}" is no name that can stand in {describe_place(path, source.data)}'
            return Finding("P105", place, message, str(error.schema.get("patternErrorMessage", "")).rstrip("."))
        message = f'"{error.instance}" is no name for {"a pipeline" if not path else "a task or group"}'
        return Finding("P108", place, message, _description(error))
    return Finding("P105", place, message, _short_form(error) or _description(error))


def _short_form(error: Error) -> str:
    """Write a length of time in words as the schema takes it."""
    from schemas.migrate.values import duration_of

    is_duration = error.schema.get("format") == "duration-within-reach"
    duration = duration_of(error.instance) if is_duration else None
    return f"write {duration}" if duration else ""


def _bad_named_format(error: Error, path: Path, source: Source) -> Finding:
    name = str(error.validator_value)
    code = FORMATS[name][0]
    words = {
        "schedule": "a cron expression, a preset or a length of time",
        "cron": "a cron expression or a preset",
        "reference": f"a moment, {' or '.join(REFERENCES)}",
        "timezone": "a time zone",
        "moment": "a date",
        "duration-within-reach": "a duration of at most 1000 years",
        "regex": "a regular expression",
    }
    message = f"{describe_place(path, source.data)} is {shown(error.instance)}, which is not {words[name]}"
    hint = _description(error)
    if name in ("schedule", "cron") and str(error.instance).startswith("@"):
        without = WITHOUT_CRON if name == "cron" else ()
        hint = did_you_mean(str(error.instance), [preset for preset in PRESETS if preset not in without])
    if name == "timezone":
        hint = _nearest_zone(str(error.instance)) or hint
    return Finding(code, source.tree.find(path).place, message, hint)


def _nearest_zone(name: str) -> str:
    from zoneinfo import available_timezones

    # nobody writes longer ones, and to compare takes long
    near = difflib.get_close_matches(name, sorted(available_timezones()), n=1) if len(name) <= _LONGEST_ZONE else []
    return f'did you mean "{near[0]}"?' if near else ""


def _missing_keys(error: Error, path: Path, source: Source, contract: Contract) -> Iterator[Finding]:
    """Yield every key that is missing, but none that stands there misspelt: that is said of the unknown key."""
    properties = _task_properties(error.instance, path, contract) or error.schema.get("properties", {})
    strangers = [key for key in error.instance if key not in properties and key not in _SELECTORS]
    for missing in error.validator_value:
        misspelt = missing != "operator" and difflib.get_close_matches(missing, strangers, n=1, cutoff=0.75)
        if missing in error.instance or misspelt:
            continue
        yield missing_key(missing, properties, path, source)


def _task_properties(task: Any, path: Path, contract: Contract) -> Mapping[str, Any]:
    """Give what the schema says of the keys of a task, wherever in the schema that stands; nothing for all else."""
    if not _is_task(path):
        return {}
    definitions = contract.document["$defs"]
    every = {**definitions["task_shape"]["properties"], **definitions["decorated"]["properties"]}
    return {**every, **contract.kind_of(task).properties}


def _is_task(path: Path) -> bool:
    return len(path) == len(("pipeline", "tasks", "task")) and path[1] == "tasks"


def _unknown_keys(error: Error, path: Path, source: Source, contract: Contract) -> Iterator[Finding]:
    applying = list(_iter_applying(error.schema, error.instance, contract))
    if any(part.get("additionalProperties") is True for part in applying):
        return
    allowed = {key for part in applying for key in part.get("properties", {})}
    parts = error.schema.get("allOf", ())
    # what else may stand there depends on a name that is missing or wrong, which is said of that
    undecided = parts and all("if" in part for part in parts) and not any(part["then"] in applying for part in parts)
    undecided = undecided or (_is_task(path) and contract.kind_of(error.instance).is_open)
    for key in error.instance:
        if key not in allowed and not (undecided and not nearest(key, sorted(allowed))):
            message = f'unknown key "{key}" in {describe_place(path, source.data)}'
            yield Finding("P101", source.tree.key((*path, key)), message, did_you_mean(key, sorted(allowed)))


def _iter_applying(schema: Any, instance: Any, contract: Contract) -> Iterator[dict[str, Any]]:
    """Yield a schema and those it applies to the same instance, through references, allOf and if/then/else."""
    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from _iter_applying(contract.resolve(schema["$ref"]), instance, contract)
    for part in schema.get("allOf", ()):
        yield from _iter_applying(part, instance, contract)
    if "if" in schema:
        branch = "then" if contract.validator.evolve(schema=schema["if"]).is_valid(instance) else "else"
        yield from _iter_applying(schema.get(branch), instance, contract)


_DESCRIBE = {
    "type": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "anyOf": _no_operator,
    "not": _ruled_out,
    "pattern": _bad_format,
    "format": _bad_named_format,
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
