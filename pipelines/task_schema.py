"""Derives JSON Schema of tasks that call functions, and of operators as they are where tasks are mapped."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.operator_schema import Schema, operator_schema, summary

DECORATOR_PACKAGES = ("airflow.sdk", "airflow.decorators", "airflow.sdk.definitions.decorators")
"""Where dag-factory's files have the decorators from; here their names are enough."""
_EXPRESSION = {"$ref": "#/$defs/expression"}
_UNMAPPED = {"$ref": "#/$defs/unmapped"}
_NOT_GIVEN = frozenset(
    {"bash_command", "kwargs_to_upstream", "op_args", "op_kwargs", "python_callable", "queries", "sql"}
)
"""Parameters of the operators behind decorators that the function, its arguments or its result stand for."""
_NOT_FOR_FUNCTIONS = "stub"
"""The decorator of tasks that are written in another language."""


def unless_mapped(schema: Mapping[str, Any]) -> Schema:
    """Ask for the required keys only where a task is not mapped: what it is mapped over may give them.

    :param schema: of an operator or a function
    """
    required = schema.get("required")
    others = {key: value for key, value in schema.items() if key != "required"}
    return {**others, "if": _UNMAPPED, "then": {"required": required}} if required else dict(others)


def decorator_schemas(providers: Mapping[str, Mapping[str, Any]]) -> dict[str, Schema]:
    """Describe what the decorators of providers take beside the function.

    :param providers: provider package -> provider info
    :returns: name, e.g. ``task.branch`` -> schema
    """
    from airflow.sdk import BaseOperator

    schemas: dict[str, Schema] = {}
    for _, info in sorted(providers.items()):
        for part in info.get("task-decorators", ()):
            if part["name"] != _NOT_FOR_FUNCTIONS:
                name, decorator = _name(part["name"]), _import(part["class-name"])
                schema = operator_schema(_operator_of(decorator), BaseOperator)
                described = {"title": name, "description": summary(decorator)}
                schemas[name] = _without_function({**schema, **described})
    return dict(sorted(schemas.items()))


def _name(name: str) -> str:
    return "task" if name == "python" else f"task.{name}"


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _operator_of(decorator: Any) -> type:
    """Give the operator that a decorator makes."""

    def function() -> None:
        """Stand in for any function."""

    operator: type = decorator()(function).operator_class
    return operator


def _without_function(schema: Schema) -> Schema:
    properties = {key: value for key, value in schema["properties"].items() if key not in _NOT_GIVEN}
    required = [key for key in schema["required"] if key in properties]
    return {"type": "object", **schema, "properties": properties, "required": required}


def decorator_pattern(names: Iterable[str]) -> str:
    """Give the pattern of the decorators' names as dag-factory has them, with the package before it.

    :param names: e.g. ``task``, ``task.branch``
    """
    packages = "|".join(re.escape(package) for package in DECORATOR_PACKAGES)
    return rf"^({packages})\.({'|'.join(re.escape(name) for name in names)})$"


def argument_schemas(functions: Mapping[str, Schema], own: Iterable[str]) -> dict[str, Schema]:
    """Describe the arguments of functions as keys of a task, where each may be a template or another task's result.

    :param functions: import path -> schema of the function
    :param own: the keys that every task has; a function with an argument of such a name is none for tasks
    :returns: import path -> schema
    """
    taken = frozenset(own)
    arguments = {path: _arguments(schema) for path, schema in functions.items() if not schema.get("x-context")}
    return {path: schema for path, schema in arguments.items() if not taken.intersection(schema["properties"])}


def _arguments(schema: Schema) -> Schema:
    context = _context_keys()
    names = [name for name in schema["properties"] if name not in context]
    arguments: Schema = {
        "title": schema["title"],
        "description": schema["description"],
        "type": "object",
        "properties": {name: _argument(schema["properties"][name]) for name in names},
        "required": [name for name in schema["required"] if name in names],
    }
    return {**arguments, "additionalProperties": True} if schema.get("additionalProperties") else arguments


def _argument(schema: Schema) -> Schema:
    argument: Schema = {"anyOf": [_with_expressions(schema), _EXPRESSION]}
    return {**argument, "description": schema["description"]} if "description" in schema else argument


def _with_expressions(schema: Schema) -> Schema:
    """Let each value inside of a list or mapping be an expression, too."""
    changed = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            changed[key] = {"anyOf": [_with_expressions(schema[key]), _EXPRESSION]}
    if "anyOf" in schema:
        changed["anyOf"] = [_with_expressions(part) for part in schema["anyOf"]]
    return changed


def _context_keys() -> frozenset[str]:
    """Name the arguments that Airflow gives to every function that has them."""
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

    return frozenset(KNOWN_CONTEXT_KEYS)
