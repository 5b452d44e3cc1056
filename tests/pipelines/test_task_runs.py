"""Mapped tasks, functions, branches and teardowns really run: with ``dag.test()``, each result where it belongs."""

from __future__ import annotations

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

BASH = "airflow.providers.standard.operators.bash.BashOperator"
MAPPED = f"""\
orders:
  schedule: null
  start_date: "2026-01-01"
  task_groups:
    region: {{expand: {{name: [north, south], day: +days}}}}
  tasks:
    days: {{decorator: task, python_callable: operators.functions.list_days, start: "2026-01-30", end: "2026-01-31"}}
    ends: {{decorator: task, python_callable: operators.functions.is_month_end, expand: {{day: +days}}}}
    sets:
      operator: {BASH}
      expand_kwargs: [{{bash_command: echo "$A"}}, {{bash_command: echo b}}]
      env: {{A: a}}
    write:
      operator: {BASH}
      task_group_name: region
      bash_command: echo "$NAME on $DAY"
      env: {{NAME: +region.name, DAY: +region.day}}
    again:
      operator: {BASH}
      task_group_name: region
      bash_command: echo "again $WROTE"
      env: {{WROTE: +write}}
"""
FUNCTIONS = f"""\
numbers:
  schedule: null
  start_date: "2026-01-01"
  tasks:
    describe:
      decorator: task
      python_callable: operators.functions.describe_numbers
      numbers: [0.25, 0.75]
      multiple_outputs: true
    percent: {{decorator: task, python_callable: operators.functions.as_percent, value: "+describe['mean']", digits: 0}}
    classic:
      operator: airflow.providers.standard.operators.python.PythonOperator
      python_callable: operators.functions.as_percent
      op_kwargs: {{value: "+describe['max']"}}
    choose:
      decorator: task.branch
      python_callable: operators.functions.choose_by_weekday
      day: "2026-01-03"
      weekday: work
      weekend: rest
    work: {{operator: {BASH}, bash_command: echo, dependencies: [choose]}}
    rest: {{operator: {BASH}, bash_command: echo, dependencies: [choose]}}
    month_end: {{decorator: task.short_circuit, python_callable: operators.functions.is_month_end, day: "2026-01-03"}}
    books: {{operator: {BASH}, bash_command: echo, dependencies: [month_end]}}
    start: {{operator: {BASH}, bash_command: echo up}}
    fails: {{operator: {BASH}, bash_command: exit 1, dependencies: [start]}}
    stop: {{operator: {BASH}, bash_command: echo down, dependencies: [fails], teardown: {{setups: [start]}}}}
"""
MODELS = """\
wine:
  schedule: null
  start_date: "2026-01-01"
  default_args: {owner: ml-team, execution_timeout: 10m}
  tasks:
    download: {operator: DownloadData, source: sample://wine}
    validate: {operator: ValidateData, dependencies: [download], data: download}
    prepare: {operator: PreprocessData, dependencies: [validate], data: validate, target: target}
    train:
      operator: TrainModel
      dependencies: [prepare]
      data: prepare
      expand: {estimator: [sklearn.naive_bayes.GaussianNB, sklearn.tree.DecisionTreeClassifier]}
      map_index_template: "{{ task.estimator }}"
    evaluate:
      operator: EvaluateModel
      dependencies: [prepare]
      data: prepare
      expand: {model: +train}
      gates: {accuracy: {min: 0.5}}
"""


@pytest.fixture(scope="module", autouse=True)
def metadata_database() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


def run_of(text: str, dag_id: str) -> Any:
    # dag.test() looks for the DAG in the configured folder, which Airflow reads once in a process
    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(Path(pipelines.__file__).with_name(name), folder / name)
    (folder / "example.yaml").write_text(text)
    loaded = load(folder, dag_id=dag_id)
    assert loaded.diagnostics == ()
    return loaded.dags[dag_id].test()


def results(run: Any, task_id: str) -> list[Any]:
    instances = sorted((ti.map_index, ti) for ti in run.get_task_instances() if ti.task_id == task_id)
    return [ti.xcom_pull(task_ids=task_id, map_indexes=index) for index, ti in instances]


def test_a_mapped_pipeline_runs_once_for_each_value() -> None:
    run = run_of(MAPPED, "orders")
    assert {str(ti.state) for ti in run.get_task_instances()} == {"success"}
    assert results(run, "ends") == [False, True]
    assert results(run, "sets") == ["a", "b"]
    written = [f"{name} on {day}" for name in ("north", "south") for day in ("2026-01-30", "2026-01-31")]
    assert results(run, "region.write") == written
    assert results(run, "region.again") == [f"again {text}" for text in written]


def test_a_pipeline_of_functions_passes_results_on_and_goes_the_way_that_was_chosen() -> None:
    run = run_of(FUNCTIONS, "numbers")
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    assert results(run, "percent") == ["50 %"]
    assert results(run, "classic") == ["75.0 %"]
    assert (states["work"], states["rest"]) == ("skipped", "success")
    assert (states["month_end"], states["books"]) == ("success", "skipped")
    assert (states["fails"], states["stop"]) == ("failed", "success")
    assert str(run.state) == "failed"


def test_one_model_for_each_estimator_is_trained_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{tmp_path}")
    run = run_of(MODELS, "wine")
    assert {str(ti.state) for ti in run.get_task_instances()} == {"success"}
    names = {ti.rendered_map_index for ti in run.get_task_instances() if ti.task_id == "train"}
    assert names == {"sklearn.naive_bayes.GaussianNB", "sklearn.tree.DecisionTreeClassifier"}
    assert len(list(tmp_path.glob("wine/*/evaluate/map=*/try=1/verdicts.json"))) == 2
