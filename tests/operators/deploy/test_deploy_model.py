from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import Artifact, Reference, artifact_root
from operators.deploy.deploy_model import DeployModelOperator
from operators.model.registry import Registry
from tests.operators.published import (
    breast_cancer,
    diabetes,
    make_champion,
    publish_evaluation,
    publish_features,
    publish_model,
    publish_split,
)

Run = Callable[..., Any]
SMOKE_TEST = {"rows": 3, "latency_ms": {"max": 5000}}


@pytest.fixture
def split(artifact_root: Path) -> dict[str, Any]:
    return publish_split(breast_cancer())


@pytest.fixture
def features(split: dict[str, Any]) -> dict[str, Any]:
    return publish_features(split)


@pytest.fixture
def model(features: dict[str, Any]) -> dict[str, Any]:
    return publish_model(features)


@pytest.fixture
def evaluation(model: dict[str, Any], split: dict[str, Any]) -> dict[str, Any]:
    return publish_evaluation(model, split)


def deploy(model: Any, evaluation: Any, **more: Any) -> DeployModelOperator:
    settings = {"smoke_test": SMOKE_TEST, **more}
    return DeployModelOperator(task_id="deploy_model", model=model, evaluation=evaluation, **settings)


def registry(name: str = "a_dag") -> Registry:
    return Registry(artifact_root(), name)


def published(result: Any) -> Artifact:
    return Artifact(Reference.from_xcom(result, where="test"))


def judged(run: Any) -> dict[str, dict[str, Any]]:
    document = json.loads(Path(run.xcom["verdict"]["verdicts"].removeprefix("file://")).read_text())
    return {verdict["name"]: verdict for verdict in document["verdicts"]}


def test_the_judged_model_becomes_the_champion(run_task: Run, model: Any, evaluation: Any) -> None:
    run = run_task(deploy(model, evaluation))

    assert run.xcom["verdict"]["verdict"] == "pass"
    assert {"loads", "answers", "agreement", "latency_ms_p95"} == set(judged(run))
    assert (
        run.result | {"kind": "deployment", "version": 1, "alias": "champion", "previous_version": None} == run.result
    )
    assert run.result["registered_model"] == "a_dag"
    champion = registry().alias("champion")
    assert champion.version == 1
    assert champion.set_by["task_id"] == "deploy_model"
    version = registry().version(1)
    assert version.sha256 == run.result["model_sha256"] == published(model).files["model.skops"]["sha256"]
    assert version.facts["estimator"] == "sklearn.linear_model.LogisticRegression"
    assert version.facts["evaluation"] == evaluation
    assert registry().read_model(version) == published(model).read_bytes("model.skops")


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 20}),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 20}),
        ("sklearn.svm.SVC", {}),
    ],
)
def test_every_kind_of_model_works_in_a_fresh_process(
    run_task: Run, split: Any, features: Any, estimator: str, parameters: dict[str, Any]
) -> None:
    model = publish_model(features, estimator, parameters=parameters)

    run = run_task(deploy(model, publish_evaluation(model, split)))

    assert judged(run)["answers"]["observed"] == judged(run)["agreement"]["observed"] == "3 of 3"


def test_a_regressor_is_deployed(run_task: Run, artifact_root: Path) -> None:
    split = publish_split(diabetes(), task="regression")
    model = publish_model(publish_features(split), "sklearn.linear_model.Ridge")
    evaluation = publish_evaluation(model, split, positive_class=None, gates={"r2": {"min": 0}})

    run = run_task(deploy(model, evaluation))

    assert judged(run)["answers"]["threshold"] == "1 finite value for every row"


def test_what_is_passed_on_fits_into_xcom(run_task: Run, model: Any, evaluation: Any) -> None:
    run = run_task(deploy(model, evaluation))

    assert len(json.dumps(run.result)) <= 1024
    assert len(json.dumps(run.xcom["verdict"])) <= 1024


def test_the_next_model_names_the_one_before(run_task: Run, split: Any, features: Any, model: Any) -> None:
    make_champion(publish_model(features, "sklearn.dummy.DummyClassifier", task_id="train_dummy"))

    run = run_task(deploy(model, publish_evaluation(model, split)))

    assert (run.result["version"], run.result["previous_version"]) == (2, 1)
    assert published(run.result).read_json("verdicts.json")["facts"]["previous_version"] == 1


def test_a_retry_finds_what_the_first_try_did(run_task: Run, model: Any, evaluation: Any) -> None:
    first = run_task(deploy(model, evaluation), try_number=1)
    second = run_task(deploy(model, evaluation), try_number=2)

    assert first.result["version"] == second.result["version"] == 1
    assert second.result["previous_version"] is None
    assert len(registry().history("champion")) == 1


def test_a_retry_goes_on_where_the_first_try_died(run_task: Run, model: Any, evaluation: Any) -> None:
    registry().register(published(model).read_bytes("model.skops"), {"registered by": "a try that died then"})

    run = run_task(deploy(model, evaluation), try_number=2)

    assert run.result["version"] == 1
    assert registry().alias("champion").version == 1


def test_a_model_that_was_not_judged_is_refused(run_task: Run, split: Any, features: Any, evaluation: Any) -> None:
    another = publish_model(features, "sklearn.ensemble.RandomForestClassifier", task_id="train_another")

    run = run_task(deploy(another, evaluation), raises=AirflowFailException)

    assert "only the model that was judged is deployed" in str(run.error)
    assert list(registry().iter_versions()) == []


def test_a_model_that_failed_its_gates_is_refused(run_task: Run, split: Any, model: Any) -> None:
    """The evaluation is published before its task fails; someone may mark that task a success by hand."""
    from operators.artifacts import ArtifactWriter
    from tests.operators.published import task_context

    passed = published(publish_evaluation(model, split)).facts
    writer = ArtifactWriter(task_context("failed_evaluation"))
    failed = writer.publish("evaluation", facts={**passed, "verdict": "fail", "passed": False}).to_xcom()

    run = run_task(deploy(model, failed), raises=AirflowFailException)

    assert "the verdict was 'fail'; it is not deployed" in str(run.error)
    assert registry().alias("champion") is None


@pytest.mark.parametrize("changes", [{"registered_model": "other"}, {"alias": "challenger"}])
def test_a_model_is_deployed_only_where_it_was_compared(
    run_task: Run, model: Any, evaluation: Any, changes: dict[str, str]
) -> None:
    run = run_task(deploy(model, evaluation, **changes), raises=AirflowFailException)

    (key,) = changes
    assert str(run.error).startswith(f"deploy_model.{key}: is {changes[key]!r} here, but the model was compared with")


def test_a_champion_that_moved_after_the_evaluation_is_not_overwritten(
    run_task: Run, features: Any, model: Any, evaluation: Any
) -> None:
    make_champion(publish_model(features, "sklearn.dummy.DummyClassifier", task_id="train_dummy"))

    run = run_task(deploy(model, evaluation), raises=AirflowFailException)

    assert run.xcom["verdict"]["failing"] == ["alias"]
    assert "expected generation 0, it is generation 1, version 1; run the evaluation again" in str(run.error)
    assert registry().alias("champion").version == 1


def test_a_model_that_is_too_slow_is_registered_but_not_the_champion(
    run_task: Run, model: Any, evaluation: Any
) -> None:
    task = deploy(model, evaluation, smoke_test={"rows": 3, "latency_ms": {"max": 0.001}})

    run = run_task(task, raises=AirflowFailException)

    assert run.xcom["verdict"]["failing"] == ["latency_ms_p95"]
    assert "3 rows, median" in judged(run)["latency_ms_p95"]["message"]
    assert registry().alias("champion") is None
    assert [version.version for version in registry().iter_versions()] == [1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"smoke_test": {"row": 3}}, "smoke_test: unknown key 'row'; allowed are rows, latency_ms"),
        ({"smoke_test": {"rows": 0}}, "smoke_test.rows: 0 is not a number of rows"),
        ({"smoke_test": {"latency_ms": {"maximum": 3}}}, "smoke_test.latency_ms: a threshold takes"),
        ({"registered_model": "a/b"}, "registered_model"),
    ],
)
def test_a_mistake_in_the_yaml_is_told_and_not_retried(
    run_task: Run, model: Any, evaluation: Any, changes: dict[str, Any], message: str
) -> None:
    run = run_task(deploy(model, evaluation, **changes), raises=AirflowFailException)

    assert str(run.error).startswith("deploy_model.")
    assert message in str(run.error)


def test_results_of_other_tasks_are_refused(run_task: Run, model: Any, evaluation: Any) -> None:
    swapped = run_task(deploy(evaluation, model), raises=AirflowFailException)
    missing = run_task(deploy(model, None), try_number=2, raises=AirflowFailException)

    assert "model: needs the result of a TrainModel task; found one of kind 'evaluation'" in str(swapped.error)
    assert "evaluation: expected the result of an upstream task" in str(missing.error)
