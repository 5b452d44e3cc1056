"""Receives what Airflow sends to statsd, as the exporter of the stack does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping


class MetricsReceiver:
    """A UDP socket of its own, and the last value of each gauge."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._gauges: dict[str, tuple[float, float]] = {}
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings that make an Airflow send its metrics here."""
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self._socket.getsockname()[1]),
            "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
        }

    def gauge(self, name: str, *, since: float = 0.0) -> float | None:
        """Give the last value of a gauge, if there was one since a moment of ``time.monotonic``."""
        value, received = self._gauges.get(f"airflow.{name}", (0.0, -1.0))
        return value if received >= since else None

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> None:
        while True:
            try:
                lines = self._socket.recv(65536).decode().splitlines()
            except OSError:
                return
            for name, _, rest in (line.partition(":") for line in lines):
                value, _, kind = rest.partition("|")
                if kind.startswith("g"):
                    self._gauges[name] = (float(value), time.monotonic())
