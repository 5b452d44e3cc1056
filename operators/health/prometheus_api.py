"""Rates and ratios from Prometheus, where a connection is given: several expressions in one request."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.health.airflow_account import Account, read_address
from operators.http_client import open_http

if TYPE_CHECKING:
    import httpx

_NAME = "question"
"""The label that tells the answers to several questions apart."""
_DETAIL_CHARACTERS = 200


class PrometheusError(RuntimeError):
    """Prometheus did not answer, or not with numbers."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What Prometheus said."""

    series: Mapping[str, Mapping[str, float]]
    """Question -> value of the label that it groups by (``""`` without one) -> number."""
    problem: str = ""
    """Why there is nothing, if Prometheus could not be asked."""

    def number(self, question: str) -> float | None:
        """Give the answer to a question that has one number; None if there is none."""
        values = self.series.get(question, {})
        return next(iter(values.values()), None)

    def by_label(self, question: str) -> Mapping[str, float]:
        """Give the answer to a question that groups by a label."""
        return self.series.get(question, {})


class PrometheusApi:
    """One Prometheus.

    :param conn_id: Airflow connection of type http: host, port, schema (http or https); a login and a password, or a
        password alone, which is sent as a bearer token. Where there is no such connection, there is no Prometheus
    :raises AirflowFailException: if the connection has no host
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._address = read_address(conn_id)
        self.requests = 0
        """How many were made."""

    def ask(self, questions: Mapping[str, str], *, label: str = "") -> Answers:
        """Evaluate expressions now, all in one request.

        :param questions: name -> PromQL that gives one number, or one for each value of ``label``
        :param label: what the expressions group by
        :returns: the answers; a Prometheus that cannot be asked is a ``problem``, since the rest of a check goes on
        """
        if self._address is None:
            return Answers({}, f"not asked, there is no connection {self._conn_id!r}")
        named = [f'label_replace(({query}), "{_NAME}", "{name}", "", "")' for name, query in questions.items()]
        try:
            rows = self._query(self._address, " or ".join(named))
            series: dict[str, dict[str, float]] = {}
            for row in rows:
                number = float(row["value"][1])
                if math.isfinite(number):
                    series.setdefault(row["metric"][_NAME], {})[row["metric"].get(label, "")] = number
        except PrometheusError as error:
            return Answers({}, str(error))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            return Answers({}, f"{self._address.url} answered in a form that Prometheus does not have ({error!r})")
        return Answers(series)

    def _query(self, address: Account, query: str) -> list[Mapping[str, Any]]:
        import httpx

        self.requests += 1
        url = f"{address.url}/api/v1/query"
        try:
            with open_http() as client:
                response = client.post(url, data={"query": query}, headers=_authorization(address))
        except httpx.HTTPError as error:
            raise PrometheusError(
                f"Prometheus at {address.url} (connection {self._conn_id!r}) cannot be reached: {error}"
            ) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise PrometheusError(
                f"{address.url} is no address that can be asked: {error}. Correct the host of connection "
                f"{self._conn_id!r}"
            ) from None
        answer = _json_of(response)
        if not response.is_success or answer.get("status") != "success":
            detail = str(answer.get("error", "no reason given"))[:_DETAIL_CHARACTERS]
            raise PrometheusError(f"{url} answered {response.status_code}: {detail}")
        rows: list[Mapping[str, Any]] = answer["data"]["result"]
        return rows


def _authorization(address: Account) -> dict[str, str]:
    if address.login:
        pair = base64.b64encode(f"{address.login}:{address.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {address.password}"} if address.password else {}


def _json_of(response: httpx.Response) -> dict[str, Any]:
    try:
        answer: Any = response.json()
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {}
