"""Trusted types: which types a model or transformer file may hold; the list lives here, never in the file."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

SETTING = "[pipelines] trusted_types"

_DISTANCES = ("Chebyshev", "Euclidean", "Manhattan", "Minkowski", "SEuclidean")

TRUSTED_TYPES: tuple[str, ...] = (
    # Trees hold indices which scikit-learn follows without looking. That is safe here because a file is only ever
    # loaded after its sha256 was found to be that of a file which one of our own tasks wrote.
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    *(f"sklearn.metrics._dist_metrics.{name}Distance{bits}" for name in _DISTANCES for bits in (32, 64)),
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "numpy.dtype",
    "operators.data.transformers.CleanNumbers",
    "operators.data.transformers.CleanCategories",
    "operators.data.transformers.DeclaredFeatures",
)
"""Beside what skops trusts by itself: scikit-learn's public estimators, numpy arrays and plain Python values.

Our own transformers only compute with columns; none of them calls what a file names."""


class UntrustedTypeError(ValueError):
    """A file that holds a type outside the list; nothing of it was loaded."""


def trusted_types() -> tuple[str, ...]:
    """Give the built-in list and what ``[pipelines] trusted_types`` adds to it, comma-separated."""
    from airflow.sdk.configuration import conf

    added = str(conf.get("pipelines", "trusted_types", fallback=""))
    return (*TRUSTED_TYPES, *(name.strip() for name in added.replace("\n", ",").split(",") if name.strip()))


def import_skops() -> ModuleType:
    """Import ``skops.io`` quietly.

    To find out where numpy's functions live, it asks every loaded module for every name; those of Airflow answer with
    dozens of deprecation warnings that nobody can act on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("skops.io")


def load_trusted(data: bytes, trusted: Sequence[str], *, name: str) -> Any:
    """Load a skops file, unless it holds a type outside the list. Airflow is not needed.

    The caller has compared the sha256 before; this function only looks at types.

    :param data: the file's content
    :param trusted: full names of the types that may occur, see :func:`trusted_types`
    :param name: how to call the file in an error
    :raises UntrustedTypeError: before anything is built
    """
    skops_io = import_skops()
    unknown = sorted(set(skops_io.get_untrusted_types(data=data)) - set(trusted))
    if unknown:
        raise UntrustedTypeError(
            f"{name} holds types that are not trusted: {', '.join(unknown)}. Nothing was loaded. If you know that "
            f"loading them is harmless, add them to the setting {SETTING}"
        )
    return skops_io.loads(data, trusted=list(trusted))


def load_or_fail(data: bytes, *, name: str) -> Any:
    """Load a skops file inside a task.

    :param data: the file's content, its sha256 already checked
    :param name: how to call the file in an error
    :raises AirflowFailException: if it holds a type that is not trusted
    """
    from airflow.sdk.exceptions import AirflowFailException

    try:
        return load_trusted(data, trusted_types(), name=name)
    except UntrustedTypeError as error:
        raise AirflowFailException(str(error)) from None
