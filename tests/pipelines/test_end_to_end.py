"""The ML pipelines from YAML to deployed model with ``dag.test()``: no scheduler, but real tasks and a database."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pipelines
from pipelines.loader import load

# dag.test() runs Airflow's own server inside this process, which warns of what its libraries will drop one day
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]
LABELLED_AS_PUBLISHED_FIRST = 32_561
"""Rows of the Adult table whose labels have no full stop at the end."""


@pytest.fixture(scope="session")
def metadata_database() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "artifacts"
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{root}")
    return root


def run(folder: Path, dag_id: str) -> Any:
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(Path(pipelines.__file__).with_name(name), folder / name)
    loaded = load(folder, dag_id=dag_id)
    assert loaded.diagnostics == ()
    return loaded.dags[dag_id].test()


def states(dag_run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def verdicts(artifacts: Path, dag_id: str, task_id: str) -> dict[str, Any]:
    (path,) = artifacts.glob(f"{dag_id}/*/{task_id}/try=1/verdicts.json")
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def pipelines_with(repository: Path, name: str, *changes: tuple[str, str]) -> Path:
    # dag.test() looks for the DAG in the configured folder, which Airflow reads once in a process
    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    text = (repository / "pipelines" / f"{name}.yaml").read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.mark.usefixtures("metadata_database")
def test_ml_pipeline_runs_to_the_end_and_leaves_its_evidence(tmp_path: Path, repository: Path, artifacts: Path) -> None:
    dag_run = run(pipelines_with(repository, "ml_pipeline"), "ml_pipeline")

    assert str(dag_run.state) == "success"
    assert set(states(dag_run).values()) == {"success"}
    judged = verdicts(artifacts, "ml_pipeline", "evaluate_model")
    assert judged["verdict"] in ("pass", "warn")
    assert {"roc_auc", "recall", "precision", "log_loss"} <= {v["name"] for v in judged["verdicts"]}
    assert (artifacts / "registry" / "ml_pipeline").is_dir()


@pytest.mark.usefixtures("metadata_database")
def test_a_gate_that_fails_keeps_the_model_from_being_deployed(
    tmp_path: Path, repository: Path, artifacts: Path
) -> None:
    folder = pipelines_with(repository, "ml_pipeline", ("roc_auc: {min: 0.97}", "roc_auc: {min: 0.99999}"))

    dag_run = run(folder, "ml_pipeline")

    assert str(dag_run.state) == "failed"
    found = states(dag_run)
    assert (found["evaluate_model"], found["deploy_model"]) == ("failed", "upstream_failed")
    assert found["send_notification"] == "success"
    assert not (artifacts / "registry").exists()


def census(tmp_path: Path, repository: Path, shared_data: Path, rows: int | None) -> Path:
    lines = (shared_data / "adult.csv").read_text().splitlines()[1:]
    table = tmp_path / "adult.data"
    table.write_text("\n".join(lines[:rows]) + "\n")
    url = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data"
    return pipelines_with(repository, "census_income", (url, f"file://{table}"))


@pytest.mark.usefixtures("metadata_database")
def test_census_income_judges_mixed_types_missing_values_and_slices(
    tmp_path: Path, repository: Path, artifacts: Path, shared_data: Path
) -> None:
    dag_run = run(census(tmp_path, repository, shared_data, LABELLED_AS_PUBLISHED_FIRST), "census_income")

    assert str(dag_run.state) == "success", states(dag_run)
    checked = verdicts(artifacts, "census_income", "validate_data")
    assert checked["facts"]["rows_in"] == LABELLED_AS_PUBLISHED_FIRST
    assert checked["facts"]["rows_rejected"] > 0
    judged = {v["name"] for v in verdicts(artifacts, "census_income", "evaluate_model")["verdicts"]}
    assert any("sex" in name for name in judged)


@pytest.mark.usefixtures("metadata_database")
def test_labels_written_in_two_ways_stop_the_run_before_anything_is_learnt(
    tmp_path: Path, repository: Path, artifacts: Path, shared_data: Path
) -> None:
    dag_run = run(census(tmp_path, repository, shared_data, None), "census_income")

    assert str(dag_run.state) == "failed"
    assert states(dag_run)["validate_data"] == "failed"
    assert states(dag_run)["preprocess_data"] == "upstream_failed"
    failing = [v for v in verdicts(artifacts, "census_income", "validate_data")["verdicts"] if v["verdict"] == "fail"]
    assert any("income" in v["name"] for v in failing)
