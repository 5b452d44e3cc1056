"""compose.yaml started for real: from a copy of the checkout, with an .env, ports and a project name of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from pipelines.embedded.api import AirflowApi
from pipelines.embedded.pip_settings import read_pip_settings

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = ROOT / "tests/compose/images/images.env"
CA_IN_THE_BUILD = "/run/secrets/ca_bundle"
PORTS = ("AIRFLOW_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "GRAFANA_PORT", "WEBHOOK_PORT")
KEPT = ("PATH", "HOME", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT")
"""What docker needs of this environment. The rest stays away: a variable would win over the one in .env."""
Value = TypeVar("Value")


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


def settings_of(path: Path) -> dict[str, str]:
    """Read an .env file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


class Stack:
    """The containers of compose.yaml.

    :param folder: a new folder
    :param settings: what to set in .env
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.project = f"ml-pipelines-test-{os.getpid()}-{free_port()}"
        self.measured: dict[str, float] = {}
        """What took how many seconds."""
        _copy_checkout(folder)
        _write_alertmanager_configuration(folder / "prometheus")
        subprocess.run([sys.executable, folder / "stack/new_env.py", folder], check=True, capture_output=True)
        ours = {name: str(free_port()) for name in PORTS}
        ours |= {"AIRFLOW_IMAGE": "ml-pipelines-airflow:test", "ALERTMANAGER_CONFIG": "alertmanager-webhook.yml"}
        ours |= _build_settings(folder)
        with (folder / ".env").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in {**ours, **settings}.items())
        self.settings = settings_of(folder / ".env")
        self.api = AirflowApi(self.url("AIRFLOW_PORT"), "admin", self.settings["AIRFLOW_ADMIN_PASSWORD"])

    # -- compose ------------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """With it `docker compose` means this stack, and takes every setting from its .env."""
        ours = {"COMPOSE_PROJECT_NAME": self.project, "COMPOSE_FILE": "compose.yaml:tests/compose/webhook.yaml"}
        return {name: os.environ[name] for name in KEPT if name in os.environ} | ours

    def _try(self, command: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -eu\n{command}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def shell(self, command: str, timeout: float = 600) -> str:
        """Run a shell command in the folder, as a user would; give what it prints."""
        done = self._try(command, timeout)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}\n{self.complaints()}"
        return done.stdout

    def compose(self, arguments: str, timeout: float = 600) -> str:
        """Run `docker compose`."""
        return self.shell(f"docker compose {arguments}", timeout)

    def up(self) -> float:
        """Start what is not running; give the seconds until every service was healthy."""
        began = time.monotonic()
        self.compose("up --detach --wait --wait-timeout 420", timeout=480)
        return time.monotonic() - began

    def remove(self) -> None:
        """Stop everything and delete what it kept."""
        self.api.close()
        self.compose("down --volumes --remove-orphans --timeout 5")

    # -- containers ---------------------------------------------------------------------------------------------------

    def containers(self, service: str = "") -> list[dict[str, Any]]:
        """Give what the engine knows of each container, the one that was made first in front."""
        ids = self._try(f"docker compose ps --all --quiet {service}").stdout.split()
        found: list[dict[str, Any]] = json.loads(self._try(f"docker inspect {' '.join(ids)}").stdout) if ids else []
        return sorted(found, key=lambda container: str(container["Created"]))

    def kill(self, container: Mapping[str, Any]) -> None:
        """Kill a container's processes. `docker kill` would not do: it is meant, so the engine starts nothing again."""
        pid, image = container["State"]["Pid"], self.settings["AIRFLOW_IMAGE"]
        assert pid > 0, f"{service_of(container)} is not running"
        self.shell(f"docker run --rm --pid host --user 0:0 --network none {image} sh -c 'kill -9 {pid}'")

    def unhealthy(self) -> list[str]:
        """Name each service that is not running and, where it has a health check, healthy."""
        return [f"{service_of(container)}: {state_of(container)}" for container in self._not_well()]

    def complaints(self) -> str:
        """Say of each such service what its last health check and its log say."""
        return "\n".join(f"{service_of(c)}: {state_of(c)} {last_check(c)}\n{self._log(c)}" for c in self._not_well())

    def _not_well(self) -> list[dict[str, Any]]:
        well = ("healthy", "running")
        return [c for c in self.containers() if service_of(c) != "migrate" and state_of(c) not in well]

    def _log(self, container: Mapping[str, Any]) -> str:
        return self._try(f"docker logs --tail 15 {container['Id']} 2>&1").stdout

    # -- what is asked ------------------------------------------------------------------------------------------------

    def url(self, port: str) -> str:
        """Give the address of a published port, by the variable that has it."""
        return f"http://127.0.0.1:{self.settings[port]}"

    def get(self, port: str, path: str) -> Any:
        """GET as JSON; None while there is no answer."""
        try:
            with urllib.request.urlopen(self.url(port) + path, timeout=10) as answer:
                return json.load(answer)
        except OSError:
            return None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Ask Prometheus; an empty list while it does not answer."""
        answer = self.get("PROMETHEUS_PORT", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        found: list[dict[str, Any]] = answer["data"]["result"] if answer else []
        return found

    def received(self, receiver: str) -> list[dict[str, Any]]:
        """Give every alert that a receiver of Alertmanager was told of, the first in front."""
        messages = self.get("WEBHOOK_PORT", "/received") or []
        return [alert for message in messages if message["receiver"] == receiver for alert in message["alerts"]]

    def paged(self, after: int = 0) -> set[str]:
        """Name the alerts that have paged, those among the first ``after`` messages left out."""
        found = self.received("page")[after:]
        return {alert["labels"]["alertname"] for alert in found if alert["status"] == "firing"}

    def wait_until(self, look: Callable[[], Value], what: str, timeout: float = 180) -> Value:
        """Ask until the answer is true; give it."""
        deadline = time.monotonic() + timeout
        found = look()
        while not found:
            assert time.monotonic() < deadline, f"not within {timeout:.0f} s: {what}\n{self.complaints()}"
            time.sleep(2)
            found = look()
        return found

    # -- pipelines ----------------------------------------------------------------------------------------------------

    def run(self, dag_id: str, timeout: float = 420) -> tuple[str, dict[str, str | None]]:
        """Run a pipeline; give the run's id and the states of its tasks, and fail unless it succeeds."""
        run_id = self.trigger(dag_id)
        return run_id, self.wait_for_success(dag_id, run_id, timeout)

    def trigger(self, dag_id: str) -> str:
        """Start a run; give its id."""
        self.wait_until(lambda: self.api.dag(dag_id), f"DAG {dag_id}")
        run_id: str = self.api.trigger_due(dag_id)["dag_run_id"]
        self.api.set_paused(dag_id, False)
        return run_id

    def wait_for_success(self, dag_id: str, run_id: str, timeout: float = 420) -> dict[str, str | None]:
        """Wait for the end of a run; give the states of its tasks."""
        state = self.api.wait_for_run(dag_id, run_id, timeout)["state"]
        states = self.api.task_states(dag_id, run_id)
        assert state == "success", f"{dag_id}: {states}\n{self._failed_logs(dag_id, run_id, states)}"
        return states

    def _failed_logs(self, dag_id: str, run_id: str, states: Mapping[str, str | None]) -> str:
        return "\n".join(
            self.api.log(dag_id, run_id, task)[-1500:] for task, state in states.items() if state == "failed"
        )


def service_of(container: Mapping[str, Any]) -> str:
    """Name the service of a container."""
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def state_of(container: Mapping[str, Any]) -> str:
    """Say healthy, starting or unhealthy; running, exited or restarting where there is no health check to say."""
    state = container["State"]
    return str(state["Health"]["Status"] if state["Running"] and "Health" in state else state["Status"])


def last_check(container: Mapping[str, Any]) -> str:
    """Give what the last health check printed."""
    checks = container["State"].get("Health", {}).get("Log") or [{"Output": ""}]
    return str(checks[-1]["Output"]).strip()


def long_running(services: Iterable[str] = ()) -> list[str]:
    """Name the services of compose.yaml that stay, those of a profile only where they are named."""
    found = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return sorted(n for n, s in found.items() if s.get("restart") != "no" and ("profiles" not in s or n in services))


def _copy_checkout(folder: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def _write_alertmanager_configuration(folder: Path) -> None:
    """The routing that is in force, with a webhook for each receiver."""
    configuration = yaml.safe_load((folder / "alertmanager.yml").read_text(encoding="utf-8"))
    for receiver in configuration["receivers"]:
        receiver["webhook_configs"] = [{"url": f"http://webhook:8080/{receiver['name']}"}]
    (folder / "alertmanager-webhook.yml").write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")


def _build_settings(folder: Path) -> dict[str, str]:
    """What a build needs of this machine's pip settings, as files that are no part of the image."""
    pip = read_pip_settings(Path(sys.executable))
    indexes = {name: pip[name] for name in ("index-url", "extra-index-url") if name in pip}
    lines = [
        f"{name} = {' '.join(url for url in urls.split() if not url.startswith('file:'))}"
        for name, urls in indexes.items()
    ]
    found = {"PIP_CONFIG_FILE": "./secrets/pip.conf"}
    if "cert" in pip:
        lines.append(f"cert = {CA_IN_THE_BUILD}")
        found["CA_BUNDLE"] = pip["cert"]
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets/pip.conf").write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")
    return found
