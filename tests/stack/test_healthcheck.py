"""stack/healthcheck.py, run as Docker runs it, against a server that answers as the api-server does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HEALTH = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": "2026-01-01T00:00:00+00:00"},
    "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
    "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": "2026-01-01T00:00:00+00:00"},
}


class ApiServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(HEALTH).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ApiServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def check(component: str, url: str) -> tuple[int, str]:
    command = [sys.executable, ROOT / "stack/healthcheck.py", component]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False, env={"AIRFLOW_HEALTH_URL": url}
    )
    return done.returncode, done.stdout.strip() + done.stderr


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("api_server", (0, "")),
        ("dag_processor", (0, "")),
        ("scheduler", (1, "scheduler: unhealthy")),
        ("triggerer", (1, "triggerer: has never run")),
    ],
)
def test_a_component_is_as_healthy_as_the_api_server_says(
    component: str, expected: tuple[int, str], address: str
) -> None:
    assert check(component, address) == expected


def test_an_unknown_component_is_named_with_the_known_ones(address: str) -> None:
    code, said = check("dagprocessor", address)
    assert code == 1
    assert "unknown component 'dagprocessor'; known: api_server, worker, metadatabase, scheduler" in said


def test_no_answer_is_unhealthy() -> None:
    code, said = check("api_server", "http://127.0.0.1:9/")
    assert code == 1
    assert "refused" in said


def test_compose_asks_for_components_that_exist() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    checks = [service["healthcheck"]["test"] for service in services.values() if "healthcheck" in service]
    asked = {check[-1] for check in checks if "/opt/healthcheck.py" in check}
    assert asked == {"api_server", "worker", *HEALTH} - {"metadatabase"}
