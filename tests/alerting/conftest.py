"""The chains of the tests of this folder; they start together, and what has to be waited for is waited for once."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.embedded import monitoring
from tests.alerting import faults
from tests.alerting.chain import AIRFLOW_SETTINGS, Chain, send

GROUP_INTERVAL = "1m"
"""Alertmanager's, for the notices of recovery to come within the time that tests have; compose.yaml has 5m."""
HEALTHY_SECONDS = 60
BEATS = ("scheduler_heartbeat", "dag_processor_heartbeat", "triggerer_heartbeat")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and item.path.name == "test_chain.py":
            item.add_marker(pytest.mark.running)


@dataclass
class Chains:
    """Three of them, with different faults."""

    watched: Chain
    """With a real Airflow."""
    dark: Chain
    """Its exporter dies; until then it gets heartbeats."""
    dumb: Chain
    """Its Prometheus dies."""
    over: threading.Event
    """Ends the heartbeats."""

    def stop(self) -> None:
        self.over.set()
        for chain in (self.watched, self.dark, self.dumb):
            chain.stop()


def beat(chain: Chain, over: threading.Event) -> None:
    """Send heartbeats to an exporter, as an Airflow does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        while not over.wait(5):
            for name in BEATS:
                client.sendto(f"airflow.{name}:1|c".encode(), ("127.0.0.1", chain.servers.ports.statsd))


@pytest.fixture(scope="session")
def chains(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chains]:
    """All chains at work, and nothing wrong with any of them."""
    folder = tmp_path_factory.mktemp("alerting")
    over = threading.Event()
    dark = Chain(folder / "dark", with_airflow=False, group_interval=GROUP_INTERVAL)
    threading.Thread(target=beat, args=(dark, over), daemon=True).start()
    dumb = Chain(folder / "dumb", with_airflow=False, group_interval=GROUP_INTERVAL)
    watched = Chain(folder / "watched", with_airflow=True, group_interval=GROUP_INTERVAL, settings=AIRFLOW_SETTINGS)
    chains = Chains(watched, dark, dumb, over)
    yield chains
    chains.stop()


@pytest.fixture(scope="session")
def healthy(chains: Chains) -> set[str]:
    """Healthy pipelines have run; gives the alerts that fired meanwhile."""
    airflow = chains.watched.airflow
    faults.connect(airflow, chains.watched.webhook.port)
    for name, text in faults.HEALTHY.items():
        airflow.write(f"{name}.yaml", text)
    began = {dag_id: airflow.trigger(dag_id) for dag_id in ("waits", "takes", "makes", "minutely")}
    ends = [airflow.run("ml_pipeline"), airflow.run("monitoring")]
    ends += [airflow.wait(dag_id, run_id) for dag_id, run_id in began.items()]
    assert {end.dag_id: end.state for end in ends} == dict.fromkeys(["ml_pipeline", "monitoring", *began], "success")
    time.sleep(max(0.0, chains.watched.began + HEALTHY_SECONDS - time.time()))
    return chains.watched.prometheus.fired(chains.watched.began, time.time())


@dataclass(frozen=True)
class Moments:
    """When faults were made, in Unix time."""

    faults: float
    servers_killed: float
    airflow_killed: float


@pytest.fixture(scope="session")
def moments(chains: Chains, healthy: set[str]) -> Moments:
    """Everything that goes wrong, in one go; at the end of it Airflow is dead."""
    began = time.time()
    send([chains.dark.record(monitoring.EXPORTER)], signal.SIGKILL)
    send([chains.dumb.record("prometheus")], signal.SIGKILL)
    airflow = chains.watched.airflow
    make_faults(chains.watched)
    seen = (
        'airflow_task_instances_without_heartbeats_killed{dag_id="lost"',
        'airflow_dag_callback_exceptions{dag_id="fails"}',
        'airflow_deadline_alerts_deadline_missed{dag_id="late"}',
        "airflow_dag_processing_processor_timeouts{",
        "airflow_dag_processing_import_errors [1-9]",
        "pipeline_files_broken 1",
    )
    for line in seen:
        airflow.wait_until(lambda p=line: re.search(p, chains.watched.exported()), 90, what=line)
    components = chains.watched.components()
    killed = time.time()
    # one is frozen: it has all its sockets open, and says nothing any more
    send([components.pop("triggerer")], signal.SIGSTOP)
    send(components.values(), signal.SIGKILL)
    return Moments(began, began, killed)


def make_faults(chain: Chain) -> None:
    """Let each faulty pipeline run, and break files and processes."""
    airflow = chain.airflow
    for name, text in faults.PIPELINES.items():
        airflow.write(f"{name}.yaml", text)
    for dag_id, conn_id in (("watch", "hook"), ("mute", "nowhere")):
        airflow.write(f"{dag_id}.yaml", faults.watching_pipeline(airflow, dag_id, conn_id))
    runs = {
        dag_id: airflow.trigger(dag_id)
        for dag_id in ("lost", "again", "fails", "late", "bad_data", "worse", "deserted")
    }
    strict = [airflow.trigger("strict") for _ in range(3)]
    faults.break_files(airflow.dags)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"no metric", ("127.0.0.1", chain.servers.ports.statsd))
    scheduler = chain.components()["scheduler"].pid
    faults.wait_for_process("sleep 987", scheduler)
    faults.kill_the_process_of("sleep 987", scheduler)
    faults.hold_up(chain.components()["triggerer"].pid)
    ends = [airflow.wait("strict", run_id) for run_id in strict]
    ends += [airflow.wait(dag_id, runs[dag_id]) for dag_id in ("fails", "bad_data", "worse", "deserted")]
    assert {end.state for end in ends} == {"failed"}
    looks = {dag_id: airflow.trigger(dag_id) for dag_id in ("watch", "mute")}
    states = {dag_id: airflow.wait(dag_id, run_id).state for dag_id, run_id in looks.items()}
    assert states == {"watch": "success", "mute": "failed"}
    # one more, which Prometheus sees as an increase: a counter that is new has none
    assert airflow.run("fails").state == "failed"
    assert airflow.wait("again", runs["again"]).state == "success"
