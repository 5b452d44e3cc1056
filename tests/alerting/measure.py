"""Makes one fault by hand and says when it was told: ``python -m tests.alerting.measure FAULT [MINUTES]``.

Everything is as in the stack: Alertmanager's own waits, Airflow's own limits. Faults: kill, freeze, database, exporter,
alertmanager, pool, stuck, disk, budget, silent, empty, probe.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tests.alerting.chain import Chain, send
from tests.alerting.faults import BASH

HEALTHY_SECONDS = 90
POOL = f"""\
starved:
  schedule: null
  default_args: {{owner: tests, pool: narrow}}
  tasks:
    first: {{operator: {BASH}, bash_command: sleep 3000}}
    second: {{operator: {BASH}, bash_command: echo}}
"""
FILLING = f"""\
filling:
  schedule: null
  default_args: {{owner: tests}}
  tasks:
{"".join(f"    t{number}: {{operator: {BASH}, bash_command: sleep 3000}}" + chr(10) for number in range(6))}"""
BURNING = f"""\
burning:
  schedule: null
  default_args: {{owner: tests, retries: 0}}
  tasks:
    many: {{operator: {BASH}, expand: {{bash_command: [{", ".join(["exit 1"] * 130)}]}}}}
"""
SILENT = f"""\
silent:
  schedule: null
  freshness: 3m
  default_args: {{owner: tests}}
  tasks: {{once: {{operator: {BASH}, bash_command: echo}}}}
"""
ML = """\
trained:
  schedule: null
  default_args: {owner: tests}
  tasks:
    download: {operator: DownloadData, source: sample://breast_cancer}
    validate: {operator: ValidateData, dependencies: [download], data: download, rows: {min: 1}}
"""


def kill(chain: Chain) -> Any:
    """Kill all of Airflow."""
    send(chain.components().values(), signal.SIGKILL)
    return nullcontext()


@contextmanager
def freeze(chain: Chain) -> Iterator[None]:
    """Freeze all of Airflow: its sockets are open, and nobody answers."""
    send(chain.components().values(), signal.SIGSTOP)
    yield
    send(chain.components().values(), signal.SIGCONT)


@contextmanager
def database(chain: Chain) -> Iterator[None]:
    """Lock the metadata database: it is there, and lets nobody write."""
    connection = sqlite3.connect(chain.airflow.settings.database, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.rollback()
    connection.close()


def exporter(chain: Chain) -> Any:
    """Freeze the exporter."""
    send([chain.record("statsd-exporter")], signal.SIGSTOP)
    return nullcontext()


def alertmanager(chain: Chain) -> Any:
    """Kill Alertmanager: nothing is told any more, not even that."""
    send([chain.record("alertmanager")], signal.SIGKILL)
    return nullcontext()


def pool(chain: Chain) -> Any:
    """Let a task wait for a pool whose only slot is taken."""
    body = {"name": "narrow", "slots": 1, "description": "", "include_deferred": False}
    chain.airflow.api.call("POST", "/pools", json=body)
    chain.airflow.write("starved.yaml", POOL)
    chain.airflow.trigger("starved")
    return nullcontext()


def stuck(chain: Chain) -> Any:
    """Fill all slots of the executor with tasks that take an hour."""
    chain.airflow.write("filling.yaml", FILLING)
    chain.airflow.trigger("filling")
    return nullcontext()


@contextmanager
def disk(chain: Chain) -> Iterator[None]:
    """Put the artefacts on a disk that is full (needs the rights to mount)."""
    chain.airflow.artifacts.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", chain.airflow.artifacts], check=True)
    chain.airflow.write("trained.yaml", ML)
    chain.airflow.trigger("trained")
    yield
    subprocess.run(["umount", "--lazy", chain.airflow.artifacts], check=True)


def budget(chain: Chain) -> Any:
    """Let more tasks fail than the error budget of a month has."""
    chain.airflow.write("burning.yaml", BURNING)
    chain.airflow.trigger("burning")
    return nullcontext()


def silent(chain: Chain) -> Any:
    """Let a pipeline succeed once, and never again, though its YAML promises a success each 3 minutes."""
    path = chain.airflow.write("silent.yaml", SILENT)
    rules = chain.servers.home.parent / "source" / "rules" / "freshness.yml"
    subprocess.run([sys.executable, "-m", "pipelines.cli", "alerts", path, "-o", rules], check=True)
    send([chain.record("prometheus")], signal.SIGHUP)
    chain.airflow.run("silent")
    return nullcontext()


def empty(chain: Chain) -> Any:
    """Take every file out of the folder of pipelines, as if it were not mounted."""
    chain.airflow.dags.rename(chain.airflow.dags.with_name("elsewhere"))
    chain.airflow.dags.mkdir()
    return nullcontext()


def probe(chain: Chain) -> Any:
    """Kill the blackbox exporter, so that nobody looks at the api-server any more."""
    send([chain.record("blackbox-exporter")], signal.SIGKILL)
    return nullcontext()


FAULTS: dict[str, Callable[[Chain], Any]] = {
    each.__name__: each
    for each in (kill, freeze, database, exporter, alertmanager, pool, stuck, disk, budget, silent, empty, probe)
}


def measure(name: str, minutes: float, folder: Path) -> None:
    """Make a fault, and print what comes of it."""
    chain = Chain(folder, with_airflow=True)
    try:
        time.sleep(HEALTHY_SECONDS)
        began = time.time()
        with FAULTS[name](chain):
            _follow(chain, began, minutes, "after the fault")
        if name in ("kill", "freeze", "database"):
            began = time.time()
            chain.airflow.restart()
            _follow(chain, began, min(minutes, 7), "after its end")
    finally:
        chain.stop()


def _follow(chain: Chain, began: float, minutes: float, words: str) -> None:
    seen = len(chain.webhook.notices())
    states: set[str] = set()
    while time.time() < began + minutes * 60:
        for notice in chain.webhook.notices()[seen:]:
            _say(notice.received - began, f"{notice.alert} {notice.status} told to {notice.receiver}", words)
            seen += 1
        now = {f"{a['metric']['alertname']} {a['metric']['alertstate']}" for a in chain.prometheus.instant("ALERTS")}
        for state in sorted(now - states):
            _say(time.time() - began, state, words)
        states |= now
        time.sleep(1)


def _say(seconds: float, what: str, words: str) -> None:
    sys.stdout.write(f"{seconds:6.0f} s {words}: {what}\n")
    sys.stdout.flush()


def main() -> None:
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 6.0
    with tempfile.TemporaryDirectory(prefix="fault-") as folder:
        measure(sys.argv[1], minutes, Path(folder))


if __name__ == "__main__":
    main()
