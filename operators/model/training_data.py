"""Training data: reads what preprocessing and feature engineering left, as one value that a model is fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.artifacts import Artifact, Reference
from operators.mistakes import DataMistakeError
from operators.trusted_types import load_or_fail

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TRANSFORMER = "transformer.skops"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """One split of a table, raw and transformed, and what transformed it."""

    train: pd.DataFrame
    """The numeric matrix that the estimator is fitted on, without the target."""
    train_target: np.ndarray[Any, Any]
    test: pd.DataFrame
    """The same columns for the rows that are kept for the evaluation."""
    raw_train: pd.DataFrame
    """The training rows as they came, features only."""
    raw_test: pd.DataFrame
    transformers: tuple[tuple[str, Any], ...]
    """Step name and fitted transformer, in order; together they turn raw rows into the matrix."""
    facts: dict[str, Any]
    """target, task, classes, features, numeric, categorical."""
    split: Reference
    """The artefact that holds the raw rows."""


def read_training_data(value: Any) -> TrainingData:
    """Read the artefact of FeatureEngineering, or that of PreprocessData where no features are made.

    :param value: the rendered ``data`` parameter
    :raises DataMistakeError: if it is the artefact of another kind of task
    """
    reference = Reference.from_xcom(value, where="data")
    data = Artifact(reference)
    if reference.kind not in ("features", "split"):
        raise DataMistakeError(
            f"data: needs the result of a FeatureEngineering or PreprocessData task; found one of kind "
            f"{reference.kind!r} ({reference.uri})"
        )
    split = reference
    if reference.kind == "features":
        split = Reference.from_xcom(data.facts["preprocess"], where="data")
    return _read(data, Artifact(split))


def target_values(frame: pd.DataFrame, target: str, task: str) -> np.ndarray[Any, Any]:
    """Take the target out of a table as a numpy array: numbers, booleans or plain strings.

    :param task: ``classification`` or ``regression``
    :raises DataMistakeError: if some rows have none
    """
    import pandas as pd

    column = frame[target]
    missing = int(column.isna().sum())
    if missing:
        raise DataMistakeError(f"data: {missing} of {len(frame)} rows have no {target!r}; drop them in validate_data")
    values: np.ndarray[Any, Any]
    if task == "regression":
        values = column.to_numpy(dtype="float64")
    elif pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        values = column.to_numpy()
    else:
        values = column.astype(str).to_numpy(dtype=str)
    return values


def _read(data: Artifact, split: Artifact) -> TrainingData:
    facts = {key: split.facts[key] for key in ("target", "task", "classes", "features", "numeric", "categorical")}
    target, features = facts["target"], facts["features"]
    train, test = data.read_frame("train.parquet"), data.read_frame("test.parquet")
    transformers = [("preprocess", _read_transformer(split))]
    if data.reference != split.reference:
        transformers.append(("features", _read_transformer(data)))
    return TrainingData(
        train=train.drop(columns=target),
        train_target=target_values(train, target, facts["task"]),
        test=test.drop(columns=target),
        raw_train=split.read_frame("train_raw.parquet", columns=features),
        raw_test=split.read_frame("test_raw.parquet", columns=features),
        transformers=tuple(transformers),
        facts=facts,
        split=split.reference,
    )


def _read_transformer(artifact: Artifact) -> Any:
    return load_or_fail(artifact.read_bytes(TRANSFORMER), name=artifact.uri_of(TRANSFORMER))
