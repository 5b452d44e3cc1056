"""Puts what is only known in a run in the place of the texts that stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.build.plain import copied
from schemas.expressions import Expression, Result


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a pipeline so far, by the names of the YAML."""

    nodes: dict[str, Any] = field(default_factory=dict)
    """Tasks and groups."""
    group_parameters: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Mapped group -> parameter -> what stands for its value."""

    def value_of(self, expression: Expression) -> Any:
        """Give what stands for a value that is only known in a run."""
        if isinstance(expression, Result):
            from airflow.sdk import XComArg

            task = self.nodes[expression.task]
            return XComArg(task) if expression.key is None else XComArg(task, expression.key)
        return self.group_parameters[expression.group][expression.parameter]


def resolved(config: Mapping[str, Any], expressions: Iterable[Expression], made: Made) -> dict[str, Any]:
    """Give a copy of a task or group in which the expressions are what they stand for.

    :param config: as in the YAML
    :param expressions: those in it; their paths start there
    :param made: what they can name
    """
    values = copied(dict(config))
    for expression in expressions:
        inner: Any = values
        *way, last = expression.path
        for part in way:
            inner = inner[part]
        inner[last] = made.value_of(expression)
    return values
