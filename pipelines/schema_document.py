"""Puts the pipeline schema together: what every pipeline takes, this project's operators, and the installed ones."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import schemas
from operators import OPERATORS
from pipelines.typed_schema import own_operator_schema

Schema = dict[str, Any]

_FOLDER = Path(schemas.__file__).parent


def pipeline_schema(installed: Mapping[str, Schema]) -> Schema:
    """Give the whole document.

    :param installed: full path of an operator -> its schema, as :func:`installed_operator_schemas` gives it
    :returns: a self-contained JSON Schema
    """
    document: Schema = json.loads((_FOLDER / "base.schema.json").read_text(encoding="utf-8"))
    operators = {**_own_operator_schemas(), **dict(sorted(installed.items()))}
    definitions = document["$defs"]
    definitions["operators"] = operators
    shape = definitions["task_shape"]
    known, other = shape["properties"]["operator"]["anyOf"]
    known["enum"] = list(operators)
    known["enumDescriptions"] = [_first_sentence(schema["description"]) for schema in operators.values()]
    # an operator that is not known here may take anything; the checker says how to make it known
    unknown = {"if": {"properties": {"operator": {**other, "not": known}}}, "then": {"additionalProperties": True}}
    shape["allOf"] = [*(_branch(name) for name in operators), unknown]
    _describe_layers(definitions)
    return document


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


def _branch(name: str) -> Schema:
    condition = {"properties": {"operator": {"const": name}}, "required": ["operator"]}
    return {"if": condition, "then": {"$ref": f"#/$defs/operators/{name}"}}


def _own_operator_schemas() -> dict[str, Schema]:
    from airflow.sdk import BaseOperator

    found = {}
    for name, path in OPERATORS.items():
        module, _, attribute = path.rpartition(".")
        cls = getattr(importlib.import_module(module), attribute)
        found[name] = own_operator_schema(name, cls, BaseOperator)
    return found


def installed_operator_schemas(providers: Iterable[str] | None = None) -> dict[str, Schema]:
    """Describe every operator and sensor of the installed providers.

    :param providers: package names; all that are installed if not given
    """
    from airflow.sdk import BaseOperator

    from pipelines.operator_schema import installed_providers, iter_installed_classes, operator_schema

    found = installed_providers()
    chosen = {name: info for name, info in found.items() if providers is None or name in set(providers)}
    classes = [(path, cls) for path, cls in iter_installed_classes(chosen) if issubclass(cls, BaseOperator)]
    return {path: {"type": "object", **copy.deepcopy(operator_schema(cls, BaseOperator))} for path, cls in classes}


def write_schema(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document so that a change of one property is a change of one line."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
