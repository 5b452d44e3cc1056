"""Tests that start compose.yaml on a Docker engine: `make test-compose`. One stack for each executor."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.compose.stack import STAND_INS, Stack, settings_of

MEASURED: dict[str, float] = {}
LOCAL_IMAGES = os.environ.get("IMAGES") == "local"
NOT_THE_REAL_ONES = (
    "images: stand-ins (tests/compose/images/README.md). statsd-exporter is the double of tests/exporter, "
    "grafana a placeholder; the other servers are Debian's versions."
)


def pytest_report_header() -> str | None:
    return NOT_THE_REAL_ONES if LOCAL_IMAGES else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.compose)
            item.add_marker(pytest.mark.timeout(1800))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("measured")
        terminalreporter.write_line(NOT_THE_REAL_ONES if LOCAL_IMAGES else "images: the official ones")
        for what, seconds in MEASURED.items():
            terminalreporter.write_line(f"{seconds:7.1f} s  {what}")


@pytest.fixture(scope="session")
def engine() -> None:
    """Docker with Compose v2."""
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(
                f"`{' '.join(command)}` fails: {done.stderr.strip()}\nWhat to install: tests/compose/images/README.md"
            )


@pytest.fixture(scope="session")
def measure() -> Callable[[str, float], None]:
    """Keep a time for the summary."""
    return MEASURED.__setitem__


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: None) -> Iterator[Stack]:
    """A stack that is built, not yet started; the module's SETTINGS are in its .env."""
    settings = dict(settings_of(STAND_INS)) if LOCAL_IMAGES else {}
    made = Stack(tmp_path_factory.mktemp("stack"), settings | request.module.SETTINGS)
    made.compose("build", timeout=1700)
    yield made
    made.remove()
