"""The embedded Airflow as a whole: starts it, or finds it running; waits until it is healthy; stops it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.embedded import processes
from pipelines.embedded.api import AirflowApi
from pipelines.embedded.interrupts import held
from pipelines.embedded.obstacles import StartError, check_port
from pipelines.embedded.processes import Record, start_process, stop_all
from pipelines.embedded.progress import Progress
from pipelines.embedded.settings import ADMIN, Secrets, Settings, environment, prepare_home

API_SERVER = "api-server"
_HEALTH_KEYS = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}
_START_SECONDS = 180.0
# After a busy spell, or the sleep of a laptop, the next heartbeat is awaited rather than everything started anew.
_PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.2
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running embedded Airflow."""

    settings: Settings
    secrets: Secrets
    records: tuple[Record, ...]
    reused: bool
    """Whether it was running already."""

    def api(self) -> AirflowApi:
        """Open its API as the administrator."""
        return AirflowApi(self.settings.url, ADMIN, self.secrets.admin_password)

    def check_alive(self) -> None:
        """Make sure that every component still runs.

        :raises StartError: naming the one that does not, with the end of its log
        """
        for record in self.records:
            if not record.is_alive():
                raise _died(self.settings, record)


def start(settings: Settings, progress: Progress) -> Service:
    """Start Airflow, or find that the very same one runs already.

    What was started is stopped again if the start fails or is interrupted.

    :param settings: where it lives and listens
    :param progress: what is told of it
    :raises StartError: if it cannot be started
    """
    before = _read_state(settings)
    secrets = prepare_home(settings)
    fingerprint = _fingerprint(settings)
    records = processes.read_records(settings.run)
    if before.get("fingerprint") == fingerprint and _all_healthy(settings, secrets, records):
        progress.end("start", "Airflow", "reused", note=f"running since {before['since']}")
        return Service(settings=settings, secrets=secrets, records=tuple(records), reused=True)
    if stop_all(settings.run, records):
        progress.say("start", "stopped the Airflow that ran with other settings or packages, or not wholly")
    check_port(settings)
    try:
        records = _start_components(settings, secrets, progress)
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        _state_path(settings).write_text(
            json.dumps({"fingerprint": fingerprint, "port": settings.port, "since": since})
        )
    except BaseException:
        stop_all(settings.run)
        raise
    return Service(settings=settings, secrets=secrets, records=tuple(records), reused=False)


def running_port(settings: Settings) -> int | None:
    """Give the port of the Airflow that runs in this home, if one does."""
    if not any(record.is_alive() for record in processes.read_records(settings.run)):
        return None
    port: int | None = _read_state(settings).get("port")
    return port


# -- starting ----------------------------------------------------------------------------------------------------------


def _start_components(settings: Settings, secrets: Secrets, progress: Progress) -> list[Record]:
    variables = environment(settings, secrets, os.environ)
    mark = uuid.uuid4().hex
    _prepare_database(settings, variables, mark, progress)
    records = []
    for name in processes.COMPONENTS:
        log = settings.logs / f"{name}.log"
        command = processes.airflow_command(name)
        records.append(start_process(name, command, run=settings.run, log=log, environment=variables, mark=mark))
        progress.begin("start", name)
    _wait_until_healthy(settings, secrets, records, progress)
    return records


def _prepare_database(settings: Settings, variables: dict[str, str], mark: str, progress: Progress) -> None:
    stamp = settings.home / "database.version"
    wanted = version("apache-airflow")
    if stamp.exists() and settings.database.exists() and stamp.read_text() == wanted:
        return
    if not stamp.exists():
        # Its creation was interrupted; there is nothing in it.
        for suffix in ("", "-wal", "-shm"):
            Path(f"{settings.database}{suffix}").unlink(missing_ok=True)
    progress.begin("start", "database")
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    log = settings.logs / "database.log"
    record = start_process("database", command, run=settings.run, log=log, environment=variables, mark=mark)
    while (code := processes.exit_code(record)) is None:
        progress.tick()
        held.sleep(0.1)
    stop_all(settings.run, [record])
    if code:
        raise StartError(f"Airflow's database could not be set up (exit code {code}).{_log_tail(log)}")
    settings.database.chmod(0o600)
    stamp.write_text(wanted)
    progress.end("start", "database", "ready")


def _wait_until_healthy(settings: Settings, secrets: Secrets, records: list[Record], progress: Progress) -> None:
    deadline = time.monotonic() + _START_SECONDS
    waiting = {record.name: record for record in records}
    api = AirflowApi(settings.url, ADMIN, secrets.admin_password)
    while waiting:
        for record in records:
            if not record.is_alive():
                raise _died(settings, record)
        health = api.health()
        for name in [name for name, record in waiting.items() if _is_healthy(record, health)]:
            if name == API_SERVER:
                # Here the others are still starting; later the first task would wait for it.
                api.warm_up()
            del waiting[name]
            progress.end("start", name, "healthy")
        if time.monotonic() > deadline:
            logs = ", ".join(str(settings.logs / f"{name}.log") for name in waiting)
            raise StartError(f"{', '.join(waiting)}: not healthy after {_START_SECONDS:.0f} s. Their logs: {logs}")
        progress.tick()
        held.sleep(_POLL_SECONDS)
    api.close()


def _is_healthy(record: Record, health: dict[str, dict[str, str]] | None) -> bool:
    if health is None or record.name not in _HEALTH_KEYS:
        return health is not None
    key = _HEALTH_KEYS[record.name]
    beat = health[key].get(f"latest_{key}_heartbeat")
    # A heartbeat from before this start is that of the process before.
    return health[key]["status"] == "healthy" and bool(beat) and _seconds(str(beat)) >= record.started - 1


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def _all_healthy(settings: Settings, secrets: Secrets, records: list[Record]) -> bool:
    if {record.name for record in records} != set(processes.COMPONENTS):
        return False
    api = AirflowApi(settings.url, ADMIN, secrets.admin_password)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while all(record.is_alive() for record in records) and time.monotonic() < deadline:
            health = api.health()
            if health is not None and all(_is_healthy(record, health) for record in records):
                return True
            held.sleep(_POLL_SECONDS)
    finally:
        api.close()
    return False


def _died(settings: Settings, record: Record) -> StartError:
    tail = _log_tail(settings.logs / f"{record.name}.log")
    return StartError(f"Airflow's {record.name} ended by itself.{tail}")


def _log_tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:] if log.exists() else []
    return f" The end of {log}:\n" + "\n".join(f"    {line[:300]}" for line in lines)


# -- what is remembered ------------------------------------------------------------------------------------------------


def _fingerprint(settings: Settings) -> str:
    digest = hashlib.sha256(settings.configuration.read_bytes())
    stamp = Path(sys.prefix) / ".installed.json"
    if stamp.exists():
        digest.update(stamp.read_bytes())
    return digest.hexdigest()


def _read_state(settings: Settings) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(_state_path(settings).read_text())
    except (OSError, ValueError):
        return {}
    return state


def _write_state(settings: Settings, fingerprint: str) -> None:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    state = {"fingerprint": fingerprint, "port": settings.port, "since": since}
    _state_path(settings).write_text(json.dumps(state))


def _state_path(settings: Settings) -> Path:
    return settings.home / "service.json"
