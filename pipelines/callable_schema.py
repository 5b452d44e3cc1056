"""Derives JSON Schema of what a pipeline file may name beside operators: functions, notifiers, event triggers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipelines.operator_schema import Schema, iter_installed_classes, operator_schema, parameter_schema, summary

FUNCTION_PACKAGES = ("operators.functions",)
"""Packages and modules whose public functions a pipeline file may name, unless more are asked for."""
_CONTEXT = "context"


def function_schemas(packages: Iterable[str]) -> dict[str, Schema]:
    """Describe the public functions of packages and modules.

    :param packages: their names; every module below counts
    :returns: import path -> schema of the arguments, with ``x-context`` where the first is Airflow's context
    :raises ImportError: if one cannot be imported
    """
    return {
        f"{module.__name__}.{name}": _function_schema(function)
        for package in packages
        for module in _modules(package)
        for name, function in sorted(vars(module).items())
        if is_offered(function, name, module.__name__)
    }


def is_offered(value: Any, name: str, module: str) -> bool:
    """Tell whether an attribute of a module is a function that was written there for others."""
    return inspect.isfunction(value) and value.__module__ == module and not name.startswith("_")


def _modules(package: str) -> Iterator[Any]:
    module = importlib.import_module(package)
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{package}."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def _function_schema(function: Any) -> Schema:
    parameters = list(inspect.signature(function).parameters.values())
    takes_context = bool(parameters) and parameters[0].name == _CONTEXT and parameters[0].kind is not _KEYWORDS
    if takes_context:
        del parameters[0]
    named = [parameter for parameter in parameters if parameter.kind in _NAMED]
    schema: Schema = {
        "title": function.__name__,
        "description": summary(function),
        "type": "object",
        "properties": {parameter.name: parameter_schema(parameter, function) for parameter in named},
        "required": [parameter.name for parameter in named if parameter.default is inspect.Parameter.empty],
    }
    if takes_context:
        schema["x-context"] = True
    if any(parameter.kind is _KEYWORDS for parameter in parameters):
        schema["additionalProperties"] = True
    return schema


_KEYWORDS = inspect.Parameter.VAR_KEYWORD
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def notifier_schemas(providers: Mapping[str, Mapping[str, Any]]) -> dict[str, Schema]:
    """Describe the notifiers of providers, also under the other names that they have.

    :param providers: provider package -> provider info
    :returns: import path -> schema of the parameters
    """
    from airflow.sdk import BaseNotifier

    named = {path: _attribute(path) for _, info in sorted(providers.items()) for path in info.get("notifications", ())}
    modules = dict.fromkeys(cls.__module__ for cls in named.values())
    return _class_schemas({**named, **dict(iter_installed_classes(modules, BaseNotifier))}, BaseNotifier, "notifiers")


def trigger_schemas(providers: Mapping[str, Mapping[str, Any]]) -> dict[str, Schema]:
    """Describe the triggers of providers that can watch an asset.

    :param providers: provider package -> provider info
    :returns: import path -> schema of the parameters
    """
    from airflow.triggers.base import BaseEventTrigger

    parts = [part for _, info in sorted(providers.items()) for part in info.get("triggers", ())]
    modules = dict.fromkeys(module for part in parts for module in part["python-modules"])
    return _class_schemas(dict(iter_installed_classes(modules, BaseEventTrigger)), BaseEventTrigger, "triggers")


def _attribute(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _class_schemas(classes: Mapping[str, type], base: type, home: str) -> dict[str, Schema]:
    schemas: dict[str, Schema] = {}
    for path, cls in sorted(classes.items()):
        own = f"{cls.__module__}.{cls.__qualname__}"
        is_own_name = path == own or own not in classes
        schemas[path] = (
            {"type": "object", **operator_schema(cls, base)} if is_own_name else {"$ref": f"#/$defs/{home}/{own}"}
        )
    return schemas
