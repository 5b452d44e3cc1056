"""prometheus/: every file accepted by the tool that reads it, and no rule on a metric that nobody sends."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "prometheus"
ALERTMANAGER_FILES = sorted(FOLDER.glob("alertmanager*.yml"))
SEVERITIES = {"critical", "warning", "info", "none"}


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_and_its_rules_are_accepted(tool: Callable[[str], str]) -> None:
    run(tool("promtool"), "check", "config", FOLDER / "prometheus.yml")


@pytest.mark.parametrize("path", sorted((FOLDER / "tests").glob("*.yml")), ids=lambda path: path.stem)
def test_alerts_fire_and_stay_silent_as_expected(path: Path, tool: Callable[[str], str]) -> None:
    run(tool("promtool"), "test", "rules", path)


@pytest.mark.parametrize("path", ALERTMANAGER_FILES, ids=lambda path: path.stem)
def test_alertmanager_accepts_its_configuration(path: Path, tool: Callable[[str], str]) -> None:
    run(tool("amtool"), "check-config", path)


def test_blackbox_exporter_accepts_its_configuration(tool: Callable[[str], str]) -> None:
    command = tool("prometheus-blackbox-exporter")
    run(command, "--config.check", f"--config.file={FOLDER / 'blackbox.yml'}")


def test_both_alertmanager_files_route_and_inhibit_alike() -> None:
    first, second = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in ALERTMANAGER_FILES)
    assert first["route"] == second["route"]
    assert first["inhibit_rules"] == second["inhibit_rules"]
    names = [[receiver["name"] for receiver in each["receivers"]] for each in (first, second)]
    assert names[0] == names[1]


def test_a_receiver_reads_its_secret_from_a_file_that_compose_mounts(compose: dict[str, Any]) -> None:
    text = (FOLDER / "alertmanager-receivers.yml").read_text(encoding="utf-8")
    files = re.findall(r"(\w+)_file: /run/secrets/(\w+)", text)
    assert {name for _, name in files} == set(compose["services"]["alertmanager"]["secrets"])
    assert not re.search(r"\b(api_url|routing_key|password|credentials): ", text)


def test_each_rule_stands_in_the_file_of_its_component(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    alerts = [(stem, rule) for stem, rules in rule_files.items() for rule in rules if "alert" in rule]
    assert [(stem, rule["alert"]) for stem, rule in alerts if rule["labels"]["component"] != stem] == []


def test_each_alert_has_a_severity_and_says_what_and_where(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    for alert in [rule for rules in rule_files.values() for rule in rules if "alert" in rule]:
        assert alert["labels"]["severity"] in SEVERITIES, alert["alert"]
        assert alert["annotations"]["summary"], alert["alert"]
        assert "{{" not in alert["annotations"]["summary"], "a summary is constant; values go into the description"
        assert alert["annotations"]["description"], alert["alert"]


def test_no_rule_uses_a_metric_that_nobody_sends(
    rule_files: dict[str, list[dict[str, Any]]], known_names: set[str], series_names: Callable[[str], list[str]]
) -> None:
    rules = [rule for rules in rule_files.values() for rule in rules]
    unknown = {name for rule in rules for name in series_names(rule["expr"]) if name not in known_names}
    assert unknown == set()


def test_the_names_are_those_that_a_real_statsd_exporter_gave(
    airflow_metrics: dict[str, str], shared_data: Path
) -> None:
    """The recording holds what one Airflow 3.3.2 sent; two of its metrics are in no registry."""
    output = (shared_data / "statsd_exporter_output.txt").read_text(encoding="utf-8")
    kinds = {"counter": "counter", "gauge": "gauge", "histogram": "timer"}
    real = {name: kinds[kind] for name, kind in re.findall(r"^# TYPE (airflow_\w+) (\w+)$", output, re.MULTILINE)}
    assert real.keys() - airflow_metrics.keys() <= {"airflow_serde_load_serializers"}
    assert {name for name, kind in real.items() if airflow_metrics.get(name, kind) != kind} == set()


def test_our_own_metrics_are_sent_by_our_code(own_metrics: dict[str, str]) -> None:
    files = [*(ROOT / "operators").rglob("*.py"), ROOT / "pipelines/metrics.py"]
    sources = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [stat for stat in own_metrics if f'"{stat}"' not in sources] == []


def test_every_scraped_host_is_a_service_on_a_network_of_prometheus(compose: dict[str, Any]) -> None:
    configuration = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    hosts = set(re.findall(r'"(?:http://)?([a-z-]+):\d+', configuration)) - {"localhost"}
    services = compose["services"]
    assert hosts == {"statsd-exporter", "api-server", "blackbox-exporter", "alertmanager"}
    reached = hosts - {"api-server"}  # the blackbox exporter reaches that one
    assert all("monitoring" in services[host]["networks"] for host in reached)
    assert set(services["blackbox-exporter"]["networks"]) & set(services["api-server"]["networks"])


class Slack(BaseHTTPRequestHandler):
    received: list[dict[str, Any]]

    def do_POST(self) -> None:
        Slack.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post_alert(port: int) -> None:
    alert = {
        "labels": {"alertname": "AirflowDagRunFailed", "severity": "warning", "component": "dag"},
        "annotations": {"summary": "A DAG run failed", "description": "ml_pipeline: 1 failed run(s)."},
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v2/alerts", json.dumps([alert]).encode(), {"Content-Type": "application/json"}
    )
    for _ in range(100):
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("alertmanager did not start within 10 s")


def test_an_alert_reaches_slack_through_the_address_in_the_secret_file(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    Slack.received = []
    server = HTTPServer(("127.0.0.1", 0), Slack)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "slack_webhook").write_text(f"http://127.0.0.1:{server.server_port}/hook")
    text = (FOLDER / "alertmanager-receivers.yml").read_text(encoding="utf-8")
    text = text.replace("/run/secrets/", f"{tmp_path}/").replace("group_wait: 30s", "group_wait: 100ms")
    (tmp_path / "alertmanager.yml").write_text(text)
    port = free_port()
    options = ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
    command = [tool("prometheus-alertmanager"), *options, f"--web.listen-address=127.0.0.1:{port}"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        post_alert(port)
        deadline = time.monotonic() + 20
        while not Slack.received and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(10)
        server.shutdown()
        server.server_close()
    [message] = Slack.received
    assert message["attachments"][0]["title"] == "FIRING AirflowDagRunFailed"
    assert message["attachments"][0]["text"].strip() == "A DAG run failed: ml_pipeline: 1 failed run(s)."
