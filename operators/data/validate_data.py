"""ValidateData: judges a table before anything is learnt from it, and passes on only the rows that hold."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from operators import stats
from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.data.column_checks import CheckedColumn, ColumnSpec, Finding, check_column, parse_column
from operators.data.data_report import REASONS, make_sections
from operators.data.table_checks import (
    ON_EXTRA_COLUMNS,
    DuplicateSpec,
    FreshnessSpec,
    check_duplicates,
    check_extra,
    check_freshness,
    check_presence,
    check_rows,
    parse_duplicates,
    parse_freshness,
)
from operators.mistakes import DataMistakeError, check_choice, mistakes_fail_the_task
from operators.parameters import ColumnChecks, DuplicateRows, Freshness, TaskResult, ThresholdConfig
from operators.thresholds import Threshold, parse_threshold
from operators.verdict import METRIC_VALUE, Judgement, Verdict, record_judgement

if TYPE_CHECKING:
    import pandas as pd
    from airflow.sdk import Context

    from operators.data.column_types import Mask

log = logging.getLogger("airflow.task")

TABLE = "data.parquet"
REJECTED = "rejected.parquet"
_MOST_SERIES = 200
"""Checks of one task that are metrics; the YAML names them, so they are the same ones each time."""
ON_BAD_ROWS = ("quarantine", "drop", "keep")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What a table must hold."""

    columns: tuple[ColumnSpec, ...]
    rows: Threshold | None
    duplicates: DuplicateSpec | None
    freshness: FreshnessSpec | None
    on_extra_columns: str
    on_bad_rows: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the checks found."""

    verdicts: tuple[Verdict, ...]
    rules: Mapping[str, Mask]
    """Rule -> the rows that break it, for rules that some row breaks."""
    columns: tuple[CheckedColumn, ...]


class ValidateDataOperator(BaseOperator):
    """Judge a table; a failed check fails the run without a retry, with a report of what was found.

    Each rule of a column tolerates a fraction of bad rows (``bad``, none by default). Missing values break no rule but
    ``nulls``, which counts them. Rows that break a rule within its tolerance, or repeat another row, are taken out of
    what is passed on, so that the next task gets rows that hold; missing values stay, for the next task to fill.
    Each declared column is passed on as the declared type.

    .. code-block:: yaml

        validate_data:
          operator: ValidateData
          dependencies: [download_data]
          data: download_data
          rows: {min: 3}
          duplicates: {keys: [name], warn: 0, fail: 10%}
          on_extra_columns: warn
          columns:
            name: {type: text, pattern: "[A-Z][a-z]+", nulls: {fail: 0}}
            age: {type: integer, between: [16, 100], bad: {warn: 0, fail: 0.1%}}
            sex: {type: category, allowed: [Female, Male], nulls: {warn: 1%, fail: 5%}}
          on_bad_rows: quarantine

    :param data: result of a task that publishes a table (templated)
    :param columns: column name -> ``type`` (number, integer, category, text, boolean, datetime), ``between`` or
        ``min`` and ``max``, ``allowed``, ``pattern`` (RE2, the whole value), ``unique``, ``nulls``, ``bad``,
        ``required`` (true) (templated)
    :param rows: threshold of the number of rows (templated)
    :param duplicates: threshold of the fraction of rows that repeat an earlier one, and ``keys``, the columns that make
        two rows the same (all) (templated)
    :param freshness: ``column`` with the time of each row, and a threshold of the newest one's age (templated)
    :param on_extra_columns: ``allow``, ``warn`` or ``fail`` for columns that are not declared
    :param on_bad_rows: ``quarantine`` takes them out and keeps them in ``rejected.parquet`` with their reasons,
        ``drop`` takes them out, ``keep`` passes them on
    """

    template_fields: Sequence[str] = ("data", "columns", "rows", "duplicates", "freshness")

    def __init__(
        self,
        *,
        data: TaskResult,
        columns: Mapping[str, ColumnChecks] | None = None,
        rows: ThresholdConfig | None = None,
        duplicates: DuplicateRows | None = None,
        freshness: Freshness | None = None,
        on_extra_columns: Literal["allow", "warn", "fail"] = "allow",
        on_bad_rows: Literal["keep", "drop", "quarantine"] = "quarantine",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data = data
        self.columns = columns
        self.rows = rows
        self.duplicates = duplicates
        self.freshness = freshness
        self.on_extra_columns = on_extra_columns
        self.on_bad_rows = on_bad_rows

    def execute(self, context: Context) -> dict[str, Any]:
        """Judge, report and publish.

        :returns: the reference of an artefact of kind ``dataset`` with the accepted rows
        :raises AirflowFailException: if a check fails or could not be made, or a parameter has no meaning
        """
        reference = Reference.from_xcom(self.data, where=f"{self.task_id}.data")
        with mistakes_fail_the_task(self.task_id):
            spec = self._parse()
            source = _open_dataset(reference)
            frame = source.read_frame(TABLE)
            inspection = inspect_table(frame, spec)
        bad = bad_rows(inspection, len(frame))
        judgement = Judgement(
            title="Data quality",
            verdicts=inspection.verdicts,
            facts={
                "rows_in": len(frame),
                "rows_rejected": 0 if spec.on_bad_rows == "keep" else int(bad.sum()),
                "on_bad_rows": spec.on_bad_rows,
                "source": source.facts.get("source", reference.uri),
            },
            evidence={"data": source.files[TABLE]["sha256"]},
        )
        published = self._publish(context, frame, inspection, judgement)
        if judgement.stops_the_run:
            raise AirflowFailException(judgement.failure_message())
        return published.to_xcom()

    def _parse(self) -> TableSpec:
        return TableSpec(
            columns=tuple(
                parse_column(str(name), value, where=f"columns.{name}") for name, value in (self.columns or {}).items()
            ),
            rows=parse_threshold(self.rows, where="rows") if self.rows is not None else None,
            duplicates=parse_duplicates(self.duplicates) if self.duplicates is not None else None,
            freshness=parse_freshness(self.freshness) if self.freshness is not None else None,
            on_extra_columns=check_choice(self.on_extra_columns, ON_EXTRA_COLUMNS, where="on_extra_columns"),
            on_bad_rows=check_choice(self.on_bad_rows, ON_BAD_ROWS, where="on_bad_rows"),
        )

    def _publish(
        self, context: Context, frame: pd.DataFrame, inspection: Inspection, judgement: Judgement
    ) -> Reference:
        artifact = ArtifactWriter(context)
        bad = bad_rows(inspection, len(frame))
        rejected = frame[bad].assign(**{REASONS: reasons_of(inspection, bad)})
        record_judgement(context, artifact, judgement, sections=make_sections(frame, inspection.columns, rejected))
        emit_checks(context["ti"], judgement)
        if self.on_bad_rows == "quarantine" and len(rejected):
            artifact.write_frame(REJECTED, rejected)
        if judgement.stops_the_run:
            return artifact.publish("judgement", facts=judgement.facts)
        accepted = typed_frame(frame, inspection, ~bad | (self.on_bad_rows == "keep"))
        artifact.write_frame(TABLE, accepted)
        return artifact.publish("dataset", rows=len(accepted), facts=judgement.facts)


def inspect_table(frame: pd.DataFrame, spec: TableSpec) -> Inspection:
    """Make every check.

    :raises DataMistakeError: if a check names a column that is not declared and does not exist
    """
    names = [str(name) for name in frame.columns]
    columns = tuple(check_column(column, frame[column.name]) for column in spec.columns if column.name in names)
    findings = [finding for column in columns for finding in column.findings]
    if spec.duplicates:
        findings.insert(0, check_duplicates(frame, spec.duplicates))
    of_the_table = (
        check_rows(frame, spec.rows) if spec.rows else None,
        check_presence(spec.columns, names) if spec.columns else None,
        check_extra(spec.columns, names, spec.on_extra_columns),
        check_freshness(frame, spec.freshness) if spec.freshness else None,
    )
    verdicts = [verdict for verdict in of_the_table if verdict] + [finding.verdict for finding in findings]
    return Inspection(tuple(verdicts), _broken_rules(findings), columns)


def bad_rows(inspection: Inspection, rows: int) -> Mask:
    """Tell which rows break any rule."""
    import numpy as np

    bad = np.zeros(rows, dtype=bool)
    for broken in inspection.rules.values():
        bad |= broken
    return bad


def reasons_of(inspection: Inspection, bad: Mask) -> list[str]:
    """Name, for each bad row, the rules that it breaks: ``age.between; duplicates``."""
    reasons = [""] * int(bad.sum())
    for rule, broken in inspection.rules.items():
        for position in broken[bad].nonzero()[0]:
            reasons[position] += f"; {rule}" if reasons[position] else rule
    return reasons


def typed_frame(frame: pd.DataFrame, inspection: Inspection, kept: Mask) -> pd.DataFrame:
    """Give the kept rows, each declared column as its declared type.

    A column that still holds cells which cannot be read so stays as it was; nothing is turned into a missing value.
    """
    from operators.data.column_types import read_values

    result = frame[kept].reset_index(drop=True)
    for column in inspection.columns:
        name, kind = column.spec.name, column.spec.type
        if kind is None:
            continue
        if column.unreadable[kept].any():
            log.warning("column %s keeps cells that are no %s, so it stays as it was", name, kind)
        else:
            result[name] = read_values(result[name], kind)[0]
    return result


def emit_checks(ti: Any, judgement: Judgement) -> None:
    """Send the verdict of each check, and how many rows came and were taken out."""
    tags = {"dag_id": ti.dag_id, "task_id": ti.task_id}
    for kind, fact in (("in", "rows_in"), ("rejected", "rows_rejected")):
        stats.emit(stats.ML_DATA_ROWS, judgement.facts[fact], **tags, kind=kind)
    for verdict in judgement.verdicts[:_MOST_SERIES]:
        stats.emit(stats.ML_DATA_CHECK, METRIC_VALUE[verdict.outcome], **tags, check=verdict.name)


def _open_dataset(reference: Reference) -> Artifact:
    if reference.kind != "dataset":
        raise DataMistakeError(
            f"data: needs a table, as DownloadData makes it; found an artefact of kind {reference.kind!r}"
        )
    return Artifact(reference)


def _broken_rules(findings: Sequence[Finding]) -> dict[str, Mask]:
    return {f.verdict.name: f.broken for f in findings if f.broken is not None and f.broken.any()}
