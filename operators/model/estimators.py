"""Estimators: turns a scikit-learn name and plain parameters from the YAML into an estimator, from a closed list."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from operators.mistakes import DataMistakeError

MODULES = (
    "sklearn.linear_model",
    "sklearn.ensemble",
    "sklearn.tree",
    "sklearn.svm",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.discriminant_analysis",
    "sklearn.gaussian_process",
    "sklearn.kernel_ridge",
    "sklearn.dummy",
)
"""Where estimators may come from. Of these, classifiers and regressors of one target that can be built from plain
values alone; estimators that are made of other estimators, or take functions, are thereby left out."""


class EstimatorError(DataMistakeError):
    """An estimator or parameter that cannot be used; the message says what can."""


def make_estimator(name: str, parameters: Mapping[str, Any], random_state: int | None) -> Any:
    """Build an estimator that has not been fitted.

    :param name: e.g. ``sklearn.ensemble.RandomForestClassifier``
    :param parameters: its arguments; plain values only
    :param random_state: seed for estimators that have one; the others are deterministic and ignore it
    :raises EstimatorError: if the name or a parameter is not allowed
    """
    cls = find_estimator(name)
    allowed = sorted(inspect.signature(cls).parameters)
    for key, value in parameters.items():
        _check_parameter(key, value, allowed, name)
    chosen = dict(parameters)
    if "random_state" in allowed and random_state is not None:
        if chosen.get("random_state", random_state) != random_state:
            raise EstimatorError("random_state: given twice; drop the one in parameters")
        chosen["random_state"] = random_state
    return cls(**chosen)


def find_estimator(name: str) -> Any:
    """Give the class for a dotted scikit-learn name.

    :raises EstimatorError: if it is not in the closed list, with the nearest name that is
    """
    module, _, class_name = name.rpartition(".")
    found = estimator_classes(module).get(class_name) if module in MODULES else None
    if found is None:
        raise EstimatorError(f"estimator: {name!r} is not an estimator that can be used. {_hint(name)}")
    return found


def estimator_classes(module: str) -> dict[str, Any]:
    """List the usable estimators of one of :data:`MODULES` by class name."""
    members = vars(importlib.import_module(module)).items()
    return {name: cls for name, cls in members if not name.startswith(("_", "MultiTask")) and _is_usable(cls)}


def _is_usable(cls: Any) -> bool:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    if not inspect.isclass(cls) or not issubclass(cls, BaseEstimator) or inspect.isabstract(cls):
        return False
    if not issubclass(cls, ClassifierMixin | RegressorMixin):
        return False
    return all(p.default is not p.empty for p in inspect.signature(cls).parameters.values())


def _hint(name: str) -> str:
    names = [f"{module}.{cls}" for module in MODULES for cls in estimator_classes(module)]
    by_class = {known.rpartition(".")[2].lower(): known for known in names}
    near = difflib.get_close_matches(name.rpartition(".")[2].lower(), by_class, n=1, cutoff=0.7)
    if near:
        return f"Did you mean {by_class[near[0]]!r}?"
    return f"Take a classifier or regressor from {', '.join(MODULES)}"


def _check_parameter(key: str, value: Any, allowed: list[str], name: str) -> None:
    if key not in allowed:
        near = difflib.get_close_matches(str(key), allowed, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise EstimatorError(f"parameters: {name} has no parameter {key!r}; {hint}It takes {', '.join(allowed)}")
    if not _is_plain(value):
        raise EstimatorError(
            f"parameters.{key}: only numbers, strings, booleans, null, lists and mappings of these are "
            f"allowed; found {type(value).__name__}"
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str | int) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
