"""Derives JSON Schema from the types of this project's own operators, which are written for it."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from operators.parameters import Shape
from pipelines.operator_schema import Schema, own_parameters, parameter_descriptions, summary

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array"}


def own_operator_schema(name: str, cls: type, base: type) -> Schema:
    """Describe one of this project's operators.

    :param name: its short name in the YAML
    :param cls: the class
    :param base: the class at which the walk up the MRO stops
    :raises TypeError: if a parameter has a type that has no JSON Schema
    """
    hints = get_type_hints(inspect.unwrap(cls.__init__), include_extras=True)  # type: ignore[misc]
    described = parameter_descriptions(cls)
    properties: dict[str, Schema] = {}
    required = []
    for _, parameter in own_parameters(cls, base):
        schema = type_schema(hints[parameter.name])
        schema["description"] = described[parameter.name]
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
        elif isinstance(parameter.default, str | int | float):
            schema["default"] = parameter.default
        properties[parameter.name] = schema
    return {
        "title": name,
        "description": summary(cls),
        "type": "object",
        "properties": properties,
        "required": required,
    }


def type_schema(hint: Any) -> Schema:
    """Turn a type into a JSON Schema.

    :raises TypeError: if it has none
    """
    if hint is Any:
        return {}
    if is_typeddict(hint):
        return _typed_dict_schema(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    return _generic_schema(hint, get_origin(hint), get_args(hint))


def _generic_schema(hint: Any, origin: Any, arguments: tuple[Any, ...]) -> Schema:
    if origin is Annotated:
        return _annotated_schema(arguments)
    if origin in (Required, NotRequired):
        return type_schema(arguments[0])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return _union_schema([argument for argument in arguments if not _is_only_a_default(argument)])
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return _mapping_schema(*arguments)
    if inspect.isclass(origin) and issubclass(origin, Sequence):
        return {"type": "array", "items": type_schema(arguments[0])}
    raise TypeError(f"{hint} has no JSON Schema")


def _is_only_a_default(hint: Any) -> bool:
    """Tell None and the empty tuple, which stand for a key that is left out; YAML has no tuples."""
    return hint is type(None) or get_origin(hint) is tuple


def _annotated_schema(arguments: tuple[Any, ...]) -> Schema:
    schema = type_schema(arguments[0])
    for note in arguments[1:]:
        if isinstance(note, Shape):
            schema |= note.keywords
        elif isinstance(note, str):
            schema["description"] = note
    return schema


def _union_schema(options: list[Any]) -> Schema:
    """Join types."""
    schemas = [type_schema(option) for option in options]
    if len(schemas) == 1:
        return schemas[0]
    if all(set(schema) == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _mapping_schema(key: Any, value: Any) -> Schema:
    names = type_schema(key)
    schema: Schema = {"type": "object", "additionalProperties": type_schema(value) or True}
    return schema if names == {"type": "string"} else {**schema, "propertyNames": names}


def _typed_dict_schema(hint: Any) -> Schema:
    fields = get_type_hints(hint, include_extras=True)
    schema: Schema = {
        "description": summary(hint),
        "type": "object",
        "properties": {name: type_schema(field) for name, field in fields.items()},
        "additionalProperties": False,
        "minProperties": 1,
    }
    required = sorted(hint.__required_keys__)
    return {**schema, "required": required} if required else schema
