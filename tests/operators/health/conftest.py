"""An Airflow to ask, and the checks to ask it with."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.operators.health.recorded_airflow import RecordedAirflow, serve

CONN = "AIRFLOW_CONN_AIRFLOW_API"


@pytest.fixture
def airflow_as(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], RecordedAirflow]]:
    """``airflow_as("busy")`` answers as that recording; the connection ``airflow_api`` leads to it."""
    with ExitStack() as servers:

        def start(name: str) -> RecordedAirflow:
            recording = servers.enter_context(serve(RecordedAirflow.load(name)))
            monkeypatch.setenv(CONN, recording.connection())
            return recording

        yield start


@pytest.fixture
def busy(airflow_as: Callable[[str], RecordedAirflow]) -> RecordedAirflow:
    """An Airflow with failed, running, queued and waiting work, a broken file and a full pool."""
    return airflow_as("busy")


@pytest.fixture
def fresh(airflow_as: Callable[[str], RecordedAirflow]) -> RecordedAirflow:
    """An Airflow in its first minute: no runs yet, and a triggerer that never ran."""
    return airflow_as("fresh")


@pytest.fixture
def read_published() -> Callable[[dict[str, Any], str], Any]:
    """``read_published(reference, "verdicts.json")`` gives a file of an artefact: JSON parsed, other text as it is."""

    def read(reference: dict[str, Any], name: str) -> Any:
        text = (Path(urlsplit(reference["uri"]).path) / name).read_text()
        return json.loads(text) if name.endswith(".json") else text

    return read


@pytest.fixture
def verdicts_of(read_published: Callable[..., Any]) -> Callable[[Any], dict[str, tuple[str, Any]]]:
    """``verdicts_of(task_run)`` gives name -> (verdict, observed)."""

    def read(run: Any) -> dict[str, tuple[str, Any]]:
        found = read_published(run.result, "verdicts.json")["verdicts"]
        return {verdict["name"]: (verdict["verdict"], verdict["observed"]) for verdict in found}

    return read


@pytest.fixture
def unused_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port at which somebody listens and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])
