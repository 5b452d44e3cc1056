"""The texts that stand for what is only known in a run: the result of a task, or a parameter of a mapped group."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

# a text that begins like a number is one, e.g. of a telephone
_ID = r"(?:[A-Za-z_]|\d+_)[A-Za-z0-9_-]*"
_EXPRESSION = re.compile(
    rf"\+(?P<name>{_ID})(?:\.(?P<parameter>[A-Za-z_]\w*)|\[(?P<quote>['\"])(?P<key>[^'\"]+)(?P=quote)\])?"
)
_OUTPUT = re.compile(rf"(?P<name>{_ID})\.output")
EXPRESSION_SIGNS = re.compile(r"\+[A-Za-z0-9_]|[A-Za-z0-9_-]\.output\b")
"""Found in every file that has expressions; in long words it is looked for in no time, unlike what it stands for."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a task: ``+task_id``, or one part of it, ``+task_id['key']``."""

    task: str
    path: Path
    """Where it stands."""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class GroupParameter:
    """What a mapped group gives to its tasks: ``+group.parameter``."""

    group: str
    parameter: str
    path: Path
    """Where it stands."""


Expression = Result | GroupParameter


def read_expression(text: str, path: Path, *, is_mapped: bool = False) -> Expression | None:
    """Read a text that is wholly an expression; None for any other.

    :param text: a value
    :param path: where it stands
    :param is_mapped: whether it is what a task is mapped over, where ``task_id.output`` says the same as ``+task_id``
    """
    found = _EXPRESSION.fullmatch(text) if text.startswith("+") else None
    if found is not None and found["parameter"]:
        return GroupParameter(found["name"], found["parameter"], path)
    if found is not None:
        return Result(found["name"], path, found["key"])
    output = _OUTPUT.fullmatch(text) if is_mapped else None
    return Result(output["name"], path) if output else None


def iter_expressions(value: Any, path: Path) -> Iterator[Expression]:
    """Yield the expressions anywhere in a value.

    :param value: of a parameter
    :param path: where it stands
    """
    work = [(value, path)]
    while work:
        current, at = work.pop()
        if isinstance(current, str):
            found = read_expression(current, at)
            if found is not None:
                yield found
        elif isinstance(current, list):
            work.extend((item, (*at, index)) for index, item in enumerate(current))
        elif isinstance(current, dict):
            work.extend((item, (*at, key)) for key, item in current.items())
