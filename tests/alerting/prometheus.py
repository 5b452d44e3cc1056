"""Asks a running Prometheus."""

from __future__ import annotations

import math
from typing import Any

import httpx


class Prometheus:
    """Its HTTP API.

    :param port: on this machine
    """

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", trust_env=False, timeout=30)

    def ask(self, path: str, **parameters: Any) -> Any:
        """Give the data of an answer."""
        answer = self._client.get(path, params=parameters)
        found = answer.json()
        assert found["status"] == "success", f"{path} {parameters}: {found}"
        return found["data"]

    def instant(self, expression: str) -> list[dict[str, Any]]:
        """Give the series of an expression now."""
        result: list[dict[str, Any]] = self.ask("/query", query=expression)["result"]
        return result

    def over_time(self, expression: str, start: float, end: float, step: int = 15) -> list[dict[str, Any]]:
        """Give the series of an expression from one moment to another."""
        result: list[dict[str, Any]] = self.ask("/query_range", query=expression, start=start, end=end, step=step)[
            "result"
        ]
        return result

    def value(self, expression: str) -> float:
        """Give the number that an expression comes to now; 0 if there is none."""
        return sum(float(series["value"][1]) for series in self.instant(expression))

    def fired(self, start: float, end: float) -> set[str]:
        """Give the names of the alerts that fired between two moments."""
        found = self.over_time('ALERTS{alertstate="firing"}', start, end, step=5)
        return {series["metric"]["alertname"] for series in found}

    def texts(self) -> list[str]:
        """Give everything that it shows as text: names and values of labels, rules, alerts."""
        names = self.ask("/labels")
        values = [value for name in names for value in self.ask(f"/label/{name}/values")]
        return [*names, *values, str(self.ask("/rules")), str(self.ask("/alerts"))]

    def close(self) -> None:
        self._client.close()


def has_data(series: list[dict[str, Any]]) -> bool:
    """Whether there is any number in the answer."""
    values = [value for each in series for value in (each.get("values") or [each["value"]])]
    return any(math.isfinite(float(number)) for _, number in values)
