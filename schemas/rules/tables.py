"""The columns of what each task publishes, as far as the YAML and the bundled samples tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from schemas.outline import Node, Outline
from schemas.rules.hints import Hints
from schemas.rules.lineage import Lineage, operator_of

NO_NUMBERS = ("category", "text", "boolean", "datetime")
"""Types of columns that hold no numbers."""
_QUANTITY = "quantity"
"""The type of a target that is surely no class."""
_SAMPLE = "sample://"


@cache
def samples() -> Mapping[str, Mapping[str, Any]]:
    """Name after ``sample://`` -> ``columns`` and ``classes``."""
    text = Path(__file__).with_name("samples.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return found


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column."""

    type: str | None = None
    """As ValidateData declares it; of samples, as it is."""
    classes: tuple[str, ...] | None = None
    """Every value it can hold."""
    has_all_classes: bool = False
    """Whether it surely holds each of them."""


Columns = Mapping[str, Column]


class Tables:
    """The columns of what each task publishes, worked out where they are asked for."""

    def __init__(self, outline: Outline) -> None:
        self.lineage = Lineage(outline)
        self.hints = Hints()
        self._known: dict[str, Columns | None] = {}

    def before(self, task: Node) -> Columns | None:
        """Give the columns of the table that a task takes by ``data``; None if they are not known."""
        return self.of(self.lineage.source(task, "data"))

    def of(self, task: Node | None) -> Columns | None:
        """Give the columns of the table that a task publishes; None if they are not known."""
        chain: list[Node] = []
        while task is not None and task.id not in self._known:
            self._known[task.id] = None  # where the references go round in a circle, nothing is known
            chain.append(task)
            task = self.lineage.source(task, "data") if operator_of(task) != "DownloadData" else None
        found = self._known[task.id] if task is not None else None
        for made in reversed(chain):
            publish = _PUBLISHED.get(operator_of(made))
            found = publish(made.config or {}, found) if publish is not None else None
            self._known[made.id] = found
        return found

    def target(self, preprocessing: Node | None) -> Column:
        """Give the column that a PreprocessData task names as the target."""
        target = (preprocessing.config or {}).get("target") if preprocessing is not None else None
        columns = self.of(preprocessing)
        return (columns or {}).get(target, Column()) if isinstance(target, str) else Column()

    def task(self, preprocessing: Node | None) -> str | None:
        """Give what a PreprocessData task prepares for, declared or by the target's type; None if it is not known."""
        declared = (preprocessing.config or {}).get("task") if preprocessing is not None else None
        if declared is not None:
            return declared if declared in ("classification", "regression") else None
        kind = self.target(preprocessing).type
        return "classification" if kind in NO_NUMBERS else "regression" if kind == _QUANTITY else None


def _downloaded(config: Mapping[str, Any], _: Columns | None) -> Columns | None:
    found = source_columns(config)
    chosen = config.get("columns")
    if not isinstance(chosen, list):
        return found
    return {name: (found or {}).get(name, Column()) for name in chosen if isinstance(name, str)}


def mapping(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Give a parameter that is a mapping; an empty one if it is none."""
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def source_columns(config: Mapping[str, Any]) -> Columns | None:
    """Give the columns of the source of a DownloadData task; None if they are not known."""
    source, names = config.get("source"), mapping(config, "csv").get("columns")
    if isinstance(source, str) and source.startswith(_SAMPLE):
        sample = samples().get(source.removeprefix(_SAMPLE))
        return None if sample is None else _sample_columns(sample)
    if not isinstance(names, list) or config.get("format", "csv") != "csv":
        return None
    return {name: Column() for name in names if isinstance(name, str)}


def _sample_columns(sample: Mapping[str, Any]) -> Columns:
    columns = {name: Column("number") for name in sample["columns"]}
    classes = sample["classes"]
    columns["target"] = (
        Column(_QUANTITY) if classes is None else Column("category", tuple(classes), has_all_classes=True)
    )
    return columns


def _validated(config: Mapping[str, Any], before: Columns | None) -> Columns | None:
    checks = mapping(config, "columns")
    if before is None:
        if config.get("on_extra_columns") != "fail" or not checks:
            return None
        before = dict.fromkeys(checks, Column())
    keeps_all = config.get("on_bad_rows") == "keep"
    return {name: _checked(column, checks.get(name), keeps_all) for name, column in before.items()}


def _checked(column: Column, spec: Any, keeps_all: bool) -> Column:
    if not isinstance(spec, dict):
        return column
    kind, allowed = spec.get("type"), spec.get("allowed")
    kind = kind if isinstance(kind, str) else column.type
    # a value that is not allowed but tolerated passes where bad rows are kept
    if not isinstance(allowed, list) or (keeps_all and "bad" in spec):
        return Column(kind, column.classes, column.has_all_classes)
    return Column(kind, tuple(str(value) for value in allowed))


def _preprocessed(_: Mapping[str, Any], before: Columns | None) -> Columns | None:
    # the rows keep the columns that are no features, so that a model can be judged by them
    return before


_PUBLISHED: Mapping[str, Callable[[Mapping[str, Any], Columns | None], Columns | None]] = {
    "DownloadData": _downloaded,
    "ValidateData": _validated,
    "PreprocessData": _preprocessed,
}
"""Operator -> what columns it publishes, from its parameters and the columns it takes."""
