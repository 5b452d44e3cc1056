"""Rules on parameters of one task that exclude or need each other, as its operator would say when it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Outline
from schemas.quantities import read_quantity
from schemas.rules.graph import id_place
from schemas.rules.installed_parameters import Problem, iter_installed_problems
from schemas.rules.lineage import operator_of
from schemas.rules.tables import mapping
from schemas.rules.thresholds import iter_matching, thresholds_of
from schemas.source import Tree

_HEALTH = ("CheckDagRuns", "CheckTaskFailures", "CheckSchedulerHealth")
"""Operators that have nothing to do without a threshold."""


def iter_parameter_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield parameters that do not go together."""
    for task in outline.tasks:
        operator, config = operator_of(task), task.config or {}
        find = _FINDERS.get(operator)
        problems = find(config) if find is not None else iter_installed_problems(str(config.get("operator")), config)
        for path, message, hint in problems:
            yield Finding("P430", tree.key((*task.path, *path)), message, hint)
        if operator in _HEALTH and not any(matches for _, matches in _given_thresholds(operator, config)):
            names = [name for name, _ in _given_thresholds(operator, config) if "*" not in name and "." not in name]
            message = f'"{task.id}" has no threshold, so it has nothing to judge'
            yield Finding("P430", id_place(task, tree), message, f"give one of {', '.join(names)}")


def _given_thresholds(operator: str, config: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for pattern in thresholds_of(operator):
        yield pattern, any(value is not None for _, value in iter_matching(config, pattern))


def _download(config: Mapping[str, Any]) -> Iterator[Problem]:
    csv = mapping(config, "csv")
    if csv.get("header") is False and not csv.get("columns"):
        yield ("csv", "header"), "a file without a header needs the names of its columns", "give csv.columns"


def _validation(config: Mapping[str, Any]) -> Iterator[Problem]:
    for (_, name), spec in iter_matching(config, "columns.*"):
        if not isinstance(spec, dict):
            continue
        kind, allowed = spec.get("type"), spec.get("allowed")
        bounds = next((key for key in ("between", "min", "max") if key in spec), None)
        if bounds and kind in ("category", "text", "boolean", "datetime"):
            yield ("columns", name, bounds), f'"{bounds}" is for numbers, and "{name}" is declared as {kind}', ""
        if "pattern" in spec and kind not in (None, "category", "text"):
            yield ("columns", name, "pattern"), f'"pattern" is for text, and "{name}" is declared as {kind}', ""
        is_boolean = isinstance(allowed, list) and any(isinstance(value, bool) for value in allowed)
        if is_boolean and kind != "boolean":
            message = f'"allowed" of "{name}" holds a boolean: YAML reads yes, no, on and off as true and false'
            yield ("columns", name, "allowed"), message, 'put texts in quotes, as in "yes", or declare type: boolean'


def _preprocessing(config: Mapping[str, Any]) -> Iterator[Problem]:
    split, numeric = mapping(config, "split"), mapping(config, "numeric")
    if split.get("stratify") is True and split.get("by_time"):
        yield ("split", "stratify"), "the latest rows cannot also be drawn class by class", "give stratify or by_time"
    elif split.get("stratify") is True and config.get("task") == "regression":
        yield ("split", "stratify"), "a regression has no classes to stratify by", "write stratify: false"
    if numeric.get("impute") == "constant" and numeric.get("value") is None:
        yield ("numeric", "impute"), '"impute" is "constant", and there is no value to fill in', "give numeric.value"
    elif numeric.get("value") is not None and numeric.get("impute") != "constant":
        yield (
            ("numeric", "value"),
            '"value" has no use without impute: constant',
            "remove it, or write impute: constant",
        )


def _features(config: Mapping[str, Any]) -> Iterator[Problem]:
    for (_, name, _), spec in iter_matching(config, "features.*.bin"):
        if isinstance(spec, dict) and ("edges" in spec) == ("quantiles" in spec):
            found = "both" if "edges" in spec else "neither"
            yield ("features", name, "bin"), f'"bin" takes edges or quantiles, and has {found}', "give one of the two"


def _health(config: Mapping[str, Any]) -> Iterator[Problem]:
    for path, value in [(("window",), config.get("window")), *iter_matching(config, "dags.*.window")]:
        window = read_quantity(value)
        if window is not None and window.value == 0:
            yield path, f'"window" is {window.text}, and nothing ends within it', "write how far back, as in 24h"


_FINDERS = {
    **dict.fromkeys(_HEALTH, _health),
    "DownloadData": _download,
    "ValidateData": _validation,
    "PreprocessData": _preprocessing,
    "FeatureEngineering": _features,
}
