"""What is measured and judged of a model, as metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from operators import stats
from operators.verdict import METRIC_VALUE, Outcome, Verdict

if TYPE_CHECKING:
    from operators.model.evaluation import Evaluation


def emit_evaluation(
    evaluation: Evaluation,
    measured: Mapping[str, tuple[float, float]],
    *,
    dag_id: str,
    task_id: str,
    model: str,
    alias: str,
    failures: Mapping[str, int],
) -> None:
    """Send every metric of the model, every gate with its threshold, and what the champion is.

    :param measured: metric -> the model's value and the champion's
    :param failures: gate -> runs in a row that have failed it
    :param model: the registered model
    :param alias: the champion's
    """
    for name, (value, _) in measured.items():
        stats.emit(stats.ML_METRIC, value, dag_id=dag_id, model=model, metric=name)
    for gate, verdict in gates_of(evaluation).items():
        _emit_gate(gate, verdict, failures[gate], dag_id=dag_id, task_id=task_id)
    emit_alias(evaluation.rival.version, evaluation.rival.trained_at, dag_id=dag_id, model=model, alias=alias)


def gates_of(evaluation: Evaluation) -> dict[str, Verdict]:
    """Give the verdict of each gate; of a gate on slices the worst: one for each slice would grow with the data."""
    of_slices = {id(verdict) for result in evaluation.slices for verdict in result.verdicts}
    gates = {v.name: v for v in evaluation.verdicts if id(v) not in of_slices}
    return {**gates, **_worst_slices(evaluation)}


def emit_alias(version: int | None, trained_at: str, *, dag_id: str, model: str, alias: str) -> None:
    """Send which version an alias points to, and when it was trained.

    :param version: None if there is none
    :param trained_at: ISO 8601; empty if that is not known
    """
    tags = {"dag_id": dag_id, "model": model, "alias": alias}
    stats.emit(stats.ML_MODEL_VERSION, version, **tags)
    if trained_at:
        stats.emit(stats.ML_MODEL_TRAINED, datetime.fromisoformat(trained_at).timestamp(), **tags)


def emit_latency(latencies_ms: Sequence[float], *, dag_id: str, model: str) -> None:
    """Send the median and the 95th percentile of the time for one row.

    :param latencies_ms: one for each row
    """
    ordered = sorted(latencies_ms)
    for quantile in (0.5, 0.95):
        if ordered:
            value = ordered[math.ceil(quantile * len(ordered)) - 1] / 1000
            stats.emit(stats.ML_PREDICT_LATENCY, value, dag_id=dag_id, model=model, quantile=str(quantile))


def _emit_gate(gate: str, verdict: Verdict, failures: int, *, dag_id: str, task_id: str) -> None:
    tags = {"dag_id": dag_id, "task_id": task_id, "gate": gate}
    stats.emit(stats.ML_GATE_VERDICT, METRIC_VALUE[verdict.outcome], **tags)
    stats.emit(stats.ML_GATE_CONSECUTIVE_FAILURES, failures, **tags)
    if isinstance(verdict.observed, int | float):
        stats.emit(stats.ML_GATE_OBSERVED, verdict.observed, **tags)
    for bound, value in verdict.limits.items():
        stats.emit(stats.ML_GATE_THRESHOLD, value, **tags, bound=bound)


def _worst_slices(evaluation: Evaluation) -> dict[str, Verdict]:
    """Give, for each gate on slices, the slice that is worst off."""
    found: dict[str, Verdict] = {}
    for verdict in (verdict for result in evaluation.slices for verdict in result.verdicts):
        gate = f"slices.{verdict.name.rpartition('.')[2]}"
        if gate not in found or _badness(verdict) > _badness(found[gate]):
            found[gate] = verdict
    return found


def _badness(verdict: Verdict) -> tuple[int, float]:
    if verdict.outcome is Outcome.INCONCLUSIVE or not isinstance(verdict.observed, int | float):
        return METRIC_VALUE[verdict.outcome], 0.0
    low, high = verdict.limits.get("fail_min", -math.inf), verdict.limits.get("fail_max", math.inf)
    return METRIC_VALUE[verdict.outcome], -min(verdict.observed - low, high - verdict.observed)
