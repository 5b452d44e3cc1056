"""Artefacts as PreprocessData and FeatureEngineering publish them, for tests of the tasks that come after."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from operators.artifacts import ArtifactWriter
from operators.trusted_types import import_skops

RUN_ID = "manual__2026-01-01T00:00:00+00:00"


def task_context(task_id: str, *, dag_id: str = "a_dag", run_id: str = RUN_ID, try_number: int = 1) -> Any:
    ti = SimpleNamespace(dag_id=dag_id, run_id=run_id, task_id=task_id, try_number=try_number, map_index=-1)
    return {"ti": ti}


def breast_cancer() -> pd.DataFrame:
    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    return frame.assign(target=bunch.target.map({0: "malignant", 1: "benign"}))


def iris() -> pd.DataFrame:
    bunch = load_iris(as_frame=True)
    return bunch.data.assign(target=bunch.target.map(dict(enumerate(bunch.target_names))))


def diabetes() -> pd.DataFrame:
    return load_diabetes(as_frame=True).frame


def publish_split(
    frame: pd.DataFrame,
    *,
    target: str = "target",
    task: str = "classification",
    categorical: Sequence[str] = (),
    task_id: str = "preprocess_data",
    random_state: int = 7,
    **where: Any,
) -> dict[str, Any]:
    """Do the work of PreprocessData: split, impute, publish."""
    features = [name for name in frame.columns if name != target]
    numeric = [name for name in features if name not in categorical]
    strata = frame[target] if task == "classification" else None
    train, test = train_test_split(frame, test_size=0.25, random_state=random_state, stratify=strata)
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    transformer = ColumnTransformer(
        [("numeric", SimpleImputer(), numeric), ("categorical", encode, list(categorical))],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    transformer.fit(train[features])
    writer = ArtifactWriter(task_context(task_id, **where))
    for name, part in (("train", train), ("test", test)):
        writer.write_frame(f"{name}_raw.parquet", part)
        writer.write_frame(f"{name}.parquet", transformer.transform(part[features]).assign(**{target: part[target]}))
    writer.write_bytes("transformer.skops", import_skops().dumps(transformer))
    facts = {
        "target": target,
        "features": features,
        "numeric": numeric,
        "categorical": list(categorical),
        "classes": sorted(frame[target].unique().tolist()) if task == "classification" else None,
        "task": task,
    }
    return writer.publish("split", rows=len(train), facts=facts).to_xcom()


def publish_features(
    split: dict[str, Any], *, task_id: str = "feature_engineering", spoil: bool = False, **where: Any
) -> dict[str, Any]:
    """Do the work of FeatureEngineering: scale and publish; spoilt, the matrix is not what the transformer gives."""
    from operators.artifacts import Artifact, Reference

    published = Artifact(Reference.from_xcom(split, where="data"))
    target = published.facts["target"]
    train, test = published.read_frame("train.parquet"), published.read_frame("test.parquet")
    transformer = make_pipeline(StandardScaler()).set_output(transform="pandas").fit(train.drop(columns=target))
    writer = ArtifactWriter(task_context(task_id, **where))
    for name, part in (("train", train), ("test", test)):
        matrix = transformer.transform(part.drop(columns=target))
        writer.write_frame(f"{name}.parquet", (matrix + 5 if spoil else matrix).assign(**{target: part[target]}))
    writer.write_bytes("transformer.skops", import_skops().dumps(transformer))
    facts = {key: published.facts[key] for key in ("target", "task", "classes")}
    return writer.publish("features", rows=len(train), facts={**facts, "preprocess": split}).to_xcom()


def publish_model(
    data: dict[str, Any],
    estimator: str = "sklearn.linear_model.LogisticRegression",
    *,
    parameters: dict[str, Any] | None = None,
    task_id: str = "train_model",
    **where: Any,
) -> dict[str, Any]:
    """Train with the real operator."""
    from operators.model.train_model import TrainModelOperator

    if parameters is None and estimator.endswith("LogisticRegression"):
        parameters = {"max_iter": 2000}
    task = TrainModelOperator(
        task_id=task_id, data=data, estimator=estimator, parameters=parameters or {}, random_state=7
    )
    return task.execute(task_context(task_id, **where))


def make_champion(model: dict[str, Any], registered_model: str = "a_dag") -> int:
    """Put a model into the registry and call it champion, as a deployment does."""
    from operators.artifacts import Artifact, Reference, artifact_root
    from operators.model.registry import Registry

    artifact = Artifact(Reference.from_xcom(model, where="model"))
    registry = Registry(artifact_root(), registered_model)
    version = registry.register(artifact.read_bytes("model.skops"), artifact.facts)
    current = registry.alias("champion")
    generation = current.generation if current else 0
    registry.move_alias("champion", version.version, expected_generation=generation, set_by={"task_id": "test"})
    return version.version


def publish_evaluation(model: dict[str, Any], split: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Judge with the real operator and a gate that every model passes."""
    from operators.model.evaluate_model import EvaluateModelOperator

    where = {key: more.pop(key) for key in ("dag_id", "run_id", "try_number") if key in more}
    settings = {"positive_class": "malignant", "gates": {"accuracy": {"min": 0.1}}, **more}
    task = EvaluateModelOperator(task_id=settings.pop("task_id", "evaluate_model"), model=model, data=split, **settings)
    context = task_context(task.task_id, **where)
    context["ti"].xcom_push = lambda key, value: None
    return task.execute(context)
