"""The stack's own configuration of Prometheus and Alertmanager, with the addresses of this machine in it.

compose.yaml mounts the files of ``prometheus/`` as they are; without containers its service names mean nothing.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

_TRUE_ADDRESS = "127.0.0.1"
_TARGET = re.compile(r"(?:https?://)?(?P<address>[a-z0-9.-]+:\d+)(?:/.*)?")
PORT_OF_ADDRESS = {
    "statsd-exporter:9102": "exporter",
    "blackbox-exporter:9115": "blackbox",
    "alertmanager:9093": "alertmanager",
    "localhost:9090": "prometheus",
    "api-server:8080": "airflow",
}
"""What stands in prometheus.yml -> which port of :class:`Ports` it is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens; all on the loopback address."""

    airflow: int
    statsd: int
    """UDP, where Airflow sends its metrics."""
    exporter: int
    blackbox: int
    prometheus: int
    alertmanager: int


def write_files(folder: Path, source: Path, ports: Ports, webhook: str = "") -> None:
    """Write ``prometheus.yml`` and ``alertmanager.yml``.

    :param folder: where to
    :param source: the folder ``prometheus`` of the project
    :param ports: of this machine
    :param webhook: an address that gets every notification, whoever is meant to get it; none if empty
    """
    prometheus = yaml.safe_load((source / "prometheus.yml").read_text())
    _write(folder / "prometheus.yml", with_local_addresses(prometheus, source, ports))
    alertmanager = yaml.safe_load((source / "alertmanager.yml").read_text())
    if webhook:
        for receiver in alertmanager["receivers"]:
            receiver["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
    _write(folder / "alertmanager.yml", alertmanager)


def with_local_addresses(configuration: dict[str, Any], source: Path, ports: Ports) -> dict[str, Any]:
    """Give prometheus.yml as it has to be here; a job for what does not run here is left out.

    :param configuration: prometheus.yml, read
    :param source: what the paths in it start from
    :param ports: of this machine
    """
    jobs = [job for job in configuration["scrape_configs"] if _runs_here(job)]
    files = [str(source / name) for name in configuration["rule_files"]]
    local = {address: f"{_TRUE_ADDRESS}:{asdict(ports)[which]}" for address, which in PORT_OF_ADDRESS.items()}
    found: dict[str, Any] = _replaced({**configuration, "scrape_configs": jobs}, local)
    return {**found, "rule_files": files}


def _runs_here(job: dict[str, Any]) -> bool:
    targets = [target for static in job.get("static_configs", ()) for target in static["targets"]]
    matches = [_TARGET.fullmatch(target) for target in targets]
    return bool(matches) and all(match and match["address"] in PORT_OF_ADDRESS for match in matches)


def _replaced(value: Any, local: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, local) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, local) for item in value]
    if isinstance(value, str):
        for address, here in local.items():
            value = value.replace(address, here)
    return value


def _write(path: Path, document: Any) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False))
