"""What the checker calls an error fails when it runs, and what it calls right succeeds: the explanations, run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pipelines
from pipelines.loader import load
from schemas.explanations import read_explanation

# dag.test() runs Airflow's own server inside this process, which warns of what its libraries will drop one day
pytestmark = [pytest.mark.running, pytest.mark.filterwarnings("ignore")]

FAILS = {
    "P410": "train",
    "P411": "train",
    "P412": "train",
    "P413": "train",
    "P414": "judge",
    "P420": "split",
    "P422": "features",
    "P423": "features",
    "P432": "month_end",
    "P503": "train",
    "P504": "deploy",
    "P522": "load",
    "P605": "judge",
    "P606": "judge",
    "P609": "judge",
}
"""Code -> the task of its wrong example that fails; those whose examples need no network."""


@pytest.fixture(scope="module", autouse=True)
def metadata_database() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


def states_of(code: str, which: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Run an example of an explanation with ``dag.test()``, whatever the checker says of it."""
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{tmp_path}")
    monkeypatch.setattr("schemas.file_check.RULES", ())
    # dag.test() looks for the DAG in the configured folder, which Airflow reads once in a process
    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(Path(pipelines.__file__).with_name(name), folder / name)
    example = re.search(rf"### {which}\n\n```yaml\n(.*?)```", read_explanation(code), re.DOTALL)
    assert example is not None
    dag_id = f"{which.lower()}_{code}"
    (folder / "example.yaml").write_text(example[1].replace("orders:", f"{dag_id}:", 1))
    run = load(folder, dag_id=dag_id).dags[dag_id].test()
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


@pytest.mark.parametrize("code", FAILS)
def test_what_is_called_wrong_fails(code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    states = states_of(code, "Wrong", monkeypatch, tmp_path)
    assert [task for task, state in states.items() if state == "failed"] == [FAILS[code]]


@pytest.mark.parametrize("code", FAILS)
def test_what_is_called_right_succeeds(code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert set(states_of(code, "Right", monkeypatch, tmp_path).values()) == {"success"}
