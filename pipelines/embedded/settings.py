"""The embedded Airflow's settings: its home, its configuration file, its secrets, its environment."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.embedded.interrupts import held

ADMIN = "admin"
HEALTH = "health"
_TRUE_ADDRESS = "127.0.0.1"
_AIRFLOW_SETTING = re.compile(r"AIRFLOW__([A-Z0-9_]+?)__([A-Z0-9_]+?)(?:_CMD|_SECRET)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the embedded Airflow lives and listens."""

    home: Path
    """AIRFLOW_HOME: database, logs, secrets, artefacts."""
    dags: Path
    """The folder with the pipelines."""
    port: int
    """Of the UI and the API."""
    host: str = _TRUE_ADDRESS
    """The address that the UI listens on."""
    parse_seconds: int = 10
    """How soon an edited YAML shows up."""
    statsd_port: int | None = None
    """Where metrics go, on this machine; None to send none."""
    prometheus_port: int | None = None
    """Of the Prometheus on this machine that health checks may ask; None if there is none."""

    @property
    def url(self) -> str:
        """The address under which this machine reaches the API."""
        host = _TRUE_ADDRESS if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 (compared, not bound)
        return f"http://{host}:{self.port}"

    @property
    def run(self) -> Path:
        """The folder of the records of running processes."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """The folder of the components' logs."""
        return self.home / "logs"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "airflow.db"

    @property
    def configuration(self) -> Path:
        """Airflow's configuration file."""
        return self.home / "airflow.cfg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Made once per home, and kept in a file that only its owner may read."""

    fernet_key: str
    api_secret_key: str
    jwt_secret: str
    admin_password: str
    health_password: str


def prepare_home(settings: Settings) -> Secrets:
    """Write everything that Airflow reads at its start; safe to repeat.

    :return: the home's secrets, new ones for a new home
    """
    for folder in (settings.home, settings.run, settings.logs):
        folder.mkdir(parents=True, exist_ok=True)
    settings.home.chmod(0o700)
    found = _load_secrets(settings.home / "secrets.json")
    passwords = {ADMIN: found.admin_password, HEALTH: found.health_password}
    _write_private(settings.home / "passwords.json", json.dumps(passwords) + "\n")
    _write_private(settings.configuration, _as_cfg(configuration(settings, found)))
    return found


def _load_secrets(path: Path) -> Secrets:
    if path.exists():
        return Secrets(**json.loads(path.read_text()))
    made = {
        # Fernet's form; Airflow would make the same, but only in a file that it writes itself.
        "fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "api_secret_key": secrets.token_urlsafe(32),
        "jwt_secret": secrets.token_urlsafe(48),
        "admin_password": secrets.token_urlsafe(9),
        "health_password": secrets.token_urlsafe(24),
    }
    _write_private(path, json.dumps(made, indent=2))
    return Secrets(**made)


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".new")
    with held:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        temporary.replace(path)


def configuration(settings: Settings, found: Secrets) -> dict[str, dict[str, str]]:
    """Give the settings that differ from Airflow's own defaults, by section."""
    cores = os.cpu_count() or 2
    sections = {
        "core": {
            "dags_folder": str(settings.dags),
            "load_examples": "False",
            "executor": "LocalExecutor",
            # LocalExecutor forks that many workers at once.
            "parallelism": str(max(4, min(cores, 16))),
            # Python 3.14 would start each worker anew, with all its imports.
            "mp_start_method": "fork",
            "fernet_key": found.fernet_key,
            # Otherwise an edit within 30 s of the last one shows in the Code tab of the runs before it.
            "min_serialized_dag_update_interval": "0",
            "execution_api_server_url": f"{settings.url}/execution/",
            "simple_auth_manager_users": f"{ADMIN}:admin,{HEALTH}:viewer",
            "simple_auth_manager_passwords_file": str(settings.home / "passwords.json"),
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{settings.database}"},
        "api": {
            "host": settings.host,
            "port": str(settings.port),
            "base_url": f"http://localhost:{settings.port}",
            "workers": "1",
            "secret_key": found.api_secret_key,
        },
        "api_auth": {"jwt_secret": found.jwt_secret},
        "logging": {"base_log_folder": str(settings.logs), "colored_console_log": "False"},
        "dag_processor": {
            # How often known files are read again, and new ones are looked for.
            "min_file_process_interval": str(settings.parse_seconds),
            "refresh_interval": str(settings.parse_seconds),
        },
        "scheduler": {
            "scheduler_idle_sleep_time": "0.3",
            # After a crash the tasks that it left behind start again soon.
            "orphaned_tasks_check_interval": "30",
        },
        "usage_data_collection": {"enabled": "False"},
        "dag_factory": {"enable_telemetry": "False"},
    }
    if settings.statsd_port is not None:
        sections["metrics"] = {
            "statsd_on": "True",
            "statsd_host": _TRUE_ADDRESS,
            "statsd_port": str(settings.statsd_port),
            # As in compose.yaml: tags become labels, and no metric is sent twice.
            "statsd_influxdb_enabled": "True",
            "legacy_names_on": "False",
            "statsd_disabled_tags": "job_id,run_id,try_number,map_index",
        }
    return sections


def _as_cfg(sections: Mapping[str, Mapping[str, str]]) -> str:
    lines = [
        "# Written anew by each `make run`. To change a setting, set AIRFLOW__SECTION__KEY in the environment.",
    ]
    for section, options in sections.items():
        lines += ["", f"[{section}]"]
        # configparser interpolates per cent signs.
        lines += [f"{key} = {value.replace('%', '%%')}" for key, value in options.items()]
    return "\n".join(lines) + "\n"


def environment(settings: Settings, found: Secrets, inherited: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of Airflow's processes.

    The user's own ``AIRFLOW__…`` variables are passed on, save those that would lead this Airflow to another database,
    folder or port.

    :param settings: of this Airflow
    :param found: its secrets
    :param inherited: the environment of ``make run``
    """
    ours = {(s.upper(), k.upper()) for s, options in configuration(settings, found).items() for k in options}
    result = {name: value for name, value in inherited.items() if not _is_foreign(name, ours)}
    connection = {
        "conn_type": "http",
        "schema": "http",
        "host": settings.url.removeprefix("http://").rpartition(":")[0],
        "port": settings.port,
        "login": HEALTH,
        "password": found.health_password,
    }
    result |= {
        "AIRFLOW_HOME": str(settings.home),
        "AIRFLOW_CONN_AIRFLOW_API": json.dumps(connection),
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if settings.prometheus_port is not None:
        asked = {"conn_type": "http", "schema": "http", "host": _TRUE_ADDRESS, "port": settings.prometheus_port}
        result.setdefault("AIRFLOW_CONN_PROMETHEUS", json.dumps(asked))
    for name in ("NO_PROXY", "no_proxy"):
        # Tasks reach the API over HTTP; a company's proxy does not know this machine's loopback.
        result[name] = ",".join(filter(None, [result.get(name), "localhost,127.0.0.1,::1"]))
    return result


def _is_foreign(name: str, ours: set[tuple[str, str]]) -> bool:
    # Without compiled files each start takes half as long again; a PYTHONPATH may hide our own packages.
    if name in ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME"):
        return True
    match = _AIRFLOW_SETTING.fullmatch(name)
    return bool(match) and (match.group(1), match.group(2)) in ours  # type: ignore[union-attr]
