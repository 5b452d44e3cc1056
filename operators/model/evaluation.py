"""Evaluation: one model's predictions on the test rows beside the champion's, measured, judged and laid out."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.model.gates import Comparison, Gate, SliceGates, iter_slices
from operators.model.metrics import Metric, Predictions, metrics_for
from operators.model.model_file import Champion, Model
from operators.report import Section, Table
from operators.verdict import Verdict, format_value

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("airflow.task")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the YAML demands of a model."""

    gates: tuple[Gate, ...]
    comparisons: tuple[Comparison, ...]
    slices: SliceGates | None

    def metrics(self) -> Iterator[Metric]:
        """Give every metric that is asked for."""
        gates = (*self.gates, *(self.slices.gates if self.slices else ()))
        yield from (gate.metric for gate in gates)
        yield from (comparison.metric for comparison in self.comparisons)


@dataclass(frozen=True, slots=True)
class Rival:
    """The champion's part in the comparison; all defaults where there is none."""

    version: int | None = None
    generation: int = 0
    """Of the alias, when it was read."""
    predictions: Predictions | None = None
    problem: str = ""
    """Why a champion that exists cannot be compared with."""
    trained_at: str = ""
    """ISO 8601; empty if its training did not say."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """One slice of the rows."""

    name: str
    rows: int
    verdicts: tuple[Verdict, ...]
    """Empty for a slice that is too small to be judged."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured and judged."""

    model: Model
    own: Predictions
    rival: Rival
    verdicts: tuple[Verdict, ...]
    slices: tuple[SliceResult, ...]

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics of the model's task by name."""
        return metrics_for(self.model.facts["task"])

    def measure_all(self) -> dict[str, tuple[float, float]]:
        """Give every metric of the task for the model and the champion; NaN where it cannot be measured."""
        rival = self.rival.predictions
        return {
            name: (metric.measure(self.own), metric.measure(rival) if rival else math.nan)
            for name, metric in self.metrics.items()
        }


def why_not_comparable(champion: Champion, model: Model, rows: pd.DataFrame) -> str:
    """Say why a champion cannot judge these rows; empty if it can."""
    name, facts = f"the champion (version {champion.entry.version})", champion.model.facts
    missing = [column for column in facts["features"] if column not in rows.columns]
    if missing:
        return f"{name} needs columns that the rows lack: {', '.join(missing[:10])}"
    for key in ("task", "target", "classes"):
        if facts[key] != model.facts[key]:
            return f"{name} has {key} {facts[key]!r}, the model has {model.facts[key]!r}"
    return ""


def compare(comparisons: Sequence[Comparison], own: Predictions, rival: Rival) -> Iterator[Verdict]:
    """Judge the model against a champion that exists."""
    for comparison in comparisons:
        if rival.version is None or rival.predictions is None:
            yield comparison.cannot_judge(rival.problem)
        else:
            observed, reference = (comparison.metric.measure(p) for p in (own, rival.predictions))
            yield comparison.judge(observed, reference, version=rival.version)


def judge_slices(wanted: SliceGates | None, rows: pd.DataFrame, own: Predictions) -> Iterator[SliceResult]:
    """Judge every slice that has enough rows; the others are given without verdicts, and logged."""
    if wanted is None:
        return
    for part in iter_slices(rows, wanted.by):
        if part.rows < wanted.min_rows:
            log.warning("slice %s has %d rows, fewer than %d: not judged", part.name, part.rows, wanted.min_rows)
            yield SliceResult(part.name, part.rows, ())
            continue
        predictions = own.only(part.mask)
        verdicts = tuple(
            gate.judge(gate.metric.measure(predictions), prefix=f"{part.name}.", message=f"{part.rows} rows")
            for gate in wanted.gates
        )
        yield SliceResult(part.name, part.rows, verdicts)


def metric_table(evaluation: Evaluation, measured: Mapping[str, tuple[float, float]]) -> Table:
    """Lay out every metric of the model beside the champion's."""
    rows = []
    for name, (own, rival) in measured.items():
        metric = evaluation.metrics[name]
        better = "higher" if metric.higher_is_better else "lower"
        rows.append((name, _number(own), _number(rival), _number(metric.gain(own, rival)), better))
    return Table("Metrics on the test rows", ("metric", "model", "champion", "gain", "better_is"), tuple(rows))


def slice_table(slices: Sequence[SliceResult]) -> Iterator[Section]:
    """Lay out the slices, those that are too small included; nothing if none were asked for."""
    if not slices:
        return
    rows: list[tuple[Any, ...]] = []
    for result in slices:
        if not result.verdicts:
            rows.append((result.name, result.rows, "–", "–", "too small"))
        rows.extend(
            (result.name, result.rows, v.name.rpartition(".")[2], format_value(v.observed), str(v.outcome))
            for v in result.verdicts
        )
    yield Table("Slices", ("slice", "rows", "metric", "observed", "verdict"), tuple(rows))


def to_plain(measured: Mapping[str, tuple[float, float]], slices: Sequence[SliceResult]) -> dict[str, Any]:
    """Give the numbers as JSON values; null where one could not be measured."""
    return {
        "model": {name: _or_none(own) for name, (own, _) in measured.items()},
        "champion": {name: _or_none(rival) for name, (_, rival) in measured.items()},
        "slices": [
            {"name": r.name, "rows": r.rows, "verdicts": [verdict.to_json() for verdict in r.verdicts]} for r in slices
        ],
    }


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float) -> str:
    return format_value(_or_none(value))
