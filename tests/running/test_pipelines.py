"""The shipped pipelines on a running Airflow: success, a failed gate, and a flaky download that is tried again."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.running.airflow_instance import AirflowInstance

ML_TASKS = [
    "download_data",
    "validate_data",
    "preprocess_data",
    "feature_engineering",
    "train_model",
    "evaluate_model",
    "deploy_model",
    "send_notification",
]


def copy_of_ml_pipeline(airflow: AirflowInstance, dag_id: str) -> str:
    text = (airflow.dags / "ml_pipeline.yaml").read_text()
    return text.replace("\nml_pipeline:", f"\n{dag_id}:", 1)


def local(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def test_ml_pipeline_trains_judges_and_deploys(airflow: AirflowInstance) -> None:
    run = airflow.run("ml_pipeline")

    assert run.state == "success"
    assert run.tasks == dict.fromkeys(ML_TASKS, "success")
    assert airflow.xcom(run, "validate_data", "verdict")["verdict"] == "pass"
    deployed = airflow.xcom(run, "deploy_model")
    assert (deployed["registered_model"], deployed["alias"], deployed["version"]) == ("ml_pipeline", "champion", 1)
    judged = airflow.xcom(run, "evaluate_model", "verdict")
    verdicts = json.loads(local(judged["verdicts"]).read_text())["verdicts"]
    assert {"roc_auc", "recall", "precision", "log_loss"} <= {verdict["name"] for verdict in verdicts}
    assert local(judged["report"]).read_text().startswith("<!doctype html>")


def test_every_xcom_is_a_reference_of_at_most_1_kb(airflow: AirflowInstance) -> None:
    run_id = airflow.api.runs("ml_pipeline", state="success", limit=1)[0]["dag_run_id"]
    for task_id in ML_TASKS:
        path = f"/dags/ml_pipeline/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries"
        for entry in airflow.api.call("GET", path)["xcom_entries"]:
            value = airflow.api.xcom("ml_pipeline", run_id, task_id, entry["key"])
            assert len(json.dumps(value)) <= 1024, (task_id, entry["key"])


def test_monitoring_reads_this_airflow_with_the_viewers_account(airflow: AirflowInstance) -> None:
    run = airflow.run("monitoring")

    assert run.state == "success"
    assert set(run.tasks.values()) == {"success"}
    assert airflow.xcom(run, "generate_health_report", "verdict")["verdict"] in ("pass", "warn", "fail")


def test_a_failed_gate_fails_the_run_without_a_retry_and_the_notification_is_still_sent(
    airflow: AirflowInstance,
) -> None:
    text = copy_of_ml_pipeline(airflow, "strict").replace("roc_auc: {min: 0.97}", "roc_auc: {min: 0.9999}")
    airflow.write("strict.yaml", text)

    run = airflow.run("strict")

    assert run.state == "failed"
    assert run.tasks["evaluate_model"] == "failed"
    assert airflow.tries("strict", run.run_id)["evaluate_model"] == 1
    assert run.tasks["deploy_model"] == "upstream_failed"
    assert run.tasks["send_notification"] == "success"
    assert airflow.xcom(run, "evaluate_model", "verdict")["failing"] == ["roc_auc"]
    assert "roc_auc" in airflow.log(run, "send_notification")
    assert not (airflow.artifacts / "registry" / "strict").exists()
    airflow.remove("strict.yaml")


@pytest.fixture
def flaky_server() -> Iterator[str]:
    """Answers 503 to the first request, and the iris table to all others."""
    from sklearn.datasets import load_iris

    frame = load_iris(as_frame=True).frame
    table = frame.rename(columns=lambda name: re.sub(r"\W+", "_", name).strip("_")).to_csv(index=False).encode()
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            if len(requests) == 1:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(table)))
            self.end_headers()
            self.wfile.write(table)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/iris.csv"
    server.shutdown()
    server.server_close()


def test_a_flaky_download_is_tried_again(airflow: AirflowInstance, flaky_server: str) -> None:
    airflow.write(
        "flaky.yaml",
        f"""flaky:
  default_args: {{owner: tests, retries: 2, retry_delay: 1s}}
  tasks:
    download_data:
      operator: DownloadData
      source: {flaky_server}
""",
    )

    run = airflow.run("flaky")

    assert run.state == "success"
    assert airflow.tries("flaky", run.run_id) == {"download_data": 2}
    assert airflow.xcom(run, "download_data")["rows"] == 150
    assert "503" in airflow.log(run, "download_data", try_number=1)
    airflow.remove("flaky.yaml")
