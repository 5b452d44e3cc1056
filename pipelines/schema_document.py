"""Puts the pipeline schema together: what every pipeline takes, this project's operators, and what is installed."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import schemas
from operators import OPERATORS
from pipelines.callable_schema import FUNCTION_PACKAGES, function_schemas, notifier_schemas, trigger_schemas
from pipelines.operator_schema import installed_providers, iter_installed_classes, operator_modules, operator_schema
from pipelines.retries import exception_paths
from pipelines.task_schema import argument_schemas, decorator_pattern, decorator_schemas, unless_mapped
from pipelines.typed_schema import own_operator_schema

Schema = dict[str, Any]

_FOLDER = Path(schemas.__file__).parent


def pipeline_schema(providers: Iterable[str] | None = None, packages: Iterable[str] = FUNCTION_PACKAGES) -> Schema:
    """Give the whole document.

    :param providers: names of provider packages; all that are installed if not given
    :param packages: packages and modules whose functions pipeline files may name
    :returns: a self-contained JSON Schema
    :raises ImportError: if one of the packages cannot be imported
    """
    document: Schema = json.loads((_FOLDER / "base.schema.json").read_text(encoding="utf-8"))
    chosen = {n: info for n, info in installed_providers().items() if providers is None or n in set(providers)}
    document["x-callable-packages"] = list(packages)
    _add_operators(document["$defs"], {**_own_operator_schemas(), **_installed_operator_schemas(chosen)})
    functions = function_schemas(packages)
    _add_callables(document["$defs"], functions, notifier_schemas(chosen))
    _add_taskflow(document["$defs"], decorator_schemas(chosen), functions)
    _add_triggers(document["$defs"], trigger_schemas(chosen))
    document["$defs"]["exception"]["enum"] = list(exception_paths())
    _describe_layers(document["$defs"])
    return document


def _add_operators(definitions: Schema, operators: Mapping[str, Schema]) -> None:
    definitions["operators"] = {name: _without_required(schema) for name, schema in operators.items()}
    required = {name: _required(name, schema) for name, schema in operators.items() if schema["required"]}
    definitions["required"] = required
    shape = definitions["task_shape"]
    known, other = shape["properties"]["operator"]["anyOf"]
    _offer(known, operators, operators)
    # an operator that is not known here may take anything; the checker says how to make it known
    is_other = {
        "properties": {"operator": {**other, "not": known}},
        "required": ["operator"],
        "not": {"required": ["decorator"]},
    }
    unknown = {"if": is_other, "then": {"additionalProperties": True}}
    # what a task is mapped over may give what it needs
    unmapped = {"if": {"$ref": "#/$defs/unmapped"}, "then": {"allOf": _branches("operator", required, "required")}}
    shape["allOf"] = [*_branches("operator", operators, "operators"), unmapped, unknown]


def _without_required(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "required"}


def _required(name: str, schema: Schema) -> Schema:
    """Give the keys that an operator needs, with their properties, of which editors make a skeleton."""
    properties = {key: {"$ref": f"#/$defs/operators/{name}/properties/{key}"} for key in schema["required"]}
    return {"title": schema["title"], "properties": properties, "required": schema["required"]}


def _add_callables(definitions: Schema, functions: Mapping[str, Schema], notifiers: Mapping[str, Schema]) -> None:
    definitions["functions"] = functions
    definitions["notifiers"] = notifiers
    called = {path: schema for path, schema in functions.items() if schema.get("x-context")}
    named = {path: _followed(schema, notifiers) for path, schema in notifiers.items()}
    everything = {**called, **named}
    _offer(definitions["function_path"], [path for path in functions if path not in called], functions)
    _offer(definitions["callback_path"], everything, everything)
    # a path alone is enough only where nothing has to be given beside it
    _offer(definitions["bare_callback"], [p for p, schema in everything.items() if not schema["required"]], everything)
    _offer(definitions["notifier_path"], named, named)
    _offer(definitions["bare_notifier"], [path for path, schema in named.items() if not schema["required"]], named)
    definitions["notifier_call"]["allOf"] = _branches("callback", notifiers, "notifiers")
    call = definitions["callback_call"]
    call["allOf"] = [*_branches("callback", called, "functions"), *_branches("callback", notifiers, "notifiers")]


def _add_taskflow(definitions: Schema, decorators: Mapping[str, Schema], functions: Mapping[str, Schema]) -> None:
    shape, decorated = definitions["task_shape"], definitions["decorated"]
    arguments = argument_schemas(functions, shape["properties"])
    definitions["decorators"] = {name: unless_mapped(schema) for name, schema in decorators.items()}
    definitions["arguments"] = {path: unless_mapped(schema) for path, schema in arguments.items()}
    _offer(definitions["task_function_path"], arguments, functions)
    known, other = shape["properties"]["decorator"]["anyOf"]
    _offer(known, decorators, decorators)
    other["pattern"] = decorator_pattern(decorators)
    decorated["allOf"] = [
        *_branches("decorator", decorators, "decorators"),
        *(_long_branch(name) for name in decorators),
        *_branches("python_callable", arguments, "arguments"),
    ]


def _long_branch(decorator: str) -> Schema:
    """Give what a decorator takes where it is named as dag-factory names it."""
    condition = {"properties": {"decorator": {"pattern": decorator_pattern([decorator])}}, "required": ["decorator"]}
    return {"if": condition, "then": {"$ref": f"#/$defs/decorators/{decorator}"}}


def _add_triggers(definitions: Schema, triggers: Mapping[str, Schema]) -> None:
    definitions["triggers"] = triggers
    trigger = definitions["event_trigger"]
    _offer(trigger["properties"]["trigger"], triggers, triggers)
    trigger["allOf"] = _branches("trigger", triggers, "triggers")


def _offer(definition: Schema, names: Iterable[str], schemas_: Mapping[str, Schema]) -> None:
    definition["enum"] = list(names)
    definition["enumDescriptions"] = [_first_sentence(schemas_[name]["description"]) for name in definition["enum"]]


_ENTRIES = ("tasks", "task_groups")


def _describe_layers(definitions: Schema) -> None:
    """Give defaults, environments and templates the arguments that pipelines and tasks have."""
    arguments = _references("dag", definitions["dag"]["properties"])
    of_tasks = _references("task_shape", definitions["task_shape"]["properties"])
    for name in ("default", "overlay", "instance"):
        own = definitions[name]["properties"]
        inherited = {key: ref for key, ref in arguments.items() if key != "task_groups" or name != "default"}
        definitions[name]["properties"] = {**inherited, **own}
    definitions["partial_task"]["properties"] = of_tasks
    definitions["template_task"]["properties"] = {
        **_or_placeholder(of_tasks, definitions),
        "operator": of_tasks["operator"],
    }
    plain = {key: ref for key, ref in arguments.items() if key not in (*_ENTRIES, "default_args")}
    default_args = _references("default_args", definitions["default_args"]["properties"])
    definitions["template_pipeline"]["properties"] |= {
        **_or_placeholder(plain, definitions),
        "default_args": {
            "description": definitions["default_args"]["description"],
            "type": "object",
            "properties": _or_placeholder(default_args, definitions),
            "additionalProperties": False,
        },
    }


def _references(name: str, properties: Iterable[str]) -> Schema:
    return {key: {"$ref": f"#/$defs/{name}/properties/{key}"} for key in properties}


def _or_placeholder(properties: Mapping[str, Schema], definitions: Schema) -> Schema:
    """Let values be texts with placeholders, too: an editor does not know what will be put in."""
    placeholder = {"$ref": "#/$defs/placeholder"}
    return {
        key: {"description": _description(schema, definitions), "anyOf": [schema, placeholder]}
        for key, schema in properties.items()
    }


def _description(schema: Schema, definitions: Schema) -> str:
    """Give the description of a schema, or of what it refers to."""
    while "description" not in schema:
        target: Any = {"$defs": definitions}
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return str(schema["description"])


def _first_sentence(text: str) -> str:
    return text.split(". ", maxsplit=1)[0].rstrip(".")


def _followed(schema: Schema, notifiers: Mapping[str, Schema]) -> Schema:
    """Give the notifier that another name stands for."""
    return notifiers[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _branches(key: str, names: Iterable[str], home: str) -> list[Schema]:
    return [_branch(key, name, home) for name in names]


def _branch(key: str, name: str, home: str) -> Schema:
    condition = {"properties": {key: {"const": name}}, "required": [key]}
    return {"if": condition, "then": {"$ref": f"#/$defs/{home}/{name}"}}


def _own_operator_schemas() -> dict[str, Schema]:
    from airflow.sdk import BaseOperator

    found = {}
    for name, path in OPERATORS.items():
        module, _, attribute = path.rpartition(".")
        cls = getattr(importlib.import_module(module), attribute)
        found[name] = own_operator_schema(name, cls, BaseOperator)
    return found


def _installed_operator_schemas(providers: Mapping[str, Mapping[str, Any]]) -> dict[str, Schema]:
    from airflow.sdk import BaseOperator

    classes = iter_installed_classes(dict.fromkeys(operator_modules(providers)), BaseOperator)
    found = {path: {"type": "object", **copy.deepcopy(operator_schema(cls, BaseOperator))} for path, cls in classes}
    return dict(sorted(found.items()))


def write_schema(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document so that a change of one property is a change of one line."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
