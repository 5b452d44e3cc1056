"""Rules on parameters of one task that exclude or need each other, as its operator would say when it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.rules.graph import id_place
from schemas.rules.installed_parameters import Problem, iter_installed_problems
from schemas.rules.lineage import operator_of
from schemas.rules.tables import mapping
from schemas.rules.thresholds import iter_matching
from schemas.source import Tree

_HEALTH = {
    "CheckDagRuns": ("failed_runs", "failure_ratio", "running_for"),
    "CheckTaskFailures": ("failed_tasks", "same_task"),
    "CheckSchedulerHealth": ("heartbeat_age", "import_errors", "pool_usage", "queued_for"),
}
"""Health check -> its thresholds."""


def iter_parameter_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield parameters that do not go together."""
    for task in outline.tasks:
        operator, config = operator_of(task), task.config or {}
        find = _FINDERS.get(operator)
        problems = find(config) if find is not None else iter_installed_problems(str(config.get("operator")), config)
        for path, message, hint in problems:
            yield Finding("P430", tree.key((*task.path, *path)), message, hint)
        names = _HEALTH.get(operator, ())
        own = [path for path, _ in iter_matching(config, "dags.*.*")]
        if names and not own and not any(config.get(name) is not None for name in names):
            message = f'"{task.id}" has no threshold, so it has nothing to judge'
            yield Finding("P430", id_place(task, tree), message, f"give one of {', '.join(names)}")


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


def _person(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Compare the answers that a person can give with what is said of them."""
    options = config.get("options", list(_APPROVAL))
    defaults = config.get("defaults")
    chosen = [defaults] if isinstance(defaults, str) else defaults if isinstance(defaults, list) else []
    if not isinstance(options, list):
        return
    shown = ", ".join(str(option) for option in options)
    for index, option in enumerate(chosen):
        if option not in options:
            path: Path = ("defaults", index) if isinstance(defaults, list) else ("defaults",)
            yield path, f'"defaults" names "{option}", which is no option', f"options: {shown}"
    if len(chosen) > 1 and config.get("multiple") is not True:
        yield (
            ("defaults",),
            "several defaults, and only one option may be chosen",
            "write multiple: true, or one default",
        )
    for option in mapping(config, "options_mapping"):
        if option not in options:
            message = f'"options_mapping" names "{option}", which is no option'
            yield ("options_mapping", option), message, f"options: {shown}"


_APPROVAL = ("Approve", "Reject")
_HUMAN = "airflow.providers.standard.operators.hitl."
_FINDERS = {
    "DownloadData": _download,
    "ValidateData": _validation,
    "PreprocessData": _preprocessing,
    "FeatureEngineering": _features,
    f"{_HUMAN}ApprovalOperator": _person,
    f"{_HUMAN}HITLBranchOperator": _person,
    f"{_HUMAN}HITLOperator": _person,
}
