"""The whole chain for tests: the servers that ``make monitoring-local`` starts, a webhook, and if wanted an Airflow."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.embedded import monitoring, processes
from pipelines.embedded.processes import Record
from pipelines.embedded.progress import LineProgress
from tests.alerting.prometheus import Prometheus
from tests.alerting.webhook import Webhook
from tests.running.airflow_instance import AirflowInstance, free_port

REPOSITORY = Path(__file__).resolve().parents[2]
# Airflow's own limits, 300 s and 50 s, are most of the time that the tests have.
AIRFLOW_SETTINGS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "20",
}


class Chain:
    """Prometheus, Alertmanager and the exporters with the project's rules, and a webhook in the place of people.

    :param home: a new folder
    :param with_airflow: whether an Airflow is watched
    :param group_interval: of Alertmanager, for which a notice of recovery may wait; as in the file if empty
    :param settings: of Airflow, beside the usual ones of tests
    """

    def __init__(
        self, home: Path, *, with_airflow: bool, group_interval: str = "", settings: Mapping[str, str] | None = None
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        source = home / "source"
        shutil.copytree(REPOSITORY / "prometheus", source)
        if group_interval:
            path = source / "alertmanager.yml"
            text = path.read_text()
            assert text.count("group_interval: 5m") == 1
            path.write_text(text.replace("group_interval: 5m", f"group_interval: {group_interval}"))
        self.webhook = Webhook()
        self.webhook.__enter__()
        port = free_port()
        self.servers = monitoring.prepare(
            home / "servers", airflow_port=port, source=source, webhook=self.webhook.url, usual_ports=False
        )
        self._airflow: AirflowInstance | None = None
        self._prometheus: Prometheus | None = None
        try:
            monitoring.start(self.servers, [monitoring.EXPORTER], LineProgress())
            if with_airflow:
                ports = self.servers.ports
                self._airflow = AirflowInstance(
                    home / "running", REPOSITORY, more=settings, port=port,
                    statsd_port=ports.statsd, prometheus_port=ports.prometheus,
                )  # fmt: skip
            self.began = time.time()
            monitoring.start(self.servers, monitoring.SERVERS, LineProgress())
        except BaseException:
            self.stop()
            raise
        self._prometheus = Prometheus(self.servers.ports.prometheus)

    @property
    def prometheus(self) -> Prometheus:
        """The one that watches."""
        assert self._prometheus is not None
        return self._prometheus

    @property
    def airflow(self) -> AirflowInstance:
        """The one that is watched."""
        assert self._airflow is not None
        return self._airflow

    def record(self, server: str) -> Record:
        """Give the process of a server."""
        return next(record for record in processes.read_records(self.servers.run) if record.name == server)

    def components(self) -> dict[str, Record]:
        """Give the processes of Airflow."""
        return {record.name: record for record in self.airflow.service.records}

    def stop(self) -> None:
        """End everything."""
        if self._airflow:
            self._airflow.stop()
        if self._prometheus:
            self._prometheus.close()
        processes.stop_all(self.servers.run)
        self.webhook.__exit__()

    def exported(self) -> str:
        """Give what the exporter shows."""
        import httpx

        url = f"http://127.0.0.1:{self.servers.ports.exporter}/metrics"
        return httpx.get(url, trust_env=False, timeout=10).text


def send(records: Iterable[Record], sign: signal.Signals) -> None:
    """Send a signal to processes."""
    for record in records:
        os.kill(record.pid, sign)
