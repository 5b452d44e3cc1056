from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import Artifact, Reference
from operators.model.train_model import TrainModelOperator, report_progress
from operators.trusted_types import import_skops, load_trusted, trusted_types
from tests.operators.published import breast_cancer, diabetes, iris, publish_features, publish_split


@pytest.fixture
def split(artifact_root: Any) -> dict[str, Any]:
    return publish_split(breast_cancer())


@pytest.fixture
def features(split: dict[str, Any]) -> dict[str, Any]:
    return publish_features(split)


def train(data: Any, estimator: str = "sklearn.linear_model.LogisticRegression", **more: Any) -> TrainModelOperator:
    return TrainModelOperator(task_id="train_model", data=data, estimator=estimator, **more)


def published(result: Any) -> Artifact:
    return Artifact(Reference.from_xcom(result, where="test"))


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.linear_model.LogisticRegression", {"C": 0.5, "max_iter": 2000}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 20}),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 20}),
        ("sklearn.neighbors.KNeighborsClassifier", {}),
        ("sklearn.neural_network.MLPClassifier", {"hidden_layer_sizes": [20, 10], "max_iter": 50}),
        ("sklearn.svm.SVC", {}),
    ],
)
def test_a_trained_model_takes_raw_rows(
    run_task: Callable[..., Any], features: Any, split: Any, estimator: str, parameters: dict[str, Any]
) -> None:
    run = run_task(train(features, estimator, parameters=parameters, random_state=7))

    artifact = published(run.result)
    model = load_trusted(artifact.read_bytes("model.skops"), trusted_types(), name="model")
    raw = published(split).read_frame("test_raw.parquet")
    assert (model.predict(raw[artifact.facts["features"]]) == raw["target"]).mean() > 0.9


def test_what_is_known_of_a_model_is_kept_with_it(run_task: Callable[..., Any], features: Any, split: Any) -> None:
    run = run_task(train(features, parameters={"C": 0.5, "max_iter": 2000}, random_state=7))

    artifact = published(run.result)
    assert run.result["kind"] == "model"
    assert run.result["rows"] == artifact.facts["training_rows"] == 426
    assert artifact.facts["classes"] == ["benign", "malignant"]
    assert artifact.facts["model_sha256"] == artifact.files["model.skops"]["sha256"]
    assert artifact.facts["data_sha256"] == features["sha256"]
    assert artifact.facts["split"] == split
    assert len(artifact.read_frame("sample.parquet")) == 143
    profile = artifact.read_json("profile.json")
    assert profile["rows"] == 426
    assert len(profile["columns"]["mean_radius"]["deciles"]) == 11


def test_the_reference_fits_into_an_xcom(run_task: Callable[..., Any], features: Any) -> None:
    assert len(json.dumps(run_task(train(features, parameters={"max_iter": 2000})).result)) <= 1024


def test_features_need_not_be_engineered(run_task: Callable[..., Any], split: Any) -> None:
    run = run_task(train(split, "sklearn.ensemble.RandomForestClassifier", parameters={"n_estimators": 10}))

    model = load_trusted(published(run.result).read_bytes("model.skops"), trusted_types(), name="model")
    assert list(model.named_steps) == ["preprocess", "estimator"]


def test_a_number_is_learnt_by_a_regressor(run_task: Callable[..., Any], artifact_root: Any) -> None:
    data = publish_features(publish_split(diabetes(), task="regression"))

    run = run_task(train(data, "sklearn.linear_model.Ridge"))

    assert published(run.result).facts["task"] == "regression"


def test_three_classes_are_learnt(run_task: Callable[..., Any], artifact_root: Any) -> None:
    data = publish_features(publish_split(iris()))

    run = run_task(train(data, "sklearn.ensemble.HistGradientBoostingClassifier", parameters={"max_iter": 10}))

    assert published(run.result).facts["classes"] == ["setosa", "versicolor", "virginica"]


def test_the_same_seed_gives_the_same_model(run_task: Callable[..., Any], features: Any, split: Any) -> None:
    raw = published(split).read_frame("test_raw.parquet")

    def probabilities(seed: int, try_number: int) -> Any:
        forest = train(features, "sklearn.ensemble.ExtraTreesClassifier", random_state=seed)
        run = run_task(forest, try_number=try_number)
        model = load_trusted(published(run.result).read_bytes("model.skops"), trusted_types(), name="model")
        return model.predict_proba(raw).tolist()

    assert probabilities(1, 1) == probabilities(1, 2) != probabilities(2, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimator": "sklearn.linear_model.LogisticRegresion"}, "Did you mean 'sklearn.linear_model.LogisticReg"),
        ({"estimator": "os.system"}, "not an estimator that can be used"),
        ({"estimator": "sklearn.model_selection.GridSearchCV"}, "not an estimator that can be used"),
        ({"parameters": {"max_itr": 10}}, "did you mean 'max_iter'"),
        ({"parameters": {"C": -1}}, "'C' parameter of LogisticRegression must be a float"),
        ({"parameters": {"solver": "newton"}}, "'solver' parameter"),
        ({"parameters": {"C": open}}, "only numbers, strings"),
        ({"parameters": {"random_state": 1}, "random_state": 2}, "random_state: given twice"),
        ({"estimator": "sklearn.linear_model.Ridge"}, "Ridge is a regressor, but the target makes this a classific"),
    ],
)
def test_a_mistake_in_the_yaml_is_told_and_not_retried(
    run_task: Callable[..., Any], features: Any, changes: dict[str, Any], message: str
) -> None:
    run = run_task(train(features, **changes), raises=AirflowFailException)

    assert str(run.error).startswith("train_model.")
    assert message in str(run.error)
    assert run.error.__cause__ is None
    assert run.error.__suppress_context__


def test_the_result_of_another_kind_of_task_is_refused(run_task: Callable[..., Any], features: Any) -> None:
    run = run_task(train({**features, "kind": "dataset"}), raises=AirflowFailException)

    assert "needs the result of a FeatureEngineering or PreprocessData task" in str(run.error)


def test_a_model_that_would_serve_other_than_it_was_trained_is_not_published(
    run_task: Callable[..., Any], split: Any, artifact_root: Any
) -> None:
    spoilt = publish_features(split, spoil=True)

    run = run_task(train(spoilt, parameters={"max_iter": 5000}), raises=AirflowFailException)

    assert "predictions on raw rows differ from those on the transformed rows" in str(run.error)
    assert not list(artifact_root.glob("a_dag/*/train_model/**/manifest.json"))


def test_a_fit_that_does_not_converge_says_so(
    run_task: Callable[..., Any], features: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = run_task(train(features, parameters={"max_iter": 1}))

    assert "ConvergenceWarning" in published(run.result).facts["fit_warnings"][0]
    assert "ConvergenceWarning" in caplog.text


def test_an_altered_transformer_is_not_loaded(run_task: Callable[..., Any], features: Any, artifact_root: Any) -> None:
    file = next(artifact_root.glob("a_dag/*/feature_engineering/*/transformer.skops"))
    file.write_bytes(import_skops().dumps({"another": "thing"}))

    run = run_task(train(features), raises=Exception)

    assert "transformer.skops was altered" in str(run.error)


def test_a_long_fit_shows_that_it_lives(caplog: pytest.LogCaptureFixture) -> None:
    import time

    caplog.set_level(logging.INFO, "airflow.task")
    with report_progress("fitting a forest on 8 rows", every=0.05):
        time.sleep(0.3)

    assert "still fitting a forest on 8 rows" in caplog.text
