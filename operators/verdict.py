"""Verdicts: what a check, a gate or a smoke test says, and how it is kept, shown and told to later tasks."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from operators import stats
from operators.report import Section, Table, render_report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from operators.artifacts import ArtifactWriter

log = logging.getLogger("airflow.task")

_NAMED_AT_MOST = 5


class Outcome(StrEnum):
    """What a verdict says. Inconclusive: it could not be measured, which is not a pass."""

    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


_WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WARN, Outcome.PASS)
METRIC_VALUE = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.INCONCLUSIVE: 2, Outcome.FAIL: 3}
"""The value of an outcome in metrics: the higher, the worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One observed value against one threshold."""

    name: str
    """What was judged, e.g. ``roc_auc``, ``age.nulls``, ``sex=Female.recall``."""
    outcome: Outcome
    observed: float | str | None
    """The measured value; None where it could not be measured."""
    threshold: str
    """The threshold as the YAML has it."""
    bound: float | None = None
    """The confidence bound that was compared, where one was used instead of the point estimate."""
    message: str = ""
    """What a person needs beside the numbers."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The threshold as numbers, for metrics: ``fail_min``, ``fail_max``, ``warn_min``, ``warn_max``, if there are."""

    def to_json(self) -> dict[str, Any]:
        """Give the plain form, with the outcome under the key ``verdict``."""
        plain = {**asdict(self), "observed": _json_value(self.observed), "bound": _json_value(self.bound)}
        plain["verdict"] = str(plain.pop("outcome"))
        del plain["limits"]
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All verdicts of one task."""

    title: str
    """For the report's heading, e.g. ``Quality gates``."""
    verdicts: tuple[Verdict, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain numbers and names worth showing, e.g. ``{"rows_in": 569, "rows_rejected": 0}``."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """What was judged, by sha256: ``{"data": "…", "model": "…"}``."""
    inconclusive_fails: bool = True
    """Whether a value that could not be measured stops the run."""

    @property
    def outcome(self) -> Outcome:
        """The worst outcome; a judgement without verdicts passes."""
        found = {verdict.outcome for verdict in self.verdicts}
        return next((outcome for outcome in _WORST_FIRST if outcome in found), Outcome.PASS)

    @property
    def stops_the_run(self) -> bool:
        """Whether the task has to fail."""
        return self.outcome is Outcome.FAIL or (self.inconclusive_fails and self.outcome is Outcome.INCONCLUSIVE)

    def stopping(self) -> list[Verdict]:
        """Give the verdicts which stop the run, those that fail before those that could not be measured."""
        outcomes = (Outcome.FAIL, Outcome.INCONCLUSIVE) if self.inconclusive_fails else (Outcome.FAIL,)
        return [verdict for outcome in outcomes for verdict in self.verdicts if verdict.outcome is outcome]

    def failure_message(self) -> str:
        """One line that names every verdict which stops the run."""
        parts = [
            f"{v.name} {v.outcome}: observed {format_value(v.observed)}, threshold {v.threshold}"
            + (f" ({v.message})" if v.message else "")
            for v in self.stopping()
        ]
        return f"{self.title}: {len(parts)} of {len(self.verdicts)} not passed. " + "; ".join(parts)


def _json_value(value: float | str | None) -> float | str | None:
    """Give what JSON can hold: it has no NaN, which says that nothing was measured, and no infinity."""
    if value is None or isinstance(value, str):
        return value
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(value)


def format_value(value: float | str | None) -> str:
    """Write an observed value for people: six significant digits, a dash where there is none."""
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return "–"
    return value if isinstance(value, str) else f"{value:.6g}"


def verdict_table(verdicts: Sequence[Verdict], title: str = "Verdicts") -> Table:
    """Lay verdicts out as a table, the worst first."""
    order = {outcome: position for position, outcome in enumerate(_WORST_FIRST)}
    rows = [
        (v.name, str(v.outcome), format_value(v.observed), v.threshold, v.message)
        for v in sorted(verdicts, key=lambda v: order[v.outcome])
    ]
    return Table(title=title, columns=("name", "verdict", "observed", "threshold", "note"), rows=tuple(rows))


def record_judgement(
    context: Context, artifact: ArtifactWriter, judgement: Judgement, *, sections: Sequence[Section] = ()
) -> None:
    """Keep a judgement and tell of it: log, ``verdicts.json``, ``report.html``, XCom key ``verdict``, metrics.

    It never raises for a bad verdict; the operator does, after it has published its artefact.

    :param context: the task's context
    :param artifact: where the two files are written
    :param judgement: what was judged
    :param sections: tables and figures that the report shows below the verdicts
    """
    ti = context["ti"]
    table = verdict_table(judgement.verdicts)
    log.info("%s: %s\n%s", judgement.title, judgement.outcome, table.to_text())
    identity = {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id}
    artifact.write_json(
        "verdicts.json",
        {
            "title": judgement.title,
            **identity,
            "verdict": str(judgement.outcome),
            "verdicts": [verdict.to_json() for verdict in judgement.verdicts],
            "facts": dict(judgement.facts),
            "evidence": dict(judgement.evidence),
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    facts = {**identity, **judgement.facts, **{f"sha256 of {k}": v for k, v in judgement.evidence.items()}}
    page = render_report(judgement.title, str(judgement.outcome), facts, (table, *sections))
    artifact.write_text("report.html", page)
    ti.xcom_push(key="verdict", value=_summary(judgement, artifact))
    _emit_metrics(judgement, ti.dag_id, ti.task_id)


def _summary(judgement: Judgement, artifact: ArtifactWriter) -> dict[str, Any]:
    counts = Counter(verdict.outcome for verdict in judgement.verdicts)
    return {
        "verdict": str(judgement.outcome),
        "passed": counts[Outcome.PASS],
        "warned": counts[Outcome.WARN],
        "failed": counts[Outcome.FAIL],
        "inconclusive": counts[Outcome.INCONCLUSIVE],
        "failing": [verdict.name[:60] for verdict in judgement.stopping()[:_NAMED_AT_MOST]],
        "verdicts": artifact.uri_of("verdicts.json"),
        "report": artifact.uri_of("report.html"),
    }


def _emit_metrics(judgement: Judgement, dag_id: str, task_id: str) -> None:
    tags = {"dag_id": dag_id, "task_id": task_id}
    stats.emit(stats.PIPELINE_VERDICT, METRIC_VALUE[judgement.outcome], **tags)
    for outcome, count in Counter(verdict.outcome for verdict in judgement.verdicts).items():
        stats.emit(stats.PIPELINE_VERDICTS, count, **tags, verdict=str(outcome))
