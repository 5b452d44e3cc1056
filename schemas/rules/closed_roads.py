"""Rules on values that would have Airflow import or call what a YAML file names; those roads are closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.source import Tree

_CALLABLE_KEY = re.compile(
    r"python_callable(_name|_file)?|on_(execute|success|failure|retry|skipped)_callback(_name|_file)?"
    r"|(response|success|failure)_check(_name|_file|_lambda)?|execution_date_fn(_name|_file)?|variables_as_arguments"
)
_OBJECT_MARK = "__"
_OBJECT_KEYS = ("__type__", "__args__", "__join__", "__and__", "__or__")


def iter_closed_road_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield keys that name Python code to run, in tasks of operators that are not this project's."""
    for task in outline.tasks:
        for key in task.config or ():
            if _names_code(key):
                message = f'"{key}" in task "{task.id}" names code to import, which a pipeline file cannot'
                hint = "write an operator of your own under operators/ and name that"
                yield Finding("P401", tree.key((*task.path, key)), message, hint)
        if outline.text.contains(_OBJECT_MARK):
            yield from _objects(task.config, task.path, tree)


@lru_cache(maxsize=4096)
def _names_code(key: str) -> bool:
    return _CALLABLE_KEY.fullmatch(key) is not None


def _objects(value: Any, path: Path, tree: Tree) -> Iterator[Finding]:
    work = [(value, path)]
    while work:
        current, at = work.pop()
        if isinstance(current, list):
            work.extend((item, (*at, index)) for index, item in enumerate(current))
        elif isinstance(current, dict):
            work.extend((item, (*at, key)) for key, item in current.items())
            for key in _OBJECT_KEYS:
                if key in current:
                    message = f'"{key}" would build a Python object; values in a pipeline file are plain'
                    yield Finding(
                        "P402", tree.key((*at, key)), message, "write the value itself, e.g. 5m for a duration"
                    )
