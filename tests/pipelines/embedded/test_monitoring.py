"""The monitoring without containers: the stack's own files with this machine's addresses; programs that are missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.embedded import monitoring
from pipelines.embedded.monitoring_files import PORT_OF_ADDRESS, Ports, with_local_addresses, write_files
from pipelines.embedded.obstacles import StartError
from pipelines.embedded.settings import Secrets, Settings, configuration, environment

PORTS = Ports(airflow=1, statsd=2, exporter=3, blackbox=4, prometheus=5, alertmanager=6)
SECRETS = Secrets(fernet_key="f", api_secret_key="a", jwt_secret="j", admin_password="p", health_password="h")


@pytest.fixture
def source(repository: Path) -> Path:
    return repository / "prometheus"


def test_prometheus_gets_this_machines_addresses_and_the_projects_rules(source: Path, tmp_path: Path) -> None:
    write_files(tmp_path, source, PORTS)
    written = yaml.safe_load((tmp_path / "prometheus.yml").read_text())

    assert not [address for address in PORT_OF_ADDRESS if address in (tmp_path / "prometheus.yml").read_text()]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in written["scrape_configs"]}
    assert targets["statsd-exporter"] == ["127.0.0.1:3"]
    assert targets["airflow-health"] == ["http://127.0.0.1:1/api/v2/monitor/health"]
    assert written["rule_files"] == [str(source / "rules/*.yml")]
    assert written["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["127.0.0.1:6"]
    assert written["global"] == yaml.safe_load((source / "prometheus.yml").read_text())["global"]


def test_a_job_for_what_runs_in_containers_only_is_left_out(source: Path) -> None:
    jobs = [
        {"job_name": "redis", "static_configs": [{"targets": ["redis-exporter:9121"]}]},
        {"job_name": "found", "dns_sd_configs": [{"names": ["workers"]}]},
        {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]},
    ]
    written = with_local_addresses({"scrape_configs": jobs, "rule_files": []}, source, PORTS)
    assert [job["job_name"] for job in written["scrape_configs"]] == ["prometheus"]


def test_every_receiver_tells_the_webhook_and_the_routing_stays(source: Path, tmp_path: Path) -> None:
    write_files(tmp_path, source, PORTS, webhook="http://127.0.0.1:7/")
    written = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    original = yaml.safe_load((source / "alertmanager.yml").read_text())
    assert written["route"] == original["route"]
    assert written["inhibit_rules"] == original["inhibit_rules"]
    for receiver in written["receivers"]:
        assert receiver["webhook_configs"] == [{"url": "http://127.0.0.1:7/", "send_resolved": True}]


@pytest.mark.parametrize(
    ("tool", "arguments", "name"),
    [("promtool", ("check", "config"), "prometheus.yml"), ("amtool", ("check-config",), "alertmanager.yml")],
)
def test_the_servers_accept_what_is_written(
    tool: str, arguments: tuple[str, ...], name: str, source: Path, tmp_path: Path
) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    write_files(tmp_path, source, PORTS, webhook="http://127.0.0.1:7/")
    done = subprocess.run([tool, *arguments, tmp_path / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def programs(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def test_missing_programs_are_named_with_their_debian_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    programs(tmp_path, "prometheus")
    with pytest.raises(StartError) as problem:
        monitoring.find_programs()
    assert "Not on PATH: alertmanager, blackbox-exporter." in str(problem.value)
    assert "`sudo apt install prometheus-alertmanager prometheus-blackbox-exporter`" in str(problem.value)


def test_the_real_exporter_is_taken_if_it_is_there_and_else_the_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    programs(tmp_path, "prometheus", "alertmanager", "blackbox_exporter")
    assert monitoring.find_programs()[monitoring.EXPORTER][0] == sys.executable
    programs(tmp_path, "statsd_exporter")
    found = monitoring.find_programs()
    assert found[monitoring.EXPORTER] == (str(tmp_path / "statsd_exporter"),)
    servers = monitoring.Monitoring(home=tmp_path, ports=PORTS, programs=found)
    assert "--statsd.listen-udp=127.0.0.1:2" in servers.command(monitoring.EXPORTER)


def test_an_airflow_that_is_not_watched_sends_no_metrics(tmp_path: Path) -> None:
    settings = monitoring.attached(Settings(home=tmp_path, dags=tmp_path, port=1))
    assert "metrics" not in configuration(settings, SECRETS)
    assert "AIRFLOW_CONN_PROMETHEUS" not in environment(settings, SECRETS, {})


def test_one_that_is_watched_sends_what_the_stack_sends_and_may_ask_prometheus(
    tmp_path: Path, repository: Path
) -> None:
    settings = Settings(home=tmp_path, dags=tmp_path, port=1, statsd_port=2, prometheus_port=5)
    sent = {
        f"AIRFLOW__METRICS__{key.upper()}": value for key, value in configuration(settings, SECRETS)["metrics"].items()
    }
    compose = yaml.safe_load((repository / "compose.yaml").read_text())["x-airflow-environment"]
    stack = {name: value for name, value in compose.items() if name.startswith("AIRFLOW__METRICS__")}
    elsewhere = {"AIRFLOW__METRICS__STATSD_HOST", "AIRFLOW__METRICS__STATSD_PORT"}
    assert sent.keys() == stack.keys()
    assert {name: sent[name] for name in sent.keys() - elsewhere} == {
        name: stack[name] for name in stack.keys() - elsewhere
    }
    assert '"port": 5' in environment(settings, SECRETS, {})["AIRFLOW_CONN_PROMETHEUS"]
    mine = {"AIRFLOW_CONN_PROMETHEUS": "http://mine:9090"}
    assert environment(settings, SECRETS, mine)["AIRFLOW_CONN_PROMETHEUS"] == "http://mine:9090"
