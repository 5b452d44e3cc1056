"""An Airflow with a whole day in its database: a real PostgreSQL, a real api-server, an account that may only look."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.postgres_server import USER, run_postgres
from tests.running.airflow_instance import free_port

_DAY = Path(__file__).with_name("day.sql")
_START_SECONDS = 120
_LOGIN, _PASSWORD = "health", "a-viewer"


@dataclass(frozen=True)
class BusyAirflow:
    """A running one."""

    port: int
    database: str
    """For psycopg2."""

    @property
    def connection(self) -> str:
        """The connection of the health checks, as an environment variable has it."""
        fields = {"conn_type": "http", "host": "127.0.0.1", "port": self.port}
        return json.dumps({**fields, "login": _LOGIN, "password": _PASSWORD})

    def execute(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run some SQL."""
        import psycopg2

        connection = psycopg2.connect(self.database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def beat(self) -> None:
        """Let the components that are alive have a heartbeat now."""
        self.execute("UPDATE job SET latest_heartbeat = now() WHERE state = 'running'")


@contextmanager
def run_busy_airflow(home: Path, *, dags: int, runs: int) -> Iterator[BusyAirflow]:
    """Run it as long as the block.

    :param home: a new folder
    :param dags: of 100 tasks each
    :param runs: of each DAG in the last day
    """
    with run_postgres() as database_port:
        port = free_port()
        variables = _environment(home, port, database_port)
        airflow = BusyAirflow(port, f"host=127.0.0.1 port={database_port} user={USER} dbname=postgres")
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=variables, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        airflow.execute(_DAY.read_text(), {"dags": dags, "runs": runs})
        airflow.execute("VACUUM ANALYZE")
        _write_logs(home / "logs", airflow)
        log = (home / "api-server.log").open("wb")
        command = [sys.executable, "-m", "airflow", "api-server"]
        server = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(port, server)
            yield airflow
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)
            log.close()


def _environment(home: Path, port: int, database_port: int) -> dict[str, str]:
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({"admin": "unused", _LOGIN: _PASSWORD}))
    secret = "0123456789abcdef" * 4
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{USER}@127.0.0.1:{database_port}/postgres",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"admin:admin,{_LOGIN}:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _write_logs(folder: Path, airflow: BusyAirflow) -> None:
    """Give every failed task the log of one, with what Airflow 3.3 writes at its end."""
    error = {"exc_type": "ConnectionError", "exc_value": "warehouse:5432 refused", "is_cause": False, "frames": []}
    lines = [{"event": f"row {number} of the table", "level": "info", "logger": "task"} for number in range(2000)]
    lines.append({"event": "Task failed with exception", "level": "error", "logger": "task", "error_detail": [error]})
    stamped = [{"timestamp": f"2026-01-01T00:00:00.{n:06}Z", **line} for n, line in enumerate(lines)]
    text = "".join(json.dumps(line) + "\n" for line in stamped)
    for dag_id, run_id, task_id in airflow.execute(
        "SELECT dag_id, run_id, task_id FROM task_instance WHERE state = 'failed' LIMIT 100"
    ):
        path = folder / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}" / "attempt=1.log"
        path.parent.mkdir(parents=True)
        path.write_text(text)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            assert server.poll() is None, "the api-server ended by itself"
            assert time.monotonic() < deadline, "the api-server does not answer"
            time.sleep(0.3)
