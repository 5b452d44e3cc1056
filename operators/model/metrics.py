"""Metrics: the closed list of numbers by which a model is judged, and the predictions that they are computed from."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.mistakes import DataMistakeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model says of some rows, beside the truth."""

    truth: np.ndarray[Any, Any]
    """Labels or numbers, one per row."""
    predicted: np.ndarray[Any, Any]
    """The model's labels or numbers."""
    classes: tuple[Any, ...] = ()
    """The model's classes, in its order; empty for a regression."""
    positive_class: Any = None
    """For two classes: which one is looked for."""
    scores: np.ndarray[Any, Any] | None = None
    """Two classes: one score per row, higher for the positive one. More: one column per class."""
    probabilities: np.ndarray[Any, Any] | None = None
    """One column per class, each row sums to 1; None if the model has none."""

    @property
    def is_positive(self) -> np.ndarray[Any, Any]:
        """For two classes: which rows are positive in truth."""
        positive: np.ndarray[Any, Any] = self.truth == self.positive_class
        return positive

    @property
    def positive_probability(self) -> np.ndarray[Any, Any] | None:
        """For two classes: the probability of the positive one."""
        if self.probabilities is None:
            return None
        column: np.ndarray[Any, Any] = self.probabilities[:, self.classes.index(self.positive_class)]
        return column

    def only(self, mask: np.ndarray[Any, Any]) -> Predictions:
        """Give those of some rows."""
        return Predictions(
            truth=self.truth[mask],
            predicted=self.predicted[mask],
            classes=self.classes,
            positive_class=self.positive_class,
            scores=None if self.scores is None else self.scores[mask],
            probabilities=None if self.probabilities is None else self.probabilities[mask],
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """One number by which predictions are judged."""

    name: str
    higher_is_better: bool
    compute: Callable[[Predictions], float]
    """NaN where these predictions do not allow it, e.g. an AUC of rows that are all of one class."""
    needs: str = ""
    """``scores`` or ``probabilities`` where labels are not enough."""

    def measure(self, predictions: Predictions) -> float:
        """Compute; NaN if the model lacks what is needed, or the rows do not allow it."""
        if not len(predictions.truth) or (self.needs and getattr(predictions, self.needs) is None):
            return math.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "undefined" is told by NaN
            return float(self.compute(predictions))

    def gain(self, observed: float, reference: float) -> float:
        """Tell by how much one value is better than another; negative if it is worse."""
        return observed - reference if self.higher_is_better else reference - observed


def metrics_for(task: str) -> dict[str, Metric]:
    """List the metrics of a task by name.

    :param task: ``classification`` or ``regression``
    """
    chosen = _CLASSIFICATION if task == "classification" else _REGRESSION
    return {metric.name: metric for metric in chosen}


def predict(model: Any, rows: pd.DataFrame, truth: np.ndarray[Any, Any], *, positive_class: Any) -> Predictions:
    """Let a fitted pipeline predict.

    :param rows: raw rows, the model's features only
    :param truth: the target of these rows
    :param positive_class: as the YAML has it; None for a regression or more than two classes
    :raises DataMistakeError: if the truth has classes that the model does not know, or the positive class is unclear
    """
    import numpy as np

    predicted = np.asarray(model.predict(rows))
    if not hasattr(model, "classes_"):
        if positive_class is not None:
            raise DataMistakeError("positive_class: leave it out; the target is a number, not a class")
        return Predictions(truth=truth, predicted=predicted.astype("float64"))
    classes = tuple(model.classes_.tolist())
    unseen = sorted(set(truth.tolist()) - set(classes), key=str)
    if unseen:
        raise DataMistakeError(f"data: the test rows have classes that the training rows lack: {unseen}")
    positive = find_positive_class(positive_class, classes)
    probabilities = np.asarray(model.predict_proba(rows)) if hasattr(model, "predict_proba") else None
    return Predictions(
        truth=truth,
        predicted=predicted,
        classes=classes,
        positive_class=positive,
        scores=_scores(model, rows, probabilities, classes, positive),
        probabilities=probabilities,
    )


def find_positive_class(wanted: Any, classes: Sequence[Any]) -> Any:
    """Match the YAML's positive class to the model's; ``1`` and ``"1"`` mean the same.

    :raises DataMistakeError: if it is missing for two classes, given for more, or none of them
    """
    named = ", ".join(repr(cls) for cls in classes)
    if len(classes) > _TWO:
        if wanted is not None:
            raise DataMistakeError(f"positive_class: leave it out; the target has {len(classes)} classes: {named}")
        return None
    found = [cls for cls in classes if str(cls) == str(wanted)]
    if not found:
        raise DataMistakeError(f"positive_class: say which class is looked for, one of {named}; found {wanted!r}")
    return found[0]


def _scores(
    model: Any, rows: pd.DataFrame, probabilities: Any, classes: tuple[Any, ...], positive: Any
) -> np.ndarray[Any, Any] | None:
    import numpy as np

    if len(classes) > _TWO:
        return None if probabilities is None else np.asarray(probabilities)
    if probabilities is not None:
        return np.asarray(probabilities[:, classes.index(positive)])
    if not hasattr(model, "decision_function"):
        return None
    values = np.asarray(model.decision_function(rows))
    return values if classes.index(positive) == 1 else -values


def _is_binary(p: Predictions) -> bool:
    return len(p.classes) == _TWO


def _has_every_class(p: Predictions) -> bool:
    return set(p.truth.tolist()) == set(p.classes)


def _roc_auc(p: Predictions) -> float:
    from sklearn.metrics import roc_auc_score

    if not _has_every_class(p):
        return math.nan
    if _is_binary(p):
        return float(roc_auc_score(p.is_positive, p.scores))
    return float(roc_auc_score(p.truth, p.scores, multi_class="ovr", labels=list(p.classes)))


def _average_precision(p: Predictions) -> float:
    from sklearn.metrics import average_precision_score
    from sklearn.preprocessing import label_binarize

    if not _has_every_class(p):
        return math.nan
    truth = p.is_positive if _is_binary(p) else label_binarize(p.truth, classes=list(p.classes))
    return float(average_precision_score(truth, p.scores))


def _by_label(name: str) -> Callable[[Predictions], float]:
    def compute(p: Predictions) -> float:
        import sklearn.metrics

        score = getattr(sklearn.metrics, f"{name}_score")
        if _is_binary(p):
            return float(score(p.is_positive, p.predicted == p.positive_class, zero_division=math.nan))
        return float(score(p.truth, p.predicted, average="macro", labels=list(p.classes), zero_division=math.nan))

    return compute


def _plain(name: str) -> Callable[[Predictions], float]:
    def compute(p: Predictions) -> float:
        import sklearn.metrics

        return float(getattr(sklearn.metrics, name)(p.truth, p.predicted))

    return compute


def _log_loss(p: Predictions) -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(p.truth, p.probabilities, labels=list(p.classes)))


def _brier_score(p: Predictions) -> float:
    from sklearn.metrics import brier_score_loss

    if _is_binary(p):
        return float(brier_score_loss(p.is_positive, p.positive_probability, pos_label=True, labels=[False, True]))
    return float(brier_score_loss(p.truth, p.probabilities, labels=list(p.classes)))


def _r2(p: Predictions) -> float:
    from sklearn.metrics import r2_score

    return float(r2_score(p.truth, p.predicted)) if len(p.truth) >= _TWO else math.nan


_CLASSIFICATION = (
    Metric("roc_auc", True, _roc_auc, "scores"),
    Metric("average_precision", True, _average_precision, "scores"),
    Metric("accuracy", True, _plain("accuracy_score")),
    Metric("balanced_accuracy", True, _plain("balanced_accuracy_score")),
    Metric("precision", True, _by_label("precision")),
    Metric("recall", True, _by_label("recall")),
    Metric("f1", True, _by_label("f1")),
    Metric("matthews", True, _plain("matthews_corrcoef")),
    Metric("log_loss", False, _log_loss, "probabilities"),
    Metric("brier_score", False, _brier_score, "probabilities"),
)
_REGRESSION = (
    Metric("r2", True, _r2),
    Metric("mae", False, _plain("mean_absolute_error")),
    Metric("rmse", False, _plain("root_mean_squared_error")),
    Metric("mape", False, _plain("mean_absolute_percentage_error")),
    Metric("max_error", False, _plain("max_error")),
)
