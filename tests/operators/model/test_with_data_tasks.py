"""The model tasks on what the data tasks really publish: the pipelines of the repository, task by task."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from operators import OPERATORS
from operators.artifacts import Artifact, Reference
from operators.trusted_types import import_skops

import_skops()
REFERENCES = ("data", "model", "evaluation")


class Pipeline:
    """Runs the tasks of a YAML file one after another, each with the results of those before."""

    def __init__(self, path: Path, run_task: Callable[..., Any]) -> None:
        document = yaml.safe_load(path.read_text())
        ((self.dag_id, spec),) = document.items()
        self.tasks: Mapping[str, dict[str, Any]] = spec["tasks"]
        self.results: dict[str, Any] = {}
        self.verdicts: dict[str, Any] = {}
        self._run_task = run_task

    def run(self, task_id: str, *, run_id: str = "first", **changes: Any) -> Any:
        import importlib

        spec = {**self.tasks[task_id], **changes}
        module, _, name = OPERATORS[spec.pop("operator")].rpartition(".")
        for key in ("dependencies", "doc_md"):
            spec.pop(key, None)
        for key in REFERENCES:
            if key in spec:
                spec[key] = self.results[spec[key]]
        operator = getattr(importlib.import_module(module), name)(task_id=task_id, **spec)
        run = self._run_task(operator, dag_id=self.dag_id, run_id=run_id)
        assert len(json.dumps(run.result)) <= 1024
        self.results[task_id] = run.result
        self.verdicts[task_id] = run.xcom.get("verdict")
        return run.result


@pytest.fixture
def ml_pipeline(repository: Path, run_task: Callable[..., Any]) -> Pipeline:
    return Pipeline(repository / "pipelines" / "ml_pipeline.yaml", run_task)


DATA_TASKS = ("download_data", "validate_data", "preprocess_data", "feature_engineering")
MODEL_TASKS = ("train_model", "evaluate_model", "deploy_model")


def test_the_breast_cancer_pipeline_deploys_its_first_and_its_second_model(ml_pipeline: Pipeline) -> None:
    for task_id in (*DATA_TASKS, *MODEL_TASKS):
        ml_pipeline.run(task_id)
    for task_id in (*DATA_TASKS, *MODEL_TASKS):
        ml_pipeline.run(task_id, run_id="second")

    assert ml_pipeline.results["deploy_model"]["version"] == 2
    assert ml_pipeline.results["deploy_model"]["previous_version"] == 1
    assert ml_pipeline.verdicts["evaluate_model"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 50}),
        ("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 50}),
    ],
)
def test_other_estimators_go_the_same_way(ml_pipeline: Pipeline, estimator: str, parameters: dict[str, Any]) -> None:
    for task_id in DATA_TASKS:
        ml_pipeline.run(task_id)
    ml_pipeline.run("train_model", estimator=estimator, parameters=parameters)
    ml_pipeline.run("evaluate_model", gates={"roc_auc": {"min": 0.97}})
    ml_pipeline.run("deploy_model")

    assert ml_pipeline.results["deploy_model"]["version"] == 1


def test_the_census_pipeline_passes_its_gates_for_every_slice(
    repository: Path, run_task: Callable[..., Any], shared_data: Path, tmp_path: Path
) -> None:
    lines = (shared_data / "adult.csv").read_text().splitlines()
    clean = [line for line in lines if not line.endswith(".")]  # the other labels are validate_data's to find
    (tmp_path / "adult.csv").write_text("\n".join(clean))
    census = Pipeline(repository / "pipelines" / "census_income.yaml", run_task)

    census.run("download_data", source=f"file://{tmp_path / 'adult.csv'}", csv={"missing_values": ["?"], "strip": True})
    for task_id in (*DATA_TASKS[1:], *MODEL_TASKS):
        census.run(task_id)

    facts = Artifact(Reference.from_xcom(census.results["evaluate_model"], where="test")).read_json("verdicts.json")
    judged = {verdict["name"] for verdict in facts["verdicts"]}
    assert {"sex=Female.roc_auc", "sex=Male.roc_auc", "race=White.roc_auc", "race=Black.roc_auc"} <= judged
    assert "race=Other (" in facts["facts"]["slices_too_small_to_judge"]
    assert census.results["deploy_model"]["version"] == 1
