"""What the operators send of data, models and deployments, as it leaves the machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import Artifact, Reference
from operators.data.download_data import DownloadDataOperator
from operators.data.preprocess_data import PreprocessDataOperator
from operators.data.validate_data import ValidateDataOperator
from operators.deploy.deploy_model import DeployModelOperator
from operators.model.evaluate_model import EvaluateModelOperator
from operators.model.train_model import TrainModelOperator
from tests.operators.published import (
    breast_cancer,
    make_champion,
    publish_evaluation,
    publish_features,
    publish_model,
    publish_split,
)

Run = Callable[..., Any]


@pytest.fixture
def sent(metrics: Callable[[], list[str]]) -> Callable[[], dict[str, float]]:
    """``sent()`` gives name and tags, but for the DAG's -> value, of our metrics since it was called last."""

    def read() -> dict[str, float]:
        lines = [line for packet in metrics() for line in packet.split("\n")]
        pairs = [line.rpartition("|")[0].rpartition(":") for line in lines]
        ours = [(name.removeprefix("airflow."), float(value)) for name, _, value in pairs]
        own = ("ml.", "pipeline.", "health.")
        return {name.replace(",dag_id=a_dag", ""): value for name, value in ours if name.startswith(own)}

    return read


def trained_at(model: dict[str, Any]) -> float:
    facts = Artifact(Reference.from_xcom(model, where="test")).facts
    return datetime.fromisoformat(facts["trained_at"]).timestamp()


def evaluate(model: Any, split: Any, **more: Any) -> EvaluateModelOperator:
    return EvaluateModelOperator(task_id="evaluate", model=model, data=split, positive_class="malignant", **more)


def test_data_tasks_count_rows_and_tell_each_check(run_task: Run, sent: Any) -> None:
    downloaded = run_task(DownloadDataOperator(task_id="download", source="sample://iris")).result
    assert sent() == {"ml.data_rows,task_id=download,kind=in": 150}

    columns = {"sepal_length_cm": {"between": [4.4, 100], "bad": {"warn": 0}}}
    judging = ValidateDataOperator(task_id="validate", data=downloaded, rows={"min": 151}, columns=columns)
    run_task(judging, raises=AirflowFailException)
    found = sent()
    assert found["ml.data_rows,task_id=validate,kind=in"] == 150
    assert found["ml.data_rows,task_id=validate,kind=rejected"] == 1
    assert found["ml.data_check,task_id=validate,check=rows"] == 3
    assert found["ml.data_check,task_id=validate,check=sepal_length_cm.between"] == 1
    assert found["pipeline.verdict,task_id=validate"] == 3

    run_task(PreprocessDataOperator(task_id="preprocess", data=downloaded, target="target"))
    assert sent() == {
        "ml.data_rows,task_id=preprocess,kind=train": 112,
        "ml.data_rows,task_id=preprocess,kind=test": 38,
        "ml.data_rows,task_id=preprocess,kind=rejected": 0,
    }


def test_training_tells_how_long_it_took(run_task: Run, sent: Any) -> None:
    features = publish_features(publish_split(breast_cancer()))
    run_task(TrainModelOperator(task_id="train", data=features, estimator="sklearn.naive_bayes.GaussianNB"))
    (name, seconds), *rest = sent().items()
    assert (name, rest) == ("ml.train_duration_seconds,task_id=train", [])
    assert 0 < seconds < 60


def test_each_gate_is_sent_with_what_it_was_compared_with(run_task: Run, artifact_root: Any, sent: Any) -> None:
    split = publish_split(breast_cancer())
    model = publish_model(publish_features(split))
    gates = {"roc_auc": {"min": 0.9, "warn": 0.9999}, "log_loss": {"max": 0.5}}
    run_task(evaluate(model, split, gates=gates))
    found = {name: value for name, value in sent().items() if ".gate_" in name}
    assert found.pop("ml.gate_observed,task_id=evaluate,gate=roc_auc") > 0.9
    assert found.pop("ml.gate_observed,task_id=evaluate,gate=log_loss") < 0.5
    assert found == {
        "ml.gate_verdict,task_id=evaluate,gate=roc_auc": 1,
        "ml.gate_consecutive_failures,task_id=evaluate,gate=roc_auc": 0,
        "ml.gate_threshold,task_id=evaluate,gate=roc_auc,bound=fail_min": 0.9,
        "ml.gate_threshold,task_id=evaluate,gate=roc_auc,bound=warn_min": 0.9999,
        "ml.gate_verdict,task_id=evaluate,gate=log_loss": 0,
        "ml.gate_consecutive_failures,task_id=evaluate,gate=log_loss": 0,
        "ml.gate_threshold,task_id=evaluate,gate=log_loss,bound=fail_max": 0.5,
    }


def test_runs_in_a_row_that_fail_a_gate_are_counted(run_task: Run, artifact_root: Any, sent: Any) -> None:
    split = publish_split(breast_cancer())
    model = publish_model(publish_features(split))
    counts = []
    for run_id, least in (("1", 0.9999), ("2", 0.9999), ("2", 0.9999), ("3", 0.9999), ("4", 0.5)):
        gates = {"roc_auc": {"min": least}, "accuracy": {"min": 0.5}}
        raises = AirflowFailException if least > 0.99 else None
        run = run_task(evaluate(model, split, gates=gates), run_id=run_id, try_number=len(counts) + 1, raises=raises)
        found = {name: value for name, value in sent().items() if "consecutive" in name}
        assert found.pop("ml.gate_consecutive_failures,task_id=evaluate,gate=accuracy") == 0
        counts.append((found["ml.gate_consecutive_failures,task_id=evaluate,gate=roc_auc"], again_of(run)))
    assert counts == [(1, None), (2, "roc_auc (2 runs)"), (2, "roc_auc (2 runs)"), (3, "roc_auc (3 runs)"), (0, None)]


def again_of(run: Any) -> str | None:
    """What the judgement tells of gates that failed before."""
    document = json.loads(Path(run.xcom["verdict"]["verdicts"].removeprefix("file://")).read_text())
    found: str | None = document["facts"].get("failed_in_a_row")
    return found


def test_every_metric_of_the_model_is_sent(run_task: Run, artifact_root: Any, sent: Any) -> None:
    split = publish_split(breast_cancer())
    run_task(evaluate(publish_model(publish_features(split)), split, gates={"accuracy": {"min": 0.5}}))
    measured = {name.rpartition("=")[2] for name in sent() if name.startswith("ml.metric,model=a_dag")}
    assert {"accuracy", "roc_auc", "recall", "log_loss"} <= measured


def test_of_slices_only_the_worst_is_sent(run_task: Run, artifact_root: Any, sent: Any) -> None:
    """A series for each slice would grow with the data."""
    frame = breast_cancer()
    frame["clinic"] = [f"clinic {number % 3}" for number in range(len(frame))]
    split = publish_split(frame, categorical=["clinic"])
    slices = {"by": ["clinic"], "min_rows": 20, "gates": {"accuracy": {"min": 0.5}}}
    run = run_task(evaluate(publish_model(publish_features(split)), split, gates={"f1": {"min": 0.5}}, slices=slices))
    found = sent()
    assert {name for name in found if "gate_verdict" in name} == {
        "ml.gate_verdict,task_id=evaluate,gate=f1",
        "ml.gate_verdict,task_id=evaluate,gate=slices.accuracy",
    }
    document = Artifact(Reference.from_xcom(run.result, where="test")).read_json("verdicts.json")
    observed = [v["observed"] for v in document["verdicts"] if v["name"].endswith(".accuracy")]
    assert len(observed) == 3
    assert found["ml.gate_observed,task_id=evaluate,gate=slices.accuracy"] == pytest.approx(min(observed))


def test_each_evaluation_tells_which_model_is_in_use_and_how_old_it_is(
    run_task: Run, artifact_root: Any, sent: Any
) -> None:
    split = publish_split(breast_cancer())
    model = publish_model(publish_features(split))
    make_champion(model)
    run_task(evaluate(model, split, gates={"accuracy": {"min": 0.5}}))
    found = sent()
    assert found["ml.model_version,model=a_dag,alias=champion"] == 1
    assert found["ml.model_trained_timestamp_seconds,model=a_dag,alias=champion"] == trained_at(model)


def test_a_deployment_is_counted_with_its_outcome_and_timed(run_task: Run, artifact_root: Any, sent: Any) -> None:
    split = publish_split(breast_cancer())
    model = publish_model(publish_features(split))
    evaluation = publish_evaluation(model, split)
    sent()
    for number, outcome in ((1, "deployed"), (2, "unchanged")):
        run_task(
            DeployModelOperator(task_id="deploy", model=model, evaluation=evaluation, smoke_test={"rows": 5}),
            try_number=number,
        )
        found = sent()
        assert found[f"ml.deployments_total,model=a_dag,outcome={outcome}"] == 1
        assert found["ml.model_version,model=a_dag,alias=champion"] == 1
        assert found["ml.model_trained_timestamp_seconds,model=a_dag,alias=champion"] == trained_at(model)
        median, p95 = (found[f"ml.predict_latency_seconds,model=a_dag,quantile={q}"] for q in ("0.5", "0.95"))
        assert 0 < median <= p95 < 5


def test_a_refused_deployment_is_counted_and_moves_nothing(run_task: Run, artifact_root: Any, sent: Any) -> None:
    split = publish_split(breast_cancer())
    model = publish_model(publish_features(split))
    too_slow = {"rows": 3, "latency_ms": {"max": 0.000001}}
    evaluation = publish_evaluation(model, split)
    run_task(
        DeployModelOperator(task_id="deploy", model=model, evaluation=evaluation, smoke_test=too_slow),
        raises=AirflowFailException,
    )
    found = sent()
    assert found["ml.deployments_total,model=a_dag,outcome=refused"] == 1
    assert not [name for name in found if name.startswith("ml.model_version")]
