"""How places and values of a file are named in messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas.diagnostic import Finding, Place
from schemas.outline import Path
from schemas.source import Source

_NOT_PIPELINES = {"default": "the defaults", "(template)": "the template"}
"""What else than a DAG id can come first in a path -> what it is called."""


def describe_place(path: Path, data: Any) -> str:
    """Name a place for people: ``pipeline "x"``, ``task "a"``, ``"columns.age"``."""
    match path:
        case ():
            return "the file"
        case (str(dag_id),):
            return _NOT_PIPELINES.get(dag_id, f'pipeline "{dag_id}"')
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


def shown(value: Any) -> str:
    """Quote a value, cut short if it is long."""
    limit = 60
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def first_line(place: Place) -> Place:
    """Underline only the start of what goes over several lines."""
    if place.end_line == place.line:
        return place
    return replace(place, end_line=place.line, end_column=place.column + 1)


def missing_key(missing: str, properties: Mapping[str, Any], path: Path, source: Source) -> Finding:
    """Say that a mapping lacks a key.

    :param missing: the key
    :param properties: what the schema says of the keys
    :param path: of the mapping
    :param source: the file
    """
    place = source.tree.key(path) if path else source.tree.place
    described = properties.get(missing, {}).get("description", "").rstrip(".")
    message = f'{describe_place(path, source.data)} lacks the key "{missing}"'
    return Finding("P102", first_line(place), message, f"{missing}: {described}" if described else "")
