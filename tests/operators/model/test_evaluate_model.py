from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from airflow.sdk.exceptions import AirflowFailException
from sklearn.preprocessing import FunctionTransformer

from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.model.evaluate_model import EvaluateModelOperator
from operators.trusted_types import import_skops
from tests.operators.published import (
    breast_cancer,
    diabetes,
    iris,
    make_champion,
    publish_features,
    publish_model,
    publish_split,
    task_context,
)

Run = Callable[..., Any]


@pytest.fixture
def split(artifact_root: Path) -> dict[str, Any]:
    return publish_split(breast_cancer())


@pytest.fixture
def features(split: dict[str, Any]) -> dict[str, Any]:
    return publish_features(split)


@pytest.fixture
def model(features: dict[str, Any]) -> dict[str, Any]:
    return publish_model(features)


def evaluate(model: Any, split: Any, **more: Any) -> EvaluateModelOperator:
    settings = {"positive_class": "malignant", "gates": {"roc_auc": {"min": 0.97}}, **more}
    return EvaluateModelOperator(task_id="evaluate_model", model=model, data=split, **settings)


def published(result: Any) -> Artifact:
    return Artifact(Reference.from_xcom(result, where="test"))


def judged(run: Any) -> dict[str, dict[str, Any]]:
    """The verdicts by name, read from where the XCom says they are."""
    document = json.loads(Path(run.xcom["verdict"]["verdicts"].removeprefix("file://")).read_text())
    return {verdict["name"]: verdict for verdict in document["verdicts"]}


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.linear_model.LogisticRegression", {"max_iter": 2000}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 50}),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 50}),
    ],
)
def test_a_good_model_passes(run_task: Run, split: Any, features: Any, estimator: str, parameters: Any) -> None:
    model = publish_model(features, estimator, parameters=parameters)
    gates = {"roc_auc": {"min": 0.96}, "recall": {"min": 0.8}, "log_loss": {"max": 0.7}}

    run = run_task(evaluate(model, split, gates=gates))

    assert run.xcom["verdict"]["verdict"] == "pass"
    assert run.xcom["verdict"]["passed"] == 3
    facts = published(run.result).facts
    assert facts["passed"]
    assert facts["model_sha256"] == published(model).facts["model_sha256"]
    assert facts["data_sha256"] == split["sha256"]
    assert (facts["registered_model"], facts["alias"], facts["champion_generation"]) == ("a_dag", "champion", 0)


def test_a_failed_gate_stops_the_run_after_the_verdicts_were_told(run_task: Run, split: Any, model: Any) -> None:
    gates = {"roc_auc": {"min": 0.9999}, "recall": {"min": 0.5}}

    run = run_task(evaluate(model, split, gates=gates), raises=AirflowFailException)

    assert "Quality gates: 1 of 2 not passed. roc_auc fail: observed 0.99" in str(run.error)
    assert run.xcom["verdict"]["verdict"] == "fail"
    assert run.xcom["verdict"]["failing"] == ["roc_auc"]
    assert judged(run)["recall"]["verdict"] == "pass"


def test_what_is_passed_on_fits_into_xcom(run_task: Run, split: Any, model: Any) -> None:
    run = run_task(evaluate(model, split))

    assert len(json.dumps(run.result)) <= 1024
    assert len(json.dumps(run.xcom["verdict"])) <= 1024


def test_a_gate_may_only_warn(run_task: Run, split: Any, model: Any) -> None:
    run = run_task(evaluate(model, split, gates={"roc_auc": {"min": 0.9, "warn": 0.9999}}))

    assert run.xcom["verdict"]["verdict"] == "warn"
    assert published(run.result).facts["passed"]


def test_the_recall_is_that_of_the_positive_class(run_task: Run, split: Any, features: Any) -> None:
    always_benign = publish_model(features, "sklearn.dummy.DummyClassifier")
    recall = {"recall": {"min": 0.5}}

    found = run_task(evaluate(always_benign, split, gates=recall, positive_class="benign"))
    missed = run_task(
        evaluate(always_benign, split, gates=recall, positive_class="malignant"),
        try_number=2,
        raises=AirflowFailException,
    )

    assert judged(found)["recall"]["observed"] == 1.0
    assert judged(missed)["recall"]["observed"] == 0.0


@pytest.mark.parametrize("no_champion", ["pass", "warn", "fail"])
def test_the_first_model_has_no_champion_to_beat(run_task: Run, split: Any, model: Any, no_champion: str) -> None:
    task = evaluate(model, split, versus_champion={"roc_auc": {"not_worse_than": 0.01}}, no_champion=no_champion)

    run = run_task(task, raises=AirflowFailException if no_champion == "fail" else None)

    assert run.xcom["verdict"]["verdict"] == no_champion
    assert judged(run)["champion"]["message"].startswith("no version is called 'champion'")


def test_a_model_worse_than_the_champion_is_stopped(run_task: Run, split: Any, features: Any, model: Any) -> None:
    make_champion(model)
    worse = publish_model(features, "sklearn.tree.DecisionTreeClassifier", task_id="train_tree")
    against = {"roc_auc": {"not_worse_than": 0.01}, "log_loss": {"not_worse_than": 0.01}}

    run = run_task(
        evaluate(worse, split, gates={"accuracy": {"min": 0.5}}, versus_champion=against), raises=AirflowFailException
    )

    assert judged(run)["roc_auc.versus_champion"]["verdict"] == "fail"
    assert judged(run)["roc_auc.versus_champion"]["observed"] < -0.01
    assert "champion (version 1) 0.99" in judged(run)["roc_auc.versus_champion"]["message"]
    assert judged(run)["log_loss.versus_champion"]["verdict"] == "fail"


def test_a_model_better_than_the_champion_passes(run_task: Run, split: Any, features: Any, model: Any) -> None:
    make_champion(publish_model(features, "sklearn.tree.DecisionTreeClassifier", task_id="train_tree"))

    run = run_task(evaluate(model, split, versus_champion={"roc_auc": {"better_by": 0.01}}))

    assert judged(run)["roc_auc.versus_champion"]["verdict"] == "pass"
    assert published(run.result).facts["champion_version"] == 1
    assert published(run.result).facts["champion_generation"] == 1
    measured = published(run.result).read_json("metrics.json")
    assert measured["model"]["roc_auc"] > measured["champion"]["roc_auc"]


def test_a_champion_is_found_by_the_name_of_the_yaml(run_task: Run, split: Any, model: Any) -> None:
    make_champion(model, "tumours")

    run = run_task(
        evaluate(model, split, registered_model="tumours", versus_champion={"roc_auc": {"not_worse_than": 0}})
    )

    assert judged(run)["roc_auc.versus_champion"]["observed"] == 0


@pytest.mark.parametrize(("on_inconclusive", "stops"), [("fail", True), ("warn", False)])
def test_a_champion_of_other_columns_cannot_be_compared_with(
    run_task: Run, split: Any, features: Any, model: Any, on_inconclusive: str, stops: bool
) -> None:
    make_champion(model)
    fewer = publish_split(breast_cancer().drop(columns="mean_radius"), task_id="preprocess_fewer")
    fewer_model = publish_model(publish_features(fewer, task_id="features_fewer"), task_id="train_fewer")
    against = {"roc_auc": {"not_worse_than": 0.5}}

    run = run_task(
        evaluate(fewer_model, fewer, versus_champion=against, on_inconclusive=on_inconclusive),
        raises=AirflowFailException if stops else None,
    )

    assert run.xcom["verdict"]["verdict"] == "inconclusive"
    message = judged(run)["roc_auc.versus_champion"]["message"]
    assert message == "the champion (version 1) needs columns that the rows lack: mean_radius"


def test_a_champion_that_chokes_on_these_rows_cannot_be_compared_with(run_task: Run, artifact_root: Path) -> None:
    frame = breast_cancer()
    make_champion(publish_model(publish_features(publish_split(frame))))
    as_text = frame.assign(mean_radius=frame["mean_radius"].map(lambda radius: "large" if radius > 14 else "small"))
    split = publish_split(as_text, categorical=["mean_radius"], task_id="preprocess_text")
    model = publish_model(publish_features(split, task_id="features_text"), task_id="train_text")

    task = evaluate(model, split, versus_champion={"roc_auc": {"not_worse_than": 0.5}}, on_inconclusive="warn")
    run = run_task(task)

    message = judged(run)["roc_auc.versus_champion"]["message"]
    assert message.startswith("the champion (version 1) cannot predict these rows: ")


def with_groups() -> pd.DataFrame:
    """One group of each kind: large, small, and one with benign tumours only."""
    frame = breast_cancer()
    benign = frame["target"] == "benign"
    group = pd.Series("large", index=frame.index)
    group[benign & (frame.index % 2 == 0)] = "benign only"
    group[frame.index % 40 == 1] = "small"
    return frame.assign(clinic=group)


def test_slices_are_judged_each_and_small_ones_reported(run_task: Run, artifact_root: Path) -> None:
    split = publish_split(with_groups(), categorical=["clinic"])
    model = publish_model(publish_features(split))
    slices = {"by": ["clinic"], "min_rows": 20, "gates": {"accuracy": {"min": 0.8}}}

    run = run_task(evaluate(model, split, slices=slices))

    assert run.xcom["verdict"]["verdict"] == "pass"
    assert {"clinic=large.accuracy", "clinic=benign only.accuracy"} <= set(judged(run))
    assert not any("small" in name for name in judged(run))
    document = published(run.result).read_json("verdicts.json")
    assert document["facts"]["slices_too_small_to_judge"].startswith("clinic=small (")
    assert "too small" in published(run.result).read_bytes("report.html").decode()


def test_a_slice_that_allows_no_answer_is_inconclusive(run_task: Run, artifact_root: Path) -> None:
    split = publish_split(with_groups(), categorical=["clinic"])
    model = publish_model(publish_features(split))
    slices = {"by": ["clinic"], "min_rows": 20, "gates": {"roc_auc": {"min": 0.8}}}

    run = run_task(evaluate(model, split, slices=slices), raises=AirflowFailException)

    assert "clinic=benign only.roc_auc inconclusive: observed –" in str(run.error)


def test_a_bad_slice_stops_a_model_that_is_good_on_the_whole(run_task: Run, artifact_root: Path) -> None:
    frame = breast_cancer()
    odd = frame.index % 10 == 0
    frame["clinic"] = odd.astype(int).astype(str)
    frame.loc[odd, "target"] = frame.loc[odd, "target"].map({"benign": "malignant", "malignant": "benign"})
    split = publish_split(frame, categorical=["clinic"])
    model = publish_model(publish_features(split))
    slices = {"by": ["clinic"], "min_rows": 5, "gates": {"accuracy": {"min": 0.6}}}

    run = run_task(evaluate(model, split, gates={"accuracy": {"min": 0.7}}, slices=slices), raises=AirflowFailException)

    assert run.xcom["verdict"]["failing"] == ["clinic=1.accuracy"]


def test_a_regression_is_judged_by_its_own_metrics(run_task: Run, artifact_root: Path) -> None:
    split = publish_split(diabetes(), task="regression")
    model = publish_model(publish_features(split), "sklearn.linear_model.Ridge")
    make_champion(model)

    run = run_task(
        evaluate(
            model,
            split,
            positive_class=None,
            gates={"r2": {"min": 0.3}, "rmse": {"max": 80}},
            versus_champion={"rmse": {"not_worse_than": "1%"}},
        )
    )

    assert run.xcom["verdict"]["verdict"] == "pass"
    assert "Predicted against true" in published(run.result).read_bytes("report.html").decode()


def test_three_classes_are_judged(run_task: Run, artifact_root: Path) -> None:
    split = publish_split(iris())
    model = publish_model(publish_features(split))
    gates = {"roc_auc": {"min": 0.9}, "f1": {"min": 0.8}, "log_loss": {"max": 1}, "brier_score": {"max": 0.5}}

    run = run_task(evaluate(model, split, positive_class=None, gates=gates))

    assert run.xcom["verdict"]["passed"] == 4
    assert "predicted versicolor" in published(run.result).read_bytes("report.html").decode()


def test_the_report_stands_on_its_own(run_task: Run, split: Any, model: Any) -> None:
    make_champion(model)

    run = run_task(evaluate(model, split, versus_champion={"roc_auc": {"not_worse_than": 0.01}}))

    page = published(run.result).read_bytes("report.html").decode()
    for title in ("ROC curve", "Calibration", "Scores by true class", "Confusion matrix", "Metrics on the test rows"):
        assert f"<h2>{title}</h2>" in page
    assert page.count("<svg") == 3
    assert "<script" not in page
    assert not any(f'{attribute}="http' in page for attribute in ("src", "href"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positive_class": None}, "positive_class: say which class is looked for, one of 'benign', 'malignant'"),
        ({"positive_class": "bad"}, "found 'bad'"),
        ({"gates": {"roc_auk": {"min": 0.9}}}, "did you mean 'roc_auc'"),
        ({"gates": {"rmse": {"max": 1}}}, "no classification metric 'rmse'"),
        ({"gates": {}}, "gates: at least one is needed"),
        ({"gates": {"roc_auc": {"minimum": 0.9}}}, "gates.roc_auc: a threshold takes"),
        ({"no_champion": "ignore"}, "no_champion: found 'ignore'; allowed are pass, warn, fail"),
        ({"on_inconclusive": "pass"}, "on_inconclusive: found 'pass'"),
        ({"slices": {"by": ["clinic"], "gates": {"roc_auc": {"min": 0.5}}}}, "slices.by: no column 'clinic'"),
        ({"registered_model": "../other"}, "registered_model: '../other' cannot be used"),
    ],
)
def test_a_mistake_in_the_yaml_is_told_and_not_retried(
    run_task: Run, split: Any, model: Any, changes: dict[str, Any], message: str
) -> None:
    run = run_task(evaluate(model, split, **changes), raises=AirflowFailException)

    assert str(run.error).startswith("evaluate_model.")
    assert message in str(run.error)


def test_a_gate_that_the_estimator_can_never_pass_is_a_mistake(run_task: Run, split: Any, features: Any) -> None:
    model = publish_model(features, "sklearn.svm.LinearSVC", parameters={"max_iter": 10000})

    ranked = run_task(evaluate(model, split))
    run = run_task(evaluate(model, split, gates={"log_loss": {"max": 1}}), try_number=2, raises=AirflowFailException)

    assert ranked.xcom["verdict"]["verdict"] == "pass"
    assert "log_loss needs probabilities, which this estimator does not give" in str(run.error)


def test_rows_of_another_split_are_judged_with_a_warning(
    run_task: Run, model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    other = publish_split(breast_cancer(), task_id="another_split", random_state=8)

    run_task(evaluate(model, other))

    assert "the model was trained on another split" in caplog.text


def test_a_crafted_model_is_refused_before_anything_of_it_runs(
    run_task: Run, split: Any, model: Any, tmp_path: Path
) -> None:
    mark = tmp_path / "it-ran"
    writer = ArtifactWriter(task_context("crafted"))
    transformer = FunctionTransformer(func=os.system, kw_args={"command": f"touch {mark}"})
    writer.write_bytes("model.skops", import_skops().dumps(transformer))
    crafted = writer.publish("model", facts=published(model).facts).to_xcom()

    run = run_task(evaluate(crafted, split), raises=AirflowFailException)

    assert "posix.system" in str(run.error)
    assert "[pipelines] trusted_types" in str(run.error)
    assert not mark.exists()


def test_an_altered_model_is_not_loaded(run_task: Run, split: Any, model: Any, artifact_root: Path) -> None:
    next(artifact_root.glob("a_dag/*/train_model/*/model.skops")).write_bytes(b"another")

    run = run_task(evaluate(model, split), raises=Exception)

    assert "model.skops was altered" in str(run.error)
