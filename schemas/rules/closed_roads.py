"""Rules on values that would have Airflow import or call what a YAML file names; those roads are closed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Node, Outline, Path
from schemas.rules.lineage import operator_of
from schemas.source import Tree

_CODE_KEY = re.compile(
    r"(python_callable|on_(execute|success|failure|retry|skipped)_callback|execution_date_fn)_(name|file)"
    r"|(response|success|failure)_check(_name|_file|_lambda)?|variables_as_arguments"
)
"""What dag-factory has code by; nothing here does."""
_FUNCTION_KEY = re.compile(r"python_callable|response_check|execution_date_fn")
"""What takes a function, of operators that the schema knows."""
_OBJECT_MARK = "__"
OBJECT_KEYS = ("__type__", "__args__", "__join__", "__and__", "__or__")
"""Keys by which dag-factory builds Python objects."""


def iter_closed_road_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield keys that name Python code to run where no function is taken from the closed list."""
    for task in outline.tasks:
        for key in task.config or ():
            if _names_code(key) and not _is_function(task, key, outline):
                message = f'"{key}" in task "{task.id}" names code to import, which a pipeline file cannot'
                hint = "write an operator of your own under operators/ and name that"
                yield Finding("P401", tree.key((*task.path, key)), message, hint)
    if outline.text.contains(_OBJECT_MARK):
        yield from _objects(outline.config, (outline.dag_id,), tree)


@lru_cache(maxsize=4096)
def _names_code(key: str) -> bool:
    return (_CODE_KEY.fullmatch(key) or _FUNCTION_KEY.fullmatch(key)) is not None


def _is_function(task: Node, key: str, outline: Outline) -> bool:
    """Tell whether the shape says what a key takes: a function of the list, for an operator that has it."""
    operator, operators = operator_of(task), outline.operators
    return not operator or (operators is not None and key in operators.function_keys(operator))


def _objects(value: Any, path: Path, tree: Tree) -> Iterator[Finding]:
    work = [(value, path)]
    while work:
        current, at = work.pop()
        if isinstance(current, list):
            work.extend((item, (*at, index)) for index, item in enumerate(current))
        elif isinstance(current, dict):
            work.extend((item, (*at, key)) for key, item in current.items())
            for key in OBJECT_KEYS:
                if key in current:
                    message = f'"{key}" would build a Python object; values in a pipeline file are plain'
                    yield Finding(
                        "P402", tree.key((*at, key)), message, "write the value itself, e.g. 5m for a duration"
                    )
