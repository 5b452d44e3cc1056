"""compose.yaml: valid, complete, and closed to the outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from airflow.providers.celery.get_provider_info import get_provider_info

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((ROOT / "tests/stack/compose_spec/compose-spec.json").read_text(encoding="utf-8"))
AIRFLOW = ["migrate", "api-server", "scheduler", "dag-processor", "triggerer", "worker"]
LONG_RUNNING = sorted(set(COMPOSE["services"]) - {"migrate"})
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<operator>:[-?])?(?P<rest>[^}]*)\}")
NO_DEFAULT_SHOWN = {
    "ALERTMANAGER_CONFIG",
    "SLACK_WEBHOOK_FILE",
    "PAGERDUTY_KEY_FILE",
    "WATCHDOG_URL_FILE",
    "PIP_CONFIG_FILE",
    "CA_BUNDLE",
    "SOURCE_URL",
    "PIPELINES_ENVIRONMENT",
}

READ_BY_COMPOSE = {"COMPOSE_PROFILES"}
"""Variables that Docker Compose itself takes from .env."""
SHOWN_WITH_ANOTHER_VALUE = {"AIRFLOW_EXECUTOR"}
"""Not the default: what to set it to."""

each_service = pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
each_long_running = pytest.mark.parametrize("name", LONG_RUNNING)


def variables(operator: str) -> dict[str, str]:
    """The variables of compose.yaml that stand with an operator, and what stands behind it."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    return {found["name"]: found["rest"] for found in VARIABLE.finditer(text) if found["operator"] == operator}


def documented() -> dict[str, str]:
    """The variables of .env.example, those that are commented out as well."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))


def problems(data: dict[str, Any]) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(data)
    ]


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    assert problems(compose) == []


@pytest.mark.parametrize(
    "broken",
    [{"imagine": "postgres"}, {"restart": ["always"]}, {"healthcheck": {"tests": "x"}}],
    ids=["unknown key", "wrong type", "unknown key further down"],
)
def test_the_schema_would_notice_a_mistake(broken: dict[str, Any]) -> None:
    assert problems({"services": {"postgres": broken}}) != []


@each_service
def test_networks_volumes_configs_and_secrets_are_declared(name: str, compose: dict[str, Any]) -> None:
    service = compose["services"][name]
    assert set(service["networks"]) <= set(compose["networks"])
    secrets = [*service.get("secrets", []), *service.get("build", {}).get("secrets", [])]
    assert set(secrets) <= set(compose["secrets"])
    assert set(service.get("depends_on", {})) <= set(compose["services"])
    sources = [volume.split(":")[0] for volume in service.get("volumes", [])]
    assert {source for source in sources if not source.startswith(".")} <= set(compose["volumes"])


@each_service
def test_what_is_mounted_from_the_checkout_exists_and_is_read_only(name: str, compose: dict[str, Any]) -> None:
    for volume in compose["services"][name].get("volumes", []):
        source, _, options = volume.split(":")[0], *volume.split(":")[1:], *([""] if volume.count(":") == 1 else [])
        if source.startswith("."):
            assert (ROOT / source).exists(), volume
            assert options == "ro", volume


def test_nothing_is_declared_that_no_service_uses(compose: dict[str, Any]) -> None:
    used = json.dumps(compose["services"])
    for kind in ("volumes", "networks", "secrets"):
        assert [name for name in compose[kind] if name not in used] == []


def test_every_variable_is_in_env_example_and_the_other_way_round() -> None:
    assert variables(":-").keys() | variables(":?").keys() == documented().keys() - READ_BY_COMPOSE


def test_every_variable_has_a_default_or_is_required() -> None:
    assert variables("") == {}
    assert variables(":-").keys() & variables(":?").keys() == set()


def test_a_secret_has_no_default_anywhere() -> None:
    assert {name for name, value in documented().items() if not value} == variables(":?").keys()


def test_env_example_shows_the_defaults_that_are_in_force() -> None:
    others = NO_DEFAULT_SHOWN | READ_BY_COMPOSE | SHOWN_WITH_ANOTHER_VALUE
    shown = {name: value for name, value in documented().items() if value and name not in others}
    assert shown == {name: value for name, value in variables(":-").items() if name not in others}


@each_service
def test_no_password_or_key_is_written_down(name: str, compose: dict[str, Any]) -> None:
    environment = compose["services"][name].get("environment", {})
    secret = {key: value for key, value in environment.items() if re.search(r"PASSWORD$|SECRET|KEY|CONN|_URL$", key)}
    open_to_all = {"AIRFLOW_CONN_PROMETHEUS", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"}
    assert all("${" in secret[key] for key in secret.keys() - open_to_all), secret
    assert not any("password" in secret[key] or "@" in secret[key] for key in secret.keys() & open_to_all), secret


@each_service
def test_images_are_pinned_to_a_version(name: str, compose: dict[str, Any]) -> None:
    image = VARIABLE.fullmatch(compose["services"][name]["image"])
    assert image, "an image is a variable, so that a mirror or another version can be used"
    assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)*$", image["rest"]), image["rest"]


@each_long_running
def test_a_long_running_service_has_a_health_check_and_is_restarted(name: str, compose: dict[str, Any]) -> None:
    service = compose["services"][name]
    assert service["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()


@each_service
def test_no_service_is_root_or_can_become_it(name: str, compose: dict[str, Any]) -> None:
    service = compose["services"][name]
    assert not re.match(r"(0|root)\b", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.keys() & {"privileged", "cap_add", "network_mode", "pid"} == set()
    assert "docker.sock" not in json.dumps(service)


@each_service
def test_ports_are_open_on_this_machine_only(name: str, compose: dict[str, Any]) -> None:
    ports = compose["services"][name].get("ports", [])
    assert all(re.fullmatch(r"\$\{BIND_ADDRESS:-127\.0\.0\.1}:\$\{\w+_PORT:-(\d+)}:\1", port) for port in ports)


def test_postgres_and_redis_are_reached_by_airflow_only(compose: dict[str, Any]) -> None:
    assert compose["networks"]["database"] == {"internal": True}
    reached = {name for name, service in compose["services"].items() if "database" in service["networks"]}
    assert reached == {"postgres", "redis", *AIRFLOW}
    for name in ("postgres", "redis"):
        assert compose["services"][name]["networks"] == ["database"]


def test_the_profile_for_celery_brings_workers_and_their_queue_and_is_off_by_default(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {name for name, service in services.items() if "profiles" in service} == {"redis", "worker"}
    assert all(services[name]["profiles"] == ["celery"] for name in ("redis", "worker"))
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if other in ("redis", "worker") and "profiles" not in service:
                assert how["required"] is False, f"{name} would not start without the profile"


def test_the_profile_and_its_executor_stand_together_in_env_example() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert "#AIRFLOW_EXECUTOR=CeleryExecutor\n#COMPOSE_PROFILES=celery\n" in text


def test_a_worker_that_nobody_gives_work_to_says_why_and_ends(compose: dict[str, Any]) -> None:
    shell, option, script = compose["services"]["worker"]["command"]
    environment = {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "PATH": os.environ["PATH"]}
    command = [shell, option, script.replace("$$", "$")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    assert done.returncode == 1
    assert "set AIRFLOW_EXECUTOR=CeleryExecutor in .env" in done.stderr


def test_all_that_run_tasks_share_logs_and_artefacts_with_the_api_server(compose: dict[str, Any]) -> None:
    for name in AIRFLOW:
        assert {"artifacts:/opt/airflow/artifacts", "logs:/opt/airflow/logs"} <= set(
            compose["services"][name]["volumes"]
        )


def test_all_airflow_components_have_the_same_settings(compose: dict[str, Any]) -> None:
    first, *others = (compose["services"][name]["environment"] for name in AIRFLOW)
    assert all(first.items() <= other.items() for other in others)


def test_every_airflow_setting_exists_in_airflow(compose: dict[str, Any], airflow_file: Callable[[str], Any]) -> None:
    """Airflow takes a misspelt AIRFLOW__ variable without a word."""
    sections = airflow_file("config_templates/config.yml") | get_provider_info()["config"]
    ours = {("PIPELINES", "ARTIFACT_ROOT"), ("PIPELINES", "SOURCE_URL"), ("DAG_FACTORY", "ENABLE_TELEMETRY")}
    known = {
        (section.upper(), option.upper()) for section, body in sections.items() for option in body["options"]
    } | ours
    named = [tuple(key.split("__")[1:]) for key in compose["services"]["scheduler"]["environment"] if "__" in key]
    assert [name for name in named if name not in known] == []


def test_airflow_reaches_the_prometheus_that_the_health_checks_ask(compose: dict[str, Any]) -> None:
    services = compose["services"]
    connection = json.loads(services["scheduler"]["environment"]["AIRFLOW_CONN_PROMETHEUS"])
    assert (connection["conn_type"], connection["schema"]) == ("http", "http")
    assert services["prometheus"]["ports"][0].endswith(f":{connection['port']}")
    for name in ("scheduler", "worker"):
        assert set(services[connection["host"]]["networks"]) & set(services[name]["networks"])
    asked = (ROOT / "pipelines/monitoring.yaml").read_text(encoding="utf-8")
    assert asked.count("prometheus_conn_id: prometheus\n") == 3


def test_connection_and_user_of_the_health_checks_fit_together(compose: dict[str, Any]) -> None:
    environment = compose["services"]["scheduler"]["environment"]
    connection = json.loads(VARIABLE.sub("secret", environment["AIRFLOW_CONN_AIRFLOW_API"]))
    written = re.search(r"printf '(.*?)'", compose["services"]["api-server"]["command"][-1])
    assert written
    passwords = json.loads(written[1].replace("%s", "secret"))
    users = dict(user.split(":") for user in environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(","))
    assert users == {"admin": "admin", "health": "viewer"}
    assert passwords.keys() == users.keys()
    assert (connection["login"], connection["host"], connection["port"]) == ("health", "api-server", 8080)


@pytest.mark.parametrize("profile", [[], ["--profile", "celery"]], ids=["local", "celery"])
def test_docker_compose_accepts_it(profile: list[str], tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    subprocess.run([sys.executable, ROOT / "stack/new_env.py", tmp_path], check=True, capture_output=True)
    files = ["--file", ROOT / "compose.yaml", "--env-file", tmp_path / ".env"]
    command = [docker, "compose", *files, *profile, "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
