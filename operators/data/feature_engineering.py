"""FeatureEngineering: adds declared features to preprocessed columns and makes the matrix that an estimator takes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.data.feature_specs import check_features
from operators.mistakes import (
    DataMistakeError,
    check_choice,
    check_columns_exist,
    mistakes_fail_the_task,
    quoted,
)
from operators.parameters import ColumnNames, Features, TaskResult

if TYPE_CHECKING:
    import pandas as pd
    from airflow.sdk import Context
    from sklearn.pipeline import Pipeline

    from operators.data.transformers import DeclaredFeatures

log = logging.getLogger("airflow.task")

TRANSFORMER = "transformer.skops"
ENCODE = ("one_hot", "ordinal", "none")
SCALE = ("standard", "robust", "minmax", "none")
IMPUTE = ("median", "mean", "none")

_MOST_CATEGORIES = 1000
_FACTS_PASSED_ON = ("target", "task", "classes", "features", "numeric", "categorical", "train_rows", "test_rows")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns become part of the matrix, by what is done to them."""

    numeric: tuple[str, ...]
    declared: tuple[str, ...]
    categorical: tuple[str, ...]


class FeatureEngineeringOperator(BaseOperator):
    """Compute declared features row by row, then encode categories and scale numbers, fitted on the training rows only.

    A feature without a finite value (a ratio to 0, log1p of -1 and below) is missing; ``impute`` fills it from the
    training rows. A category that was never seen in training becomes zeros (one_hot) or -1 (ordinal). Scaling is for
    numbers and declared features, not for encoded categories. A feature may use the features declared before it.

    .. code-block:: yaml

        feature_engineering:
          operator: FeatureEngineering
          dependencies: [preprocess_data]
          data: preprocess_data
          features:
            capital_net: {difference: [capital_gain, capital_loss]}
            log_gain: {log1p: capital_gain}
            gain_per_hour: {ratio: [capital_gain, hours_per_week]}
            age_squared: {power: [age, 2]}
            age_group: {bin: {column: age, edges: [25, 40, 65]}}
            hours_quartile: {bin: {column: hours_per_week, quantiles: 4}}
          encode: ordinal
          scale: none

    :param data: result of a PreprocessData task (templated)
    :param features: new column -> ``ratio`` or ``difference`` of two columns, ``product``, ``sum`` or ``mean`` of
        several, ``log1p`` of one, ``power`` of a column and an exponent, ``bin`` of a ``column`` by ``edges`` or into
        ``quantiles`` (templated)
    :param encode: ``one_hot``, ``ordinal``, or ``none`` where no column is a category
    :param scale: ``standard``, ``robust``, ``minmax`` or ``none``
    :param impute: ``median``, ``mean`` or ``none``: what takes the place of a declared feature that has no value
    :param select: the columns and features that become part of the matrix; all if not given (templated)
    """

    template_fields: Sequence[str] = ("data", "features", "select")

    def __init__(
        self,
        *,
        data: TaskResult,
        features: Features | None = None,
        encode: Literal["one_hot", "ordinal", "none"] = "one_hot",
        scale: Literal["standard", "robust", "minmax", "none"] = "none",
        impute: Literal["median", "mean", "none"] = "median",
        select: ColumnNames | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data = data
        self.features = features
        self.encode = encode
        self.scale = scale
        self.impute = impute
        self.select = select

    def execute(self, context: Context) -> dict[str, Any]:
        """Fit, transform and publish.

        :returns: the reference of an artefact of kind ``features``
        :raises AirflowFailException: if a feature cannot be computed or a choice does not fit the columns
        """
        reference = Reference.from_xcom(self.data, where=f"{self.task_id}.data")
        with mistakes_fail_the_task(self.task_id):
            split = _open_split(reference)
            columns = self._choose(split.facts)
            train, test = split.read_frame("train.parquet"), split.read_frame("test.parquet")
            _check_categories(train, columns.categorical, self.encode)
            self._check_computed(train, columns.declared)
            transformer = self._build(columns)
            matrix = transformer.fit_transform(train.drop(columns=split.facts["target"]))
        matrices = {"train": matrix, "test": transformer.transform(test)}
        targets = {"train": train[split.facts["target"]], "test": test[split.facts["target"]]}
        facts = {
            **{key: split.facts[key] for key in _FACTS_PASSED_ON},
            "columns": [str(name) for name in matrix.columns],
            "declared": {str(name): dict(spec) for name, spec in (self.features or {}).items()},
            "preprocess": reference.to_xcom(),
        }
        log.info("%d raw columns became %d: %s", len(facts["features"]), matrix.shape[1], quoted(facts["columns"]))
        return _publish(context, matrices, targets, transformer, facts)

    def _choose(self, facts: Mapping[str, Any]) -> Columns:
        check_choice(self.encode, ENCODE, where="encode")
        check_choice(self.scale, SCALE, where="scale")
        check_choice(self.impute, IMPUTE, where="impute")
        features = self.features or {}
        check_features(features, facts["numeric"], [*facts["features"], facts["target"]])
        available = [*facts["features"], *features]
        if self.select is not None:
            check_columns_exist(self.select, available, where="select")
        kept = set(available if self.select is None else self.select)
        if not kept:
            raise DataMistakeError("select: names no column; leave it out to take all")
        groups = (facts["numeric"], features, facts["categorical"])
        columns = Columns(*(tuple(str(name) for name in group if name in kept) for group in groups))
        if self.encode == "none" and columns.categorical:
            raise DataMistakeError(
                f"encode: none leaves text in {quoted(columns.categorical)}; allowed are one_hot and ordinal, "
                "or a `select` without these columns"
            )
        return columns

    def _build(self, columns: Columns) -> Pipeline:
        from sklearn.compose import ColumnTransformer
        from sklearn.pipeline import Pipeline

        parts = [
            ("numbers", _chain(_scaler(self.scale)), list(columns.numeric)),
            ("declared", _chain(_imputer(self.impute), _scaler(self.scale)), list(columns.declared)),
            ("categories", _encoder(self.encode), list(columns.categorical)),
        ]
        used = [part for part in parts if part[2]]
        steps: list[tuple[str, Any]] = [("columns", ColumnTransformer(used, verbose_feature_names_out=False))]
        if self.features:
            steps.insert(0, ("declare", self._declare()))
        return Pipeline(steps).set_output(transform="pandas")

    def _declare(self) -> DeclaredFeatures:
        from operators.data.transformers import DeclaredFeatures

        return DeclaredFeatures({str(name): dict(spec) for name, spec in (self.features or {}).items()})

    def _check_computed(self, train: pd.DataFrame, declared: Sequence[str]) -> None:
        """Refuse a feature without any value, which an imputer would silently leave out."""
        computed = self._declare().fit_transform(train) if declared else train
        empty = [name for name in declared if computed[name].isna().all()]
        if empty:
            raise DataMistakeError(
                f"features.{empty[0]}: has no finite value in any of the {len(train)} training rows; "
                "check for ratios to 0 and log1p of -1 and below"
            )


def _open_split(reference: Reference) -> Artifact:
    if reference.kind != "split":
        raise DataMistakeError(
            f"data: needs the result of PreprocessData; found an artefact of kind {reference.kind!r}"
        )
    return Artifact(reference)


def _check_categories(train: pd.DataFrame, categorical: Sequence[str], encode: str) -> None:
    if encode != "one_hot":
        return
    for name in categorical:
        count = train[name].nunique()
        if count > _MOST_CATEGORIES:
            raise DataMistakeError(
                f"encode: one_hot would make {count:,} columns of {name!r}; at most {_MOST_CATEGORIES:,} are allowed. "
                "Drop it, set categorical.min_frequency in PreprocessData, or write `encode: ordinal`"
            )


def _scaler(kind: str) -> Any:
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    makers = {"standard": StandardScaler, "robust": RobustScaler, "minmax": MinMaxScaler}
    return makers[kind]() if kind in makers else None


def _imputer(kind: str) -> Any:
    from sklearn.impute import SimpleImputer

    return None if kind == "none" else SimpleImputer(strategy=kind)


def _encoder(kind: str) -> Any:
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    if kind == "one_hot":
        return OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.int8)
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def _chain(*steps: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    used = [step for step in steps if step is not None]
    return make_pipeline(*used) if used else "passthrough"


def _publish(
    context: Context,
    matrices: Mapping[str, pd.DataFrame],
    targets: Mapping[str, pd.Series],
    transformer: Pipeline,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    from operators.trusted_types import import_skops

    artifact = ArtifactWriter(context)
    for part, matrix in matrices.items():
        artifact.write_frame(f"{part}.parquet", matrix.assign(**{facts["target"]: targets[part].to_numpy()}))
    artifact.write_bytes(TRANSFORMER, import_skops().dumps(transformer))
    return artifact.publish("features", rows=sum(map(len, matrices.values())), facts=facts).to_xcom()
