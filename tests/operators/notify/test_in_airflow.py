"""The notification as a teardown in a real Airflow: it asks for the states of tasks, and a failed gate still fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DAG_FILE = """
from airflow.sdk import DAG
from operators.data.download_data import DownloadDataOperator
from operators.data.preprocess_data import PreprocessDataOperator
from operators.deploy.deploy_model import DeployModelOperator
from operators.model.evaluate_model import EvaluateModelOperator
from operators.model.train_model import TrainModelOperator
from operators.notify.send_notification import SendNotificationOperator

with DAG("judged_{name}", schedule=None):
    data = DownloadDataOperator(task_id="download_data", source="sample://breast_cancer")
    split = PreprocessDataOperator(task_id="preprocess_data", data=data.output, target="target")
    model = TrainModelOperator(
        task_id="train_model", data=split.output, estimator="sklearn.ensemble.ExtraTreesClassifier", random_state=7
    )
    judged = EvaluateModelOperator(
        task_id="evaluate_model", retries=3, model=model.output, data=split.output, positive_class="malignant",
        gates={{"roc_auc": {{"min": {minimum}}}}},
    )
    deployed = DeployModelOperator(
        task_id="deploy_model", model=model.output, evaluation=judged.output, smoke_test={{"rows": 2}}
    )
    told = SendNotificationOperator(
        task_id="send_notification", subject="judged", channels=[{{"type": "http", "conn_id": "incidents"}}]
    ).as_teardown()
    data >> split >> model >> judged >> deployed >> told
"""

REFUSED_FILE = """
from airflow.sdk import DAG
from operators.notify.send_notification import SendNotificationOperator

with DAG("refused", schedule=None):
    SendNotificationOperator(task_id="send_notification", channels=[{"type": "http", "conn_id": "hook"}])
"""


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    for name, minimum in (("good", 0.5), ("bad", 0.9999)):
        (home / "dags" / f"{name}.py").write_text(DAG_FILE.format(name=name, minimum=minimum))
    airflow(home, "db", "migrate")
    return home


def airflow(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__PIPELINES__ARTIFACT_ROOT": f"file://{home}/artifacts",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    program = Path(sys.executable).with_name("airflow")
    return subprocess.run(
        [program, *arguments], env={**os.environ, **settings}, capture_output=True, text=True, timeout=280, check=False
    )


def run_dag(home: Path, name: str) -> tuple[str, str]:
    """Run a DAG to its end; give its state and the message."""
    done = airflow(home, "dags", "test", f"judged_{name}")
    messages = list(home.glob(f"artifacts/judged_{name}/*/send_notification/try=1/message.txt"))
    assert messages, done.stdout[-3000:] + done.stderr[-3000:]
    state = "failed" if "Marking run <DagRun" in done.stdout and "failed" in done.stdout.splitlines()[-1] else "success"
    return state, messages[0].read_text()


@pytest.mark.airflow
@pytest.mark.usefixtures("connections")
def test_a_failed_gate_is_told_and_fails_the_run(airflow_home: Path, web: Any) -> None:
    state, message = run_dag(airflow_home, "bad")

    assert state == "failed"
    assert message.startswith("judged: failed")
    words = " ".join(message.split())
    assert "train_model success" in words
    assert "evaluate_model failed" in words
    assert "deploy_model upstream_failed" in words
    assert "evaluate_model roc_auc fail 0.99" in words
    assert web.requests[0]["body"]["text"] == message


@pytest.mark.airflow
@pytest.mark.usefixtures("connections")
def test_a_deployment_is_told(airflow_home: Path, web: Any) -> None:
    state, message = run_dag(airflow_home, "good")

    assert state == "success"
    assert message.startswith("judged: success")
    assert "judged_good version 1 is champion (the first one)" in message
    assert web.requests[0]["body"]["deployments"][0]["version"] == 1


@pytest.mark.slow
def test_the_address_of_a_webhook_is_not_in_the_log_of_a_task(
    tmp_path: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"127.0.0.1:{closed_port}/hooks/a-token"
    monkeypatch.setenv("AIRFLOW_CONN_HOOK", json.dumps({"conn_type": "http", "host": host}))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{tmp_path}/artifacts")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "refused.py").write_text(REFUSED_FILE)

    program = [sys.executable, "-m", "tests.operators.notify.supervised_task"]
    subprocess.run([*program, "refused.py", "refused", "send_notification", "task.log"], timeout=60, check=True)

    log = (tmp_path / "logs" / "task.log").read_text()
    assert log.count("Max retries exceeded with url: ***") >= 3  # by the hook, by the channel, as the task's error
    assert "a-token" not in log
