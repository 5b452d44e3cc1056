"""The monitoring beside the embedded Airflow: the servers of compose.yaml as processes, where they are installed.

It has a folder of records of its own, so that ``make run`` neither waits for it nor ends it; ``make stop`` ends both.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

from pipelines.embedded.interrupts import held
from pipelines.embedded.monitoring_files import Ports, write_files
from pipelines.embedded.obstacles import StartError
from pipelines.embedded.processes import Record, read_records, start_process, stop_all
from pipelines.embedded.progress import Progress
from pipelines.embedded.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
EXPORTER = "statsd-exporter"
SERVERS = ("blackbox-exporter", "alertmanager", "prometheus")
"""What may start when Airflow beats: a Prometheus that sees no heartbeat for a minute calls for help."""
_CALLED = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "blackbox-exporter": ("prometheus-blackbox-exporter", "blackbox_exporter"),
}
"""Server -> how its program is called, in Debian and by its makers."""
_REAL_EXPORTER = ("statsd_exporter", "prometheus-statsd-exporter")
_DOUBLE = REPOSITORY / "tests" / "exporter" / "statsd_exporter.py"
_USUAL = {"statsd": 9125, "exporter": 9102, "blackbox": 9115, "prometheus": 9090, "alertmanager": 9093}
_TRUE_ADDRESS = "127.0.0.1"
_READY = {
    EXPORTER: ("exporter", "/metrics"),
    "blackbox-exporter": ("blackbox", "/metrics"),
    "alertmanager": ("alertmanager", "/-/ready"),
    "prometheus": ("prometheus", "/-/ready"),
}
_READY_SECONDS = 60.0
ABOUT_THE_DOUBLE = (
    "statsd_exporter is not on PATH: the tests' double stands in for it. It gave what the real one gave for recorded "
    "traffic of Airflow, but it is Python, and made for tests"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """The servers of one home: what they are, where they listen, where their files are."""

    home: Path
    ports: Ports
    programs: Mapping[str, tuple[str, ...]]
    """Server -> the beginning of its command line."""

    @property
    def run(self) -> Path:
        """The folder of the records of running processes."""
        return self.home / "run"

    @property
    def is_exporter_real(self) -> bool:
        """Whether it is statsd_exporter itself and not the double of the tests."""
        return self.programs[EXPORTER][0] != sys.executable

    def command(self, server: str) -> list[str]:
        """Give the command line of a server."""
        ports = self.ports
        address = f"{_TRUE_ADDRESS}:{{}}"
        options = {
            EXPORTER: [
                f"--statsd.listen-udp={address.format(ports.statsd)}",
                "--statsd.listen-tcp=",
                f"--statsd.mapping-config={self.home / 'statsd_mapping.yml'}",
                f"--web.listen-address={address.format(ports.exporter)}",
            ],
            "blackbox-exporter": [
                f"--config.file={self.home / 'blackbox.yml'}",
                f"--web.listen-address={address.format(ports.blackbox)}",
            ],
            "alertmanager": [
                f"--config.file={self.home / 'alertmanager.yml'}",
                f"--storage.path={self.home / 'alertmanager'}",
                f"--web.listen-address={address.format(ports.alertmanager)}",
                f"--web.external-url=http://localhost:{ports.alertmanager}",
                "--cluster.listen-address=",
            ],
            "prometheus": [
                f"--config.file={self.home / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.home / 'prometheus'}",
                f"--web.listen-address={address.format(ports.prometheus)}",
                f"--web.external-url=http://localhost:{ports.prometheus}",
            ],
        }[server]
        if server == EXPORTER and not self.is_exporter_real:
            options = [str(self.home / "statsd_mapping.yml"), str(ports.statsd), str(ports.exporter)]
        return [*self.programs[server], *options]


def find_programs() -> dict[str, tuple[str, ...]]:
    """Find the program of each server on PATH; for statsd_exporter the double of the tests will do.

    :raises StartError: naming the Debian packages of those that are missing
    """
    found = {server: _which(names) for server, names in _CALLED.items()}
    missing = [server for server, program in found.items() if program is None]
    if missing:
        packages = " ".join(_CALLED[server][0] for server in missing)
        raise StartError(
            f"Not on PATH: {', '.join(missing)}. On Debian and Ubuntu: `sudo apt install {packages}`. Elsewhere: the "
            "programs of https://prometheus.io/download. (`make up` needs Docker in their place.)"
        )
    exporter = _which(_REAL_EXPORTER)
    if exporter is None and not _DOUBLE.exists():
        raise StartError(f"Not on PATH: statsd_exporter; and {_DOUBLE}, which stands in for it, is not there.")
    double = (sys.executable, str(_DOUBLE))
    return {EXPORTER: (exporter,) if exporter else double, **{s: (p,) for s, p in found.items() if p}}


def _which(names: Iterable[str]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def prepare(
    home: Path,
    *,
    airflow_port: int,
    source: Path = REPOSITORY / "prometheus",
    webhook: str = "",
    usual_ports: bool = True,
) -> Monitoring:
    """Choose programs and ports, and write the configuration.

    :param home: a folder for all that the servers write
    :param airflow_port: of the api-server, which the blackbox exporter probes
    :param source: the folder ``prometheus`` of the project
    :param webhook: an address that gets every notification
    :param usual_ports: whether the ports that everybody knows are taken, where they are free
    :raises StartError: if a program is missing
    """
    programs = find_programs()
    ports = Ports(airflow=airflow_port, **{n: _port(n, usual if usual_ports else 0) for n, usual in _USUAL.items()})
    for folder in (home, home / "run", home / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    write_files(home, source, ports, webhook)
    for name in ("statsd_mapping.yml", "blackbox.yml"):
        shutil.copy(source / name, home / name)
    (home / "ports.json").write_text(json.dumps(asdict(ports)))
    return Monitoring(home=home, ports=ports, programs=programs)


def _port(name: str, usual: int) -> int:
    """Give the usual port, or any if that is taken."""
    kind = socket.SOCK_DGRAM if name == "statsd" else socket.SOCK_STREAM
    for port in (usual, 0):
        with socket.socket(socket.AF_INET, kind) as attempt:
            try:
                attempt.bind((_TRUE_ADDRESS, port))
            except OSError:
                continue
            return int(attempt.getsockname()[1])
    raise StartError(f"No free port on {_TRUE_ADDRESS} for {name}.")


def start(monitoring: Monitoring, servers: Iterable[str], progress: Progress) -> None:
    """Start servers and wait until they answer.

    :param monitoring: what was prepared
    :param servers: of :data:`SERVERS`, or :data:`EXPORTER`
    :param progress: what is told of it
    :raises StartError: if one ends, or does not answer
    """
    mark = uuid.uuid4().hex
    records = []
    for server in servers:
        log = monitoring.home / "logs" / f"{server}.log"
        command = monitoring.command(server)
        progress.begin("monitoring", server)
        records.append(start_process(server, command, run=monitoring.run, log=log, environment=os.environ, mark=mark))
    for record in records:
        _wait_until_ready(monitoring, record)
        progress.end("monitoring", record.name, "ready")


def _wait_until_ready(monitoring: Monitoring, record: Record) -> None:
    port, path = _READY[record.name]
    url = f"http://{_TRUE_ADDRESS}:{asdict(monitoring.ports)[port]}{path}"
    deadline = time.monotonic() + _READY_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while record.is_alive() and time.monotonic() < deadline:
            try:
                if client.get(url).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            held.sleep(0.1)
    log = monitoring.home / "logs" / f"{record.name}.log"
    end = "does not answer" if record.is_alive() else "ended by itself"
    tail = "\n".join(f"    {line[:300]}" for line in log.read_text(errors="replace").splitlines()[-10:])
    raise StartError(f"{record.name} {end}. The end of {log}:\n{tail}")


def home_of(settings: Settings) -> Path:
    """Give the folder of the monitoring of an Airflow's home."""
    return settings.home / "monitoring"


def is_running(settings: Settings) -> bool:
    """Whether all servers run."""
    alive = {record.name for record in read_records(home_of(settings) / "run") if record.is_alive()}
    return alive >= {EXPORTER, *SERVERS}


def attached(settings: Settings) -> Settings:
    """Give the settings of an Airflow that sends its metrics to the monitoring of its home, if that runs."""
    home = home_of(settings)
    if not any(record.name == EXPORTER and record.is_alive() for record in read_records(home / "run")):
        return settings
    ports = read_ports(home)
    return replace(settings, statsd_port=ports.statsd, prometheus_port=ports.prometheus)


def read_ports(home: Path) -> Ports:
    """Read where the servers of a home listen."""
    return Ports(**json.loads((home / "ports.json").read_text()))


def describe(home: Path) -> str:
    """Say where to look."""
    ports = read_ports(home)
    rows = {
        "Airflow": f"http://localhost:{ports.airflow}",
        "Prometheus": f"http://localhost:{ports.prometheus}",
        "Alertmanager": f"http://localhost:{ports.alertmanager}",
        "": f"Debian's has no page: amtool alert --alertmanager.url=http://localhost:{ports.alertmanager}",
        "metrics": f"http://localhost:{ports.exporter}/metrics",
        "logs": str(home / "logs"),
        "stop": "make stop",
    }
    lines = (f"{name:<14}{address}" for name, address in rows.items())
    return "\n".join(("", *lines, "", "`make run` beside it runs pipelines on this Airflow, and shows the login."))


def stop(settings: Settings) -> list[str]:
    """End all servers; gives the names of those that ran."""
    run = home_of(settings) / "run"
    return stop_all(run) if run.exists() else []
