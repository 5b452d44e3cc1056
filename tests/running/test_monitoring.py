"""The health pipeline on a running Airflow, with an account that may only look: found, told once, linked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from operators.health.airflow_api import REQUESTS_AT_MOST
from tests.running.airflow_instance import AirflowInstance, FinishedRun

BROKEN = """\
sore_spot:
  schedule: null
  start_date: "2026-01-01"
  default_args: {owner: tests}
  tasks:
    one: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: "exit 3"}
    other: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: "exit 3"}
"""


@pytest.fixture(scope="module")
def received() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The port of a receiver of webhooks, and what it got."""
    messages: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port, messages
        server.shutdown()


@pytest.fixture(scope="module")
def watched(airflow: AirflowInstance, received: tuple[int, Any]) -> Iterator[list[FinishedRun]]:
    """Two runs of the health pipeline, after a pipeline has failed twice."""
    connection = {"connection_id": "hook", "conn_type": "http", "host": "127.0.0.1", "port": received[0]}
    airflow.api.call("POST", "/connections", json={**connection, "schema": "http"})
    airflow.write("sore_spot.yaml", BROKEN)
    text = (airflow.dags / "monitoring.yaml").read_text().replace("\nmonitoring:", "\nwatch:", 1)
    text = text.replace("alert_on: inconclusive", "alert_on: warn")
    airflow.write("watch.yaml", text.replace("channels: []", "channels: [{type: http, conn_id: hook}]"))
    assert [airflow.run("sore_spot").state for _ in range(2)] == ["failed", "failed"]
    yield [airflow.run("watch"), airflow.run("watch")]
    for name in ("watch.yaml", "sore_spot.yaml"):
        airflow.remove(name)
    airflow.api.call("DELETE", "/connections/hook")


def published(airflow: AirflowInstance, run: FinishedRun, task_id: str, name: str) -> Any:
    folder = Path(airflow.xcom(run, task_id)["uri"].removeprefix("file://"))
    text = (folder / name).read_text()
    return json.loads(text) if name.endswith(".json") else text


def verdicts(airflow: AirflowInstance, run: FinishedRun, task_id: str) -> dict[str, dict[str, Any]]:
    return {v["name"]: v for v in published(airflow, run, task_id, "verdicts.json")["verdicts"]}


def test_the_account_may_only_look(airflow: AirflowInstance, watched: list[FinishedRun]) -> None:
    passwords = json.loads((airflow.settings.home / "passwords.json").read_text())
    with httpx.Client(base_url=airflow.settings.url, trust_env=False, timeout=30) as client:
        login = {"username": "health", "password": passwords["health"]}
        token = client.post("/auth/token", json=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        body = {"dag_run_id": "mine", "logical_date": None}
        assert client.post("/api/v2/dags/sore_spot/dagRuns", json=body).status_code == 403
        assert client.get("/api/v2/connections").status_code == 403


def test_the_run_succeeds_and_says_in_one_line_what_it_found(
    airflow: AirflowInstance, watched: list[FinishedRun]
) -> None:
    for run in watched:
        assert run.state == "success"
        assert set(run.tasks.values()) == {"success"}
        line = airflow.xcom(run, "monitoring_complete")
        assert line.startswith("Airflow health: ")
        assert line in airflow.log(run, "monitoring_complete")


def test_failed_runs_and_what_the_tasks_have_in_common_are_found(
    airflow: AirflowInstance, watched: list[FinishedRun]
) -> None:
    runs = verdicts(airflow, watched[0], "check_dag_runs")
    assert (runs["sore_spot.failed_runs"]["verdict"], runs["sore_spot.failed_runs"]["observed"]) == ("warn", 2)
    tasks = verdicts(airflow, watched[0], "check_task_failures")
    assert tasks["sore_spot.one.same_task"]["observed"] == 2
    (error,) = (v for v in tasks.values() if "sore_spot" in v["message"] and v["name"].endswith(".same_error"))
    assert error["message"].endswith("Bash command failed. The command returned a non-zero exit code 3.")
    components = verdicts(airflow, watched[0], "check_scheduler_health")
    assert {components[f"{name}.heartbeat_age"]["verdict"] for name in ("scheduler", "dag_processor", "triggerer")} == {
        "pass"
    }


def test_the_report_leads_to_the_log(airflow: AirflowInstance, watched: list[FinishedRun]) -> None:
    page = published(airflow, watched[0], "generate_health_report", "report.html")
    assert "sore_spot.failed_runs" in page
    base = f"http://localhost:{airflow.settings.port}/dags/sore_spot/runs/manual__"
    assert f'href="{base}' in page
    assert "/tasks/one?try_number=1" in page


def test_no_check_made_more_than_ten_requests(airflow: AirflowInstance, watched: list[FinishedRun]) -> None:
    for run in watched:
        for task_id in ("check_dag_runs", "check_task_failures", "check_scheduler_health"):
            assert published(airflow, run, task_id, "finding.json")["requests"] <= REQUESTS_AT_MOST


def test_a_problem_is_told_once(watched: list[FinishedRun], received: tuple[int, list[dict[str, Any]]]) -> None:
    told = [alert["key"] for message in received[1] for alert in message["new"]]
    assert told.count("check_dag_runs/sore_spot.failed_runs") == 1
    assert told.count("check_task_failures/sore_spot.one.same_task") == 1
    assert len(told) == len(set(told))


def test_what_is_remembered_lies_below_the_artefacts(airflow: AirflowInstance, watched: list[FinishedRun]) -> None:
    folder = airflow.artifacts / "state" / "watch"
    kept = {path.name: sorted(file.name for file in path.iterdir()) for path in folder.iterdir()}
    two = ["00000001.json", "00000002.json"]
    assert kept == {"check_dag_runs": two, "check_task_failures": two, "send_alerts": two}


def test_no_secret_is_in_a_page_a_message_or_the_memory(
    airflow: AirflowInstance, watched: list[FinishedRun], received: tuple[int, list[dict[str, Any]]]
) -> None:
    secrets = json.loads((airflow.settings.home / "secrets.json").read_text())
    files = [path for path in airflow.artifacts.rglob("*") if path.suffix in (".html", ".json", ".txt")]
    texts = [path.read_text() for path in files] + [json.dumps(received[1])]
    assert len(files) > 20
    assert [name for name, secret in secrets.items() for text in texts if secret in text] == []
