"""Rules on models: estimators and parameters that scikit-learn has, and that training and judging fit each other."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Node, Outline
from schemas.rules.estimators import Estimator, describe, estimators, fits, options
from schemas.rules.graph import id_place
from schemas.rules.hints import Hints
from schemas.rules.lineage import operator_of
from schemas.rules.metrics import METRICS
from schemas.rules.tables import Tables
from schemas.source import Tree

_FORM = "sklearn."
_SHOWN = 60
_MOST_NAMED = 3


def iter_model_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on TrainModel and EvaluateModel."""
    concerned = [task for task in outline.tasks if operator_of(task) in ("TrainModel", "EvaluateModel")]
    if not concerned:
        return
    tables = Tables(outline)
    for task in concerned:
        find = _training if operator_of(task) == "TrainModel" else _evaluation
        yield from find(task, tables, tree)


def _training(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    name = (task.config or {}).get("estimator")
    if not isinstance(name, str) or not name.startswith(_FORM):
        return
    estimator = estimators().get(name)
    place = tree.find((*task.path, "estimator")).place
    if estimator is None:
        message = f'"{name}" is not an estimator that can be used'
        yield Finding("P410", place, message, _nearest_estimator(name) if tables.hints.take() else "")
        return
    yield from _parameters(task, name, estimator, tables.hints, tree)
    prepared = tables.task(tables.lineage.first(task, "data", "PreprocessData"))
    if prepared is not None and prepared != estimator.task:
        kind = "a classifier" if estimator.task == "classification" else "a regressor"
        message = f"{_short(name)} is {kind}, and the target makes this a {prepared}"
        yield Finding("P413", place, message, f"take an estimator for {prepared}, or set task in PreprocessData")


def _nearest_estimator(name: str) -> str:
    import difflib

    by_class = {_short(known).lower(): known for known in estimators()}
    found = _short(name).lower()
    near = [known for known in by_class if known.startswith(found)]
    # many names end in Classifier, so that names which have nothing else in common are near
    near = near[:_MOST_NAMED] or difflib.get_close_matches(found, by_class, n=1, cutoff=0.85)
    shown = " or ".join(f'"{by_class[known]}"' for known in near)
    return f"did you mean {shown}?" if near else "take a classifier or regressor that is made of plain values"


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _parameters(task: Node, name: str, estimator: Estimator, hints: Hints, tree: Tree) -> Iterator[Finding]:
    config = task.config or {}
    parameters = config.get("parameters")
    if not isinstance(parameters, dict):
        return
    for key, value in parameters.items():
        path = (*task.path, "parameters", key)
        constraints = estimator.parameters.get(key)
        if constraints is None:
            message = f'{_short(name)} has no parameter "{key}"'
            yield Finding("P411", tree.key(path), message, hints.nearest_or_all(str(key), estimator.parameters))
        elif not fits(value, constraints):
            message = f'"{key}" of {_short(name)} is {_text(value)}; it takes {describe(constraints)}'
            hint = hints.nearest(value, options(constraints)) if isinstance(value, str) else ""
            yield Finding("P412", tree.find(path).place, message, hint)
        elif key == "random_state" and config.get(key) not in (None, value):
            message = f'"random_state" is {_text(value)} here and {_text(config[key])} beside "parameters"'
            yield Finding("P412", tree.find(path).place, message, "drop the one in parameters")


def _text(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: ".inf", -math.inf: "-.inf"}.get(value, ".nan")
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _evaluation(task: Node, tables: Tables, tree: Tree) -> Iterator[Finding]:
    lineage = tables.lineage
    training = lineage.first(lineage.source(task, "model"), "model", "TrainModel")
    preprocessing = lineage.first(lineage.source(task, "data"), "data", "PreprocessData")
    name = (training.config or {}).get("estimator") if training is not None else None
    estimator = estimators().get(name) if isinstance(name, str) else None
    learnt = estimator.task if estimator is not None else tables.task(preprocessing)
    if learnt is None:
        return
    yield from _metrics(task, training, estimator, learnt, tree)
    yield from _positive_class(task, preprocessing, learnt, tables, tree)


def _metrics(
    task: Node, training: Node | None, estimator: Estimator | None, learnt: str, tree: Tree
) -> Iterator[Finding]:
    for path in _metric_paths(task.config or {}):
        metric = METRICS.get(str(path[-1]))
        place = tree.key((*task.path, *path))
        if metric is None:
            continue
        if metric.task != learnt:
            allowed = ", ".join(sorted(name for name, known in METRICS.items() if known.task == learnt))
            message = f'"{path[-1]}" is a metric of {metric.task}, and the model is of {learnt}'
            yield Finding("P605", place, message, f"allowed: {allowed}")
        elif estimator is not None and training is not None and _lacks(metric.needs, estimator, training):
            name = _short(str((training.config or {})["estimator"]))
            message = f'"{path[-1]}" needs {metric.needs}, which {name} does not give'
            hint = "judge it by labels, as with balanced_accuracy or f1, or take another estimator"
            if metric.needs in estimator.may_give:
                hint = f"parameters of {name} can make it give {metric.needs}"
            yield Finding("P609", place, message, hint)


def _metric_paths(config: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    slices = config.get("slices")
    for path, value in (
        (("gates",), config.get("gates")),
        (("versus_champion",), config.get("versus_champion")),
        (("slices", "gates"), slices.get("gates") if isinstance(slices, dict) else None),
    ):
        yield from ((*path, name) for name in (value if isinstance(value, dict) else ()))


def _lacks(needed: str, estimator: Estimator, training: Node) -> bool:
    if not needed or needed in estimator.gives:
        return False
    # with other parameters it may have them; which ones is not known here
    return needed not in estimator.may_give or not (training.config or {}).get("parameters")


def _positive_class(
    task: Node, preprocessing: Node | None, learnt: str, tables: Tables, tree: Tree
) -> Iterator[Finding]:
    config = task.config or {}
    given = config.get("positive_class")
    place = tree.find((*task.path, "positive_class")).place if given is not None else id_place(task, tree)
    if learnt == "regression":
        if given is not None:
            message = '"positive_class" is given, and the model is of regression, which has no classes'
            yield Finding("P414", place, message, "remove it")
        return
    target = tables.target(preprocessing)
    classes = target.classes
    if classes is None or (isinstance(given, str) and "{{" in given):
        return
    shown = ", ".join(classes)
    if len(classes) > 2 and target.has_all_classes and given is not None:  # noqa: PLR2004
        message = f'"positive_class" is given, and the target has {len(classes)} classes: {shown}'
        yield Finding("P414", place, message, "remove it; it is for two classes")
    elif str(given) not in classes and (given is not None or len(classes) == 2):  # noqa: PLR2004
        message = f'"positive_class" is {_text(given)}, which is no class of the target: {shown}'
        if given is None:
            message = f'task "{task.id}" lacks "positive_class": the target has two classes, {shown}'
        yield Finding("P414", place, message, "" if given is None else tables.hints.nearest_or_all(str(given), classes))
