"""Gates: what the YAML demands of a model, absolutely, against the champion, and in each slice of the rows."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.mistakes import DataMistakeError, check_columns_exist, check_keys
from operators.model.metrics import Metric, Predictions, metrics_for
from operators.thresholds import Threshold, parse_quantity, parse_threshold
from operators.verdict import Outcome, Verdict, format_value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_ROUNDING = 1e-12
"""0.97 - 0.98 is a little less than -0.01; a margin of 0.01 allows it."""
_MOST_SLICES = 50
_DEFAULT_MIN_ROWS = 100


@dataclass(frozen=True, slots=True)
class Gate:
    """One metric against one threshold."""

    metric: Metric
    threshold: Threshold

    def judge(self, value: float, *, prefix: str = "", message: str = "") -> Verdict:
        """Give the verdict; a value that could not be measured is inconclusive."""
        observed = value if math.isfinite(value) else None
        return self.threshold.judge(f"{prefix}{self.metric.name}", observed, message=message)


@dataclass(frozen=True, slots=True)
class Margin:
    """A distance from the champion's value."""

    text: str
    """As the YAML has it."""
    amount: float
    relative: bool
    """Whether the amount is a share of the champion's value (``2%``) instead of a difference (``0.02``)."""

    def around(self, champion: float) -> float:
        """Give the distance for one value of the champion."""
        return self.amount * abs(champion) if self.relative else self.amount


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric against the champion's on the same rows."""

    metric: Metric
    kind: str
    """``not_worse_than`` or ``better_by``."""
    margin: Margin
    warn: Margin | None
    """The stricter margin."""

    @property
    def name(self) -> str:
        """The verdict's name."""
        return f"{self.metric.name}.versus_champion"

    @property
    def text(self) -> str:
        """The threshold, for people."""
        warn = f", warn {self.warn.text}" if self.warn else ""
        return f"{self.kind.replace('_', ' ')} {self.margin.text}{warn}"

    def judge(self, observed: float, champion: float, *, version: int) -> Verdict:
        """Give the verdict on the gain, which is positive where the model is better than the champion."""
        gain = self.metric.gain(observed, champion)
        sign = -1 if self.kind == "not_worse_than" else 1
        fail = sign * self.margin.around(champion) - _ROUNDING
        warn = sign * self.warn.around(champion) - _ROUNDING if self.warn else fail
        threshold = Threshold(fail=(fail, math.inf), warn=(warn, math.inf), text=self.text)
        message = f"{format_value(observed)}, champion (version {version}) {format_value(champion)}"
        return threshold.judge(self.name, gain if math.isfinite(gain) else None, message=message)

    def cannot_judge(self, reason: str) -> Verdict:
        """Give the verdict where the champion cannot be asked."""
        return Verdict(name=self.name, outcome=Outcome.INCONCLUSIVE, observed=None, threshold=self.text, message=reason)


@dataclass(frozen=True, slots=True)
class SliceGates:
    """Gates that hold for each value of some columns."""

    by: tuple[str, ...]
    min_rows: int
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows that have one value in one column."""

    name: str
    """``column=value``."""
    mask: np.ndarray[Any, Any]
    rows: int


def read_gates(value: Mapping[str, Any] | None, task: str, *, where: str = "gates") -> tuple[Gate, ...]:
    """Read ``{metric: threshold}``.

    :param task: ``classification`` or ``regression``; each has its own metrics
    :param where: how to call the parameter in an error
    :raises DataMistakeError: if a metric is unknown
    :raises ThresholdError: if a threshold has no meaning
    """
    gates = _check_mapping(value, where)
    return tuple(
        Gate(
            _find_metric(name, task, where),
            parse_threshold(_check_mapping(t, f"{where}.{name}"), where=f"{where}.{name}"),
        )
        for name, t in gates.items()
    )


def read_comparisons(value: Mapping[str, Any] | None, task: str) -> tuple[Comparison, ...]:
    """Read ``{metric: {not_worse_than: margin}}`` or ``{metric: {better_by: margin}}``, each with an optional warn.

    A margin is a difference (``0.01``) or a share of the champion's value (``1%``). Metrics of which less is better
    are turned round.

    :raises DataMistakeError: if a metric or key is unknown, or a margin is not positive
    """
    wanted = _check_mapping(value, "versus_champion")
    return tuple(_read_comparison(name, spec, task) for name, spec in wanted.items())


def read_slices(value: Mapping[str, Any] | None, task: str) -> SliceGates | None:
    """Read ``{by: [column], min_rows: 100, gates: {metric: threshold}}``.

    :raises DataMistakeError: if a key is unknown or missing
    """
    if value is None:
        return None
    check_keys(value, ("by", "min_rows", "gates"), where="slices")
    by = [value["by"]] if isinstance(value.get("by"), str) else list(value.get("by") or [])
    if not by or not value.get("gates"):
        raise DataMistakeError("slices: needs by, a list of columns, and gates")
    min_rows = int(value.get("min_rows", _DEFAULT_MIN_ROWS))
    return SliceGates(tuple(by), min_rows, read_gates(value["gates"], task, where="slices.gates"))


def iter_slices(rows: pd.DataFrame, by: tuple[str, ...]) -> Iterator[Slice]:
    """Cut the rows by each value of each column; rows without a value are a slice as well.

    :raises DataMistakeError: if a column does not exist or has too many values to be a slice
    """
    check_columns_exist(by, rows.columns, where="slices.by")
    for column in by:
        values = rows[column].astype("string").fillna("(missing)")
        distinct = sorted(values.unique())
        if len(distinct) > _MOST_SLICES:
            raise DataMistakeError(
                f"slices.by: {column!r} has {len(distinct)} values, at most {_MOST_SLICES} can be slices"
            )
        for value in distinct:
            mask = (values == value).to_numpy(dtype=bool)
            yield Slice(f"{column}={value}", mask, int(mask.sum()))


def check_measurable(metrics: Iterable[Metric], predictions: Predictions) -> None:
    """Refuse metrics which this model can never have, because it lacks probabilities or scores.

    :raises DataMistakeError: naming the metric and what to do
    """
    for metric in metrics:
        if metric.needs and getattr(predictions, metric.needs) is None:
            raise DataMistakeError(
                f"gates: {metric.name} needs {metric.needs}, which this estimator does not give; "
                "judge it by labels (accuracy, recall, f1 …) or take another estimator"
            )


def _read_comparison(name: str, spec: Any, task: str) -> Comparison:
    where = f"versus_champion.{name}"
    check_keys(spec, ("not_worse_than", "better_by", "warn"), where=where)
    kinds = [kind for kind in ("not_worse_than", "better_by") if kind in spec]
    if len(kinds) != 1:
        raise DataMistakeError(f"{where}: give either not_worse_than or better_by")
    margin = _read_margin(spec[kinds[0]], f"{where}.{kinds[0]}")
    warn = _read_margin(spec["warn"], f"{where}.warn") if "warn" in spec else None
    return Comparison(_find_metric(name, task, "versus_champion"), kinds[0], margin, warn)


def _read_margin(value: Any, where: str) -> Margin:
    amount = parse_quantity(value, where=where)
    if amount < 0:
        raise DataMistakeError(f"{where}: {value!r} is negative; a margin is a distance")
    return Margin(str(value), amount, isinstance(value, str) and value.endswith("%"))


def _find_metric(name: str, task: str, where: str) -> Metric:
    metrics = metrics_for(task)
    if name not in metrics:
        near = difflib.get_close_matches(str(name), metrics, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataMistakeError(f"{where}: no {task} metric {name!r}{hint} There are {', '.join(metrics)}")
    return metrics[name]


def _check_mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DataMistakeError(f"{where}: expected a mapping; found {value!r:.80}")
    return value
