"""PreprocessData: holds rows out, then learns from the others how raw columns are cleaned."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.data.column_types import as_text
from operators.data.preprocessing import (
    build_preprocessor,
    check_learnable,
    parse_categorical,
    parse_numeric,
    sort_columns,
)
from operators.data.splitting import SplitSpec, infer_task, list_classes, parse_split, split_rows
from operators.mistakes import DataMistakeError, check_columns_exist, mistakes_fail_the_task
from operators.parameters import (
    CategoricalPreprocessing,
    ColumnNames,
    NumericPreprocessing,
    SplitConfig,
    TaskResult,
    Text,
)
from operators.report import Table

if TYPE_CHECKING:
    import pandas as pd
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

TRANSFORMER = "transformer.skops"


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of both parts, as they came, and what is known of the target."""

    train: pd.DataFrame
    test: pd.DataFrame
    target: str
    task: str
    """``classification`` or ``regression``."""
    classes: list[Any] | None
    """In order; None for a regression."""
    without_target: int
    """How many rows were left out because nobody knows their target."""


class PreprocessDataOperator(BaseOperator):
    """Hold test rows out, then fit imputation, clipping and rare-category grouping on the training rows only.

    Rows without a target are left out and counted. Numbers and text are told apart by the columns' types; booleans are
    categories. Columns in ``drop`` are no features, but stay in the raw rows, so that a model can be judged by a column
    it does not see. A category that was never seen in training counts as rare, where rare ones are grouped.

    .. code-block:: yaml

        preprocess_data:
          operator: PreprocessData
          dependencies: [validate_data]
          data: validate_data
          target: income
          drop: [fnlwgt]
          split: {test_size: 25%, stratify: true, random_state: 7}
          numeric: {impute: median, clip: [0.1%, 99.9%]}
          categorical: {impute: missing, min_frequency: 0.5%}

    :param data: result of a task that publishes a table (templated)
    :param target: the column to predict (templated)
    :param drop: columns that are no features (templated)
    :param split: ``test_size`` (25%), ``stratify`` (true for classes), ``random_state`` (0); or ``by_time``, a column
        whose latest rows are held out, and which is no feature (templated)
    :param numeric: ``impute`` (median, mean, most_frequent, constant with ``value``, none) and ``clip``, two quantiles
        (templated)
    :param categorical: ``impute`` (missing, most_frequent, none) and ``min_frequency``, a fraction or a number of rows,
        below which categories become one (templated)
    :param task: ``classification`` or ``regression``; by default by the target: text, booleans and integers with at
        most 20 values are classes
    """

    template_fields: Sequence[str] = ("data", "target", "drop", "split", "numeric", "categorical")

    def __init__(
        self,
        *,
        data: TaskResult,
        target: Text,
        drop: ColumnNames | tuple[str, ...] = (),
        split: SplitConfig | None = None,
        numeric: NumericPreprocessing | None = None,
        categorical: CategoricalPreprocessing | None = None,
        task: Literal["classification", "regression"] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data = data
        self.target = target
        self.drop = drop
        self.split = split
        self.numeric = numeric
        self.categorical = categorical
        self.task = task

    def execute(self, context: Context) -> dict[str, Any]:
        """Split, fit, transform and publish.

        :returns: the reference of an artefact of kind ``split``
        :raises AirflowFailException: if the table cannot be split or learnt from as declared
        """
        reference = Reference.from_xcom(self.data, where=f"{self.task_id}.data")
        with mistakes_fail_the_task(self.task_id):
            how = parse_split(self.split)
            numbers, categories = parse_numeric(self.numeric), parse_categorical(self.categorical)
            split = self._split(_read_dataset(reference), how)
            left_out = [self.target, *self.drop, *([how.by_time] if how.by_time else [])]
            numeric, categorical = sort_columns(split.train, left_out)
            check_learnable(split.train, [*numeric, *categorical])
            transformer = build_preprocessor(numeric, categorical, numbers, categories)
            transformer.fit(split.train[[*numeric, *categorical]])
        facts = {
            "target": split.target,
            "task": split.task,
            "classes": split.classes,
            "features": [*numeric, *categorical],
            "numeric": numeric,
            "categorical": categorical,
            "dropped": [name for name in left_out if name != self.target],
            "train_rows": len(split.train),
            "test_rows": len(split.test),
            "rows_without_target": split.without_target,
            "dataset": reference.to_xcom(),
        }
        return _publish(context, split, transformer, facts)

    def _split(self, frame: pd.DataFrame, how: SplitSpec) -> Split:
        check_columns_exist([self.target], frame.columns, where="target")
        check_columns_exist(self.drop, frame.columns, where="drop")
        if self.target in self.drop:
            raise DataMistakeError(f"drop: holds the target {self.target!r}")
        known = frame[frame[self.target].notna()].reset_index(drop=True)
        task = infer_task(known[self.target], self.task)
        known[self.target] = _target_values(known[self.target], task)
        classes = list_classes(known[self.target]) if task == "classification" else None
        train, test = split_rows(known, self.target, task, how)
        split = Split(
            known.iloc[train].reset_index(drop=True),
            known.iloc[test].reset_index(drop=True),
            *(self.target, task, classes, len(frame) - len(known)),
        )
        _check_train(split)
        log.info("%s of %r\n%s", task, self.target, _describe(split).to_text())
        return split


def _read_dataset(reference: Reference) -> pd.DataFrame:
    if reference.kind != "dataset":
        raise DataMistakeError(
            f"data: needs a table, as ValidateData passes it on; found an artefact of kind {reference.kind!r}"
        )
    return Artifact(reference).read_frame("data.parquet")


def _target_values(target: pd.Series, task: str) -> pd.Series:
    if task == "regression":
        return target.astype("float64")
    return target if target.dtype.kind in "iub" else as_text(target)


def _check_train(split: Split) -> None:
    column = split.train[split.target]
    if column.nunique() < 2:  # noqa: PLR2004
        raise DataMistakeError(
            f"target: {split.target!r} is {column.tolist()[0]!r} in every training row; nothing can be learnt from that"
        )


def _describe(split: Split) -> Table:
    parts = (("train", split.train), ("test", split.test))
    rows: list[tuple[Any, ...]]
    if split.classes is None:
        rows = [(name, len(part), f"{part[split.target].mean():.6g}") for name, part in parts]
        return Table("Split", ("part", "rows", "mean"), tuple(rows))
    shown = split.classes[:8]
    rows = [
        (name, len(part), *(f"{100 * (part[split.target] == label).mean():.2f} %" for label in shown))
        for name, part in parts
    ]
    return Table("Split", ("part", "rows", *map(str, shown)), tuple(rows))


def _publish(context: Context, split: Split, transformer: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    from operators.trusted_types import import_skops

    artifact = ArtifactWriter(context)
    for name, part in (("train", split.train), ("test", split.test)):
        artifact.write_frame(f"{name}_raw.parquet", part)
        transformed = transformer.transform(part)
        transformed[split.target] = part[split.target]
        artifact.write_frame(f"{name}.parquet", transformed)
    artifact.write_bytes(TRANSFORMER, import_skops().dumps(transformer))
    counts = {"train": len(split.train), "test": len(split.test), "rejected": split.without_target}
    for kind, rows in counts.items():
        ti = context["ti"]
        stats.emit(stats.ML_DATA_ROWS, rows, dag_id=ti.dag_id, task_id=ti.task_id, kind=kind)
    return artifact.publish("split", rows=len(split.train) + len(split.test), facts=facts).to_xcom()
