"""Writes down which estimators can be used and what their parameters take, for the checker, which has no scikit-learn.

``python -m operators.model.estimator_catalogue > schemas/rules/estimators.json``; a test fails when that file is old.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
import warnings
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

from operators.model.estimators import MODULES, estimator_classes

Constraint = list[Any]
"""A kind and its details: ``["integer", low, high, closed]``, ``["options", a, b]``, ``["null"]`` …"""

_NOT_PLAIN = ("_Callables", "HasMethods", "_SparseMatrices", "_NanConstraint", "_PandasNAConstraint", "MissingValues")
"""What plain values of a YAML file never are; nan apart, which has no use here."""
_METHODS = {"probabilities": ("predict_proba",), "scores": ("predict_proba", "decision_function")}


def estimator_catalogue() -> dict[str, dict[str, Any]]:
    """Describe every usable estimator.

    :returns: full name -> ``task``; ``gives`` and ``may_give``, which of scores and probabilities it has, always or
        with some parameters; ``parameters``, by name the constraints, of which a value must fit one
    """
    return {
        f"{module}.{name}": describe_estimator(cls)
        for module in MODULES
        for name, cls in sorted(estimator_classes(module).items())
    }


def describe_estimator(cls: Any) -> dict[str, Any]:
    """Describe one class of estimators."""
    from sklearn.base import is_classifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of those that a later scikit-learn will not have
        estimator = cls()
    given, possible = ([what for what in _METHODS if _has(it, what)] for it in (estimator, cls))
    return {
        "task": "classification" if is_classifier(estimator) else "regression",
        "gives": given,
        "may_give": [what for what in possible if what not in given],
        "parameters": dict(_iter_parameters(cls)),
    }


def _has(estimator: Any, what: str) -> bool:
    return any(hasattr(estimator, name) for name in _METHODS[what])


def _iter_parameters(cls: Any) -> Iterator[tuple[str, list[Constraint]]]:
    from sklearn.utils._param_validation import make_constraint

    declared = getattr(cls, "_parameter_constraints", {})
    for name in sorted(inspect.signature(cls).parameters):
        constraints = declared.get(name, "no_validation")
        if isinstance(constraints, str):
            yield name, [["any"]]
            continue
        found = [plain for constraint in constraints for plain in plain_constraints(make_constraint(constraint))]
        yield name, [plain for index, plain in enumerate(found) if plain not in found[:index]]


def plain_constraints(made: Any) -> Iterator[Constraint]:
    """Yield what a constraint object of scikit-learn allows of plain values; nothing if it allows none of them."""
    kind = type(made).__name__
    if kind not in _NOT_PLAIN:
        write = _WRITERS.get(kind)
        yield from write(made) if write else [["any"]]


def _interval(made: Any) -> Iterator[Constraint]:
    kind = _number_kind(made.type)
    yield [kind, _bound(made.left), _bound(made.right), made.closed] if kind else ["any"]


def _number_kind(kind: Any) -> str | None:
    if kind is Integral:
        return "integer"
    if kind is Real:
        return "number"
    return "fraction" if kind.__name__ == "RealNotInt" else None


def _bound(value: Any) -> float | int | None:
    if value is None or math.isinf(value):
        return None
    return int(value) if isinstance(value, Integral) else float(value)


def _options(made: Any) -> Iterator[Constraint]:
    plain = [option for option in made.options if isinstance(option, str | int | float) and option == option]  # noqa: PLR0124
    yield ["options", *sorted(("inf" if option == math.inf else option for option in plain), key=str)]


def _instances(made: Any) -> Iterator[Constraint]:
    kinds = {Integral: "integer", Real: "number"}
    if made.type in kinds:
        yield [kinds[made.type], None, None, "both"]
    elif made.type in (dict, list, str):
        yield [{dict: "mapping", list: "list", str: "text"}[made.type]]


def _parts(made: Any) -> Iterator[Constraint]:
    for part in made._constraints:
        yield from plain_constraints(part)


_WRITERS: dict[str, Any] = {
    "Interval": _interval,
    "Options": _options,
    "StrOptions": _options,
    "_InstancesOf": _instances,
    "_NoneConstraint": lambda _: iter([["null"]]),
    "_Booleans": lambda _: iter([["boolean"]]),
    "_ArrayLikes": lambda _: iter([["list"]]),
    "_IterablesNotString": lambda _: iter([["list"], ["mapping"]]),
    "_RandomStates": _parts,
    "_VerboseHelper": _parts,
    "_CVObjects": _parts,
}


def _to_text(catalogue: dict[str, dict[str, Any]]) -> str:
    """Write JSON with one parameter in a line, so that a change of scikit-learn can be read."""
    lines = []
    for name, described in catalogue.items():
        parameters = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in described["parameters"].items()]
        facts = [f"   {json.dumps(key)}: {json.dumps(described[key])}" for key in ("task", "gives", "may_give")]
        body = ",\n".join([*facts, '   "parameters": {\n' + ",\n".join(parameters) + "\n   }"])
        lines.append(f"  {json.dumps(name)}: {{\n{body}\n  }}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(_to_text(estimator_catalogue()))
