"""What is known of the numbers that thresholds are set on: their range, their units and which way is better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.quantities import DURATION, NUMBER, PERCENTAGE


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of number."""

    what: str
    """For people, as in "a part of the whole"; empty for a metric, which has a name."""
    low: float = -math.inf
    high: float = math.inf
    units: tuple[str, ...] = (NUMBER, PERCENTAGE)
    higher_is_better: bool | None = None
    """None where it cannot be said of the number alone."""

    @property
    def range(self) -> str:
        """The range for people; empty if there is none."""
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        if math.isinf(self.high):
            return f"{self.low:g} or more"
        return f"at most {self.high:g}" if math.isinf(self.low) else f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One of the metrics that a model is judged by."""

    task: str
    """``classification`` or ``regression``."""
    kind: Kind
    needs: str = ""
    """``scores`` or ``probabilities`` where labels are not enough."""


COUNT = Kind("a count", low=0, units=(NUMBER,))
PART = Kind("a part of the whole", low=0, high=1)
SPAN = Kind("a duration", low=0, units=(NUMBER, DURATION))
MILLISECONDS = Kind("a number of milliseconds", low=0, units=(NUMBER,))
TIMES = Kind("times the usual", low=0, units=(NUMBER,))
ANY_NUMBER = Kind("a number")
ANYTHING = Kind("a number", units=(NUMBER, PERCENTAGE, DURATION))

_CLASSIFICATION, _REGRESSION = "classification", "regression"


def _score(low: float = 0.0) -> Kind:
    return Kind("", low=low, high=1.0, higher_is_better=True)


def _loss(high: float = math.inf) -> Kind:
    return Kind("", low=0.0, high=high, higher_is_better=False)


METRICS: Mapping[str, Metric] = {
    "roc_auc": Metric(_CLASSIFICATION, _score(), "scores"),
    "average_precision": Metric(_CLASSIFICATION, _score(), "scores"),
    "accuracy": Metric(_CLASSIFICATION, _score()),
    "balanced_accuracy": Metric(_CLASSIFICATION, _score()),
    "precision": Metric(_CLASSIFICATION, _score()),
    "recall": Metric(_CLASSIFICATION, _score()),
    "f1": Metric(_CLASSIFICATION, _score()),
    "matthews": Metric(_CLASSIFICATION, _score(low=-1.0)),
    "log_loss": Metric(_CLASSIFICATION, _loss(), "probabilities"),
    # of more than two classes it goes up to 2
    "brier_score": Metric(_CLASSIFICATION, _loss(high=2.0), "probabilities"),
    "r2": Metric(_REGRESSION, Kind("", high=1.0, higher_is_better=True)),
    "mae": Metric(_REGRESSION, _loss()),
    "rmse": Metric(_REGRESSION, _loss()),
    "mape": Metric(_REGRESSION, _loss()),
    "max_error": Metric(_REGRESSION, _loss()),
}
"""Metric name -> what is known of it; the operators compute them."""
