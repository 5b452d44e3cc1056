"""Runs one operator as a task would: templates rendered, execute called, XComs and artefacts kept for the test."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.observability import stats


@dataclass
class TaskInstance:
    """What the operators use of Airflow's task instance; the end-to-end tests use the real one."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int = 1
    map_index: int = -1
    max_tries: int = 0
    pushed: dict[str, Any] = field(default_factory=dict)
    upstream: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        json.dumps(value, allow_nan=False)
        self.pushed[key] = value

    def xcom_pull(self, task_ids: str, key: str = "return_value", **_: Any) -> Any:
        return self.upstream.get((task_ids, key))


@dataclass(frozen=True)
class TaskRun:
    """What one try of a task left behind."""

    result: Any
    error: Exception | None
    xcom: Mapping[str, Any]
    context: Mapping[str, Any]


@pytest.fixture
def artifact_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "artifacts"
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{root}")
    return root


@pytest.fixture
def run_task(artifact_root: Path) -> Callable[..., TaskRun]:
    """``run_task(operator, dag_id=…, upstream={("task", "key"): value}, raises=False)`` -> TaskRun."""

    def run(
        operator: Any,
        *,
        dag_id: str = "a_dag",
        run_id: str = "manual__2026-01-01T00:00:00+00:00",
        try_number: int = 1,
        max_tries: int = 0,
        upstream: Mapping[tuple[str, str], Any] | None = None,
        raises: type[Exception] | None = None,
        **extra: Any,
    ) -> TaskRun:
        ti = TaskInstance(dag_id, run_id, operator.task_id, try_number, max_tries=max_tries, upstream=upstream or {})
        context: dict[str, Any] = {"ti": ti, "task_instance": ti, "run_id": run_id, "task": operator, "params": {}}
        context.update(extra)
        operator.render_template_fields(context)
        if raises is None:
            return TaskRun(operator.execute(context), None, ti.pushed, context)
        with pytest.raises(raises) as caught:
            operator.execute(context)
        return TaskRun(None, caught.value, ti.pushed, context)

    return run


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Airflow's statsd metrics, with influx tags, received at a UDP port."""
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk._shared.observability.metrics.statsd_logger import get_statsd_logger
    from statsd import StatsClient

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.2)
        client = StatsClient("127.0.0.1", receiver.getsockname()[1], prefix="airflow")

        def factory() -> Any:
            return get_statsd_logger(
                stats_class=lambda *_: client, influxdb_tags_enabled=True, statsd_influxdb_enabled=True
            )

        stats.initialize(factory=factory, export_legacy_names=False)
        yield lambda: _received(receiver)
        stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
        client.close()


def _received(receiver: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(receiver.recv(4096).decode())
        except TimeoutError:
            return found
