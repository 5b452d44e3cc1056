"""prometheus/: every file accepted by the tool that reads it, and no rule on a metric that nobody sends."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.alerts.rules import RUNBOOK

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "prometheus"
SEVERITIES = {"critical", "warning", "info", "none"}


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_and_its_rules_are_accepted(tool: Callable[[str], str]) -> None:
    run(tool("promtool"), "check", "config", FOLDER / "prometheus.yml")


@pytest.mark.parametrize("path", sorted((FOLDER / "tests").glob("*.yml")), ids=lambda path: path.stem)
def test_alerts_fire_and_stay_silent_as_expected(path: Path, tool: Callable[[str], str]) -> None:
    run(tool("promtool"), "test", "rules", path)


def test_blackbox_exporter_accepts_its_configuration(tool: Callable[[str], str]) -> None:
    command = tool("prometheus-blackbox-exporter")
    run(command, "--config.check", f"--config.file={FOLDER / 'blackbox.yml'}")


def test_each_rule_stands_in_the_file_of_its_component(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    alerts = [(stem, rule) for stem, rules in rule_files.items() for rule in rules if "alert" in rule]
    assert [(stem, rule["alert"]) for stem, rule in alerts if rule["labels"]["component"] != stem] == []


def test_each_alert_has_a_severity_and_says_what_and_where(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    for alert in [rule for rules in rule_files.values() for rule in rules if "alert" in rule]:
        assert alert["labels"]["severity"] in SEVERITIES, alert["alert"]
        assert alert["annotations"]["summary"], alert["alert"]
        assert "{{" not in alert["annotations"]["summary"], "a summary is constant; values go into the description"
        assert alert["annotations"]["description"], alert["alert"]
        assert alert["annotations"]["runbook_url"] == f"{RUNBOOK}#{alert['alert'].lower()}"


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
