"""A real, running Airflow for tests: the product's own embedded one, in a temporary home and on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipelines.embedded import processes, service
from pipelines.embedded.api import AirflowApi
from pipelines.embedded.progress import LineProgress
from pipelines.embedded.settings import Settings
from tests.running.metrics import MetricsReceiver

Value = TypeVar("Value")
PARSE_SECONDS = 2
SOURCE_URL = "https://git.example.org/ml/{path}#L{line}"
SETTINGS = {
    "AIRFLOW__PIPELINES__SOURCE_URL": SOURCE_URL,
    # what is gone from the files is gone from the UI sooner than after a minute
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "20",
    "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "5",
}


@dataclass(frozen=True)
class FinishedRun:
    """A run that has ended, with what its tasks came to."""

    dag_id: str
    run_id: str
    state: str
    tasks: Mapping[str, str | None]
    """Task id -> state."""


class AirflowInstance:
    """A running Airflow and the folder of its pipelines.

    :param home: a new folder; its ``pipelines`` gets the project's loader and YAML files
    :param repository: the checkout
    :param more: settings, as variables of the environment
    :param ports: ``statsd_port`` and ``prometheus_port``, if it is to be watched by a Prometheus
    """

    def __init__(
        self, home: Path, repository: Path, *, more: Mapping[str, str] | None = None, port: int = 0, **ports: int
    ) -> None:
        self.dags = home / "pipelines"
        self.dags.mkdir(parents=True)
        for name in (
            "dags.py",
            "problems.py",
            ".airflowignore",
            *[p.name for p in (repository / "pipelines").glob("*.yaml")],
        ):
            shutil.copy(repository / "pipelines" / name, self.dags / name)
        self.settings = Settings(
            home=home / "airflow", dags=self.dags, port=port or free_port(), parse_seconds=PARSE_SECONDS, **ports
        )
        self.metrics = MetricsReceiver()
        self._variables = {**SETTINGS, **self.metrics.environment, **(more or {})}
        self.service = self._start()
        self.api: AirflowApi = self.service.api()

    def _start(self) -> service.Service:
        with _environment(self._variables):
            return service.start(self.settings, LineProgress())

    def restart(self) -> None:
        """Start what was killed, and what is left of it, anew."""
        self.service = self._start()

    @property
    def artifacts(self) -> Path:
        """The artefact root."""
        return self.settings.home / "artifacts"

    def stop(self) -> None:
        """End everything; an error if a process is left."""
        self.api.close()
        self.metrics.close()
        records = self.service.records
        processes.stop_all(self.settings.run)
        left = processes.find_members(records)
        assert not left, f"still running: {left}"

    # -- pipelines --------------------------------------------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        """Put a file into the folder of pipelines, or replace it, in one go."""
        path = self.dags / name
        temporary = path.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(path)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a file that occurs in it exactly once."""
        text = (self.dags / name).read_text()
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def remove(self, name: str) -> None:
        """Delete a file from the folder of pipelines."""
        (self.dags / name).unlink()

    def wait_for_dag(self, dag_id: str, timeout: float = 60) -> dict[str, Any]:
        """Wait until a DAG can be run, and has been read since the last change of the folder."""
        changed = max(path.stat().st_mtime for path in [self.dags, *self.dags.iterdir()])

        def look() -> dict[str, Any] | None:
            dag = self.api.dag(dag_id)
            return dag if dag and not dag["is_stale"] and _seconds(dag["last_parsed_time"]) > changed else None

        return self.wait_until(look, timeout, f"DAG {dag_id} (import errors: {self.import_errors()})")

    def wait_until(self, look: Callable[[], Value | None], timeout: float = 60, what: str = "") -> Value:
        """Ask until the answer is neither None nor False nor empty, and give it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := look():
                return found
            self.service.check_alive()
            time.sleep(0.3)
        raise TimeoutError(f"not there after {timeout:.0f} s: {what or look}")

    def pause(self, dag_id: str) -> None:
        self.api.set_paused(dag_id, True)

    def unpause(self, dag_id: str) -> None:
        """Unpause; the scheduler then starts the latest run that is due, if there is one."""
        self.api.set_paused(dag_id, False)

    def import_errors(self) -> dict[str, str]:
        """Give file name -> message, as on the page Import Errors."""
        return {error["filename"]: error["stack_trace"] for error in self.api.import_errors()}

    def source(self, dag_id: str) -> str:
        """Give what the Code tab shows."""
        return self.api.source(dag_id)

    # -- runs ---------------------------------------------------------------------------------------------------------

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Wait for the DAG, start one run of it (in the place of the scheduled one that is due), give its id."""
        dag = self.wait_for_dag(dag_id)
        run_id: str = self.api.trigger_due(dag_id, conf=conf)["dag_run_id"]
        if dag["is_paused"]:
            self.unpause(dag_id)
        return run_id

    def wait(self, dag_id: str, run_id: str, timeout: float = 180) -> FinishedRun:
        """Wait for the end of a run."""
        run = self.api.wait_for_run(dag_id, run_id, timeout)
        return FinishedRun(dag_id, run_id, run["state"], self.task_states(dag_id, run_id))

    def run(self, dag_id: str, conf: Mapping[str, Any] | None = None, timeout: float = 180) -> FinishedRun:
        """Run a DAG once, from its file to its end."""
        return self.wait(dag_id, self.trigger(dag_id, conf), timeout)

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Give task id -> state."""
        return self.api.task_states(dag_id, run_id)

    def tries(self, dag_id: str, run_id: str) -> dict[str, int]:
        """Give task id -> number of tries."""
        return {task["task_id"]: task["try_number"] for task in self.api.tasks(dag_id, run_id)}

    def xcom(self, run: FinishedRun, task_id: str, key: str = "return_value") -> Any:
        """Give a value that a task pushed; None if there is none."""
        return self.api.xcom(run.dag_id, run.run_id, task_id, key)

    def log(self, run: FinishedRun, task_id: str, try_number: int = 1) -> str:
        """Give the log of a task's try."""
        return self.api.log(run.dag_id, run.run_id, task_id, try_number)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


def _seconds(iso: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(iso).timestamp()
