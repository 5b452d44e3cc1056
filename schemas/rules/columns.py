"""Rules on columns: a name that no earlier task declares or makes, where it is known which there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Node, Outline, Path
from schemas.rules.hints import Hints
from schemas.rules.lineage import operator_of
from schemas.rules.tables import NO_NUMBERS, Columns, Tables, mapping, source_columns
from schemas.source import Tree

_MOST_LISTED = 30
_NAMES_IN = {"ratio": 2, "difference": 2, "product": None, "sum": None, "mean": None, "power": 1}
"""Kinds of features made from a list -> how many of its items are columns; all if None."""


def iter_column_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield names of columns that do not exist, or that cannot be used as they are."""
    concerned = [task for task in outline.tasks if operator_of(task) in _FINDERS]
    if not concerned:
        return
    tables = Tables(outline)
    for task in concerned:
        yield from _FINDERS[operator_of(task)](task, tables, tree)


def _names(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names in a parameter that takes one column or a list of them; templates are none."""
    if isinstance(value, str) and "{{" not in value:
        yield value, path
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str) and "{{" not in item:
                yield item, (*path, index)


def _unknown(names: Iterable[tuple[str, Path]], columns: Columns, hints: Hints, tree: Tree) -> Iterator[Finding]:
    for name, path in names:
        if name not in columns:
            message = f'there is no column "{name}"'
            yield Finding("P420", tree.find(path).place, message, _columns_hint(name, columns, hints))


def _columns_hint(name: str, columns: Collection[str], hints: Hints) -> str:
    near = hints.nearest(name, columns)
    if near or len(columns) > _MOST_LISTED:
        return near
    return f"there are {', '.join(sorted(columns))}"


def _in_download(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    config = task.config or {}
    columns = source_columns(config)
    if columns is not None:
        yield from _unknown(_names(config.get("columns"), (*task.path, "columns")), columns, tables.hints, tree)


def _in_validation(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    config, columns = task.config or {}, tables.before(task)
    declared = mapping(config, "columns")
    if columns is None:
        return
    for name, spec in declared.items():
        if name not in columns and not (isinstance(spec, dict) and spec.get("required") is False):
            message = f'there is no column "{name}"'
            place = tree.key((*task.path, "columns", name))
            yield Finding("P420", place, message, _columns_hint(str(name), columns, tables.hints))
    for key, inner in (("duplicates", "keys"), ("freshness", "column")):
        value = config.get(key)
        if isinstance(value, dict):
            yield from _unknown(_names(value.get(inner), (*task.path, key, inner)), columns, tables.hints, tree)
    extra = [name for name in columns if name not in declared]
    if config.get("on_extra_columns") == "fail" and extra:
        yield _extra_columns(task, extra, tree)


def _extra_columns(task: Node, extra: Sequence[str], tree: Tree) -> Finding:
    shown = ", ".join(f'"{name}"' for name in extra[:3]) + (f" and {len(extra) - 3} more" if len(extra) > 3 else "")  # noqa: PLR2004
    message = f'"{task.id}" always fails: on_extra_columns is "fail", and {shown} are not declared'
    hint = "declare every column, drop them in DownloadData, or write allow or warn"
    return Finding("P421", tree.find((*task.path, "on_extra_columns")).place, message, hint)


def _in_preprocessing(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    config, columns = task.config or {}, tables.before(task)
    target, drop = config.get("target"), config.get("drop")
    dropped = list(_names(drop, (*task.path, "drop"))) if isinstance(drop, list) else []
    for name, path in dropped:
        if name == target:
            yield Finding("P422", tree.find(path).place, f'"drop" holds the target "{name}"', "take it out of drop")
    if columns is not None:
        by_time = _names(mapping(config, "split").get("by_time"), (*task.path, "split", "by_time"))
        others = [found for found in (*dropped, *by_time) if found[0] != target]
        yield from _unknown([*_names(target, (*task.path, "target")), *others], columns, tables.hints, tree)
    kind = tables.target(task).type
    if config.get("task") == "regression" and kind in NO_NUMBERS:
        message = f'column "{target}" holds no numbers; it is declared as {kind}'
        yield Finding("P424", tree.find((*task.path, "target")).place, message, "a regression learns numbers")


def _in_features(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    config = task.config or {}
    preprocessing = tables.lineage.first(tables.lineage.source(task, "data"), "data", "PreprocessData")
    if preprocessing is None:
        return
    kept = _Kept.after(preprocessing, tables)
    made: set[str] = set()
    for name, spec in mapping(config, "features").items():
        if kept.exists(name):
            message = f'there is a column "{name}" already'
            yield Finding("P423", tree.key((*task.path, "features", name)), message, "choose another name")
        for source, path in _feature_sources(spec, (*task.path, "features", name)):
            if source not in made:
                yield from kept.problems(source, path, made, tree)
        made.add(str(name))
    for name, path in _names(config.get("select"), (*task.path, "select")):
        if name not in made:
            yield from kept.problems(name, path, made, tree, needs_number=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The columns that are features after PreprocessData."""

    columns: Columns | None
    target: Any
    dropped: frozenset[str]
    hints: Hints

    @classmethod
    def after(cls, preprocessing: Node, tables: Tables) -> _Kept:
        config = preprocessing.config or {}
        drop, by_time = config.get("drop"), mapping(config, "split").get("by_time")
        dropped = {name for name in drop if isinstance(name, str)} if isinstance(drop, list) else set()
        if isinstance(by_time, str):
            dropped.add(by_time)
        return cls(tables.of(preprocessing), config.get("target"), frozenset(dropped), tables.hints)

    def exists(self, name: str) -> bool:
        """Whether a feature cannot be called so."""
        is_known = self.columns is not None and name in self.columns and name not in self.dropped
        return name == self.target or is_known

    def _hint(self, name: str, columns: Columns, made: Iterable[str]) -> str:
        if not self.hints.has_left:
            return ""
        usable = {*columns, *made} - self.dropped - {self.target}
        return _columns_hint(name, usable, self.hints)

    def problems(
        self, name: str, path: Path, made: Iterable[str], tree: Tree, *, needs_number: bool = True
    ) -> Iterator[Finding]:
        """Yield why a column cannot be used."""
        place = tree.find(path).place
        if name == self.target:
            message = f'"{name}" is the target; what is to be predicted is not known then'
            yield Finding("P422", place, message, "use other columns")
        elif name in self.dropped:
            message = f'column "{name}" is dropped by PreprocessData'
            yield Finding("P420", place, message, f'take "{name}" out of drop, or use another column')
        elif self.columns is None:
            return
        elif name not in self.columns:
            yield Finding("P420", place, f'there is no column "{name}"', self._hint(name, self.columns, made))
        elif needs_number and self.columns[name].type in NO_NUMBERS:
            message = f'column "{name}" holds no numbers; it is declared as {self.columns[name].type}'
            yield Finding("P424", place, message, "features are computed from numbers")


def _feature_sources(spec: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if not isinstance(spec, dict):
        return
    for kind, argument in spec.items():
        if kind in _NAMES_IN and isinstance(argument, list):
            yield from _names(argument[: _NAMES_IN[kind]], (*path, kind))
        elif kind == "log1p" and isinstance(argument, str):
            yield argument, (*path, kind)
        elif kind == "bin" and isinstance(argument, dict):
            yield from _names(argument.get("column"), (*path, kind, "column"))


def _in_evaluation(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    slices, columns = mapping(task.config or {}, "slices"), tables.before(task)
    if columns is not None:
        yield from _unknown(_names(slices.get("by"), (*task.path, "slices", "by")), columns, tables.hints, tree)


_FINDERS = {
    "DownloadData": _in_download,
    "ValidateData": _in_validation,
    "PreprocessData": _in_preprocessing,
    "FeatureEngineering": _in_features,
    "EvaluateModel": _in_evaluation,
}
