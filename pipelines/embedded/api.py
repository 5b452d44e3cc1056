"""The few calls of Airflow's REST API v2 that the embedded default and its tests make."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

_MISSING = 404
_CONFLICT = 409
_UNAUTHORIZED = 401
_SERVER_ERROR = 500
_PAGE = 100
_ATTEMPTS = 5
"""How often a change is asked for, with 1, 2, 3 and 4 seconds between, while the server fails."""


class ApiError(RuntimeError):
    """A call that Airflow refused; the message has its own words."""

    def __init__(self, method: str, path: str, response: httpx.Response) -> None:
        super().__init__(f"{method} {path}: {response.status_code} {response.text[:500]}")
        self.status = response.status_code


class AirflowApi:
    """A client that logs in by itself.

    :param url: e.g. ``http://127.0.0.1:8080``
    :param username: of SimpleAuthManager
    :param password: of that user
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self._login = {"username": username, "password": password}
        # No trust in the environment: a proxy set there does not know this machine's loopback.
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(self, method: str, path: str, **parameters: Any) -> Any:
        """Call the API; logs in first, and again once the token has run out.

        :param method: of HTTP
        :param path: below ``/api/v2``
        :param parameters: for httpx, such as ``json`` and ``params``
        :raises ApiError: unless Airflow answers with success
        """
        if "Authorization" not in self._client.headers:
            self._log_in()
        response = self._client.request(method, f"/api/v2{path}", **parameters)
        if response.status_code == _UNAUTHORIZED:
            self._log_in()
            response = self._client.request(method, f"/api/v2{path}", **parameters)
        if not response.is_success:
            raise ApiError(method, path, response)
        return response.json() if response.content else None

    def _log_in(self) -> None:
        response = self._client.post("/auth/token", json=self._login)
        if not response.is_success:
            raise ApiError("POST", "/auth/token", response)
        self._client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"

    def find(self, path: str, **parameters: Any) -> Any:
        """GET, or None where there is no such thing."""
        try:
            return self.call("GET", path, **parameters)
        except ApiError as error:
            if error.status == _MISSING:
                return None
            raise

    def _iter_all(self, path: str, key: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield what a list has, page by page; a server gives so many entries at once and no more."""
        found: list[dict[str, Any]] = []
        offset = 0
        while offset == 0 or len(found) == _PAGE:
            found = self.call("GET", path, params={"limit": _PAGE, "offset": offset, **filters})[key]
            yield from found
            offset += _PAGE

    def health(self) -> dict[str, Any] | None:
        """Give the health of the components; None while the server does not answer. Needs no login."""
        try:
            response = self._client.get("/api/v2/monitor/health", timeout=5)
        except httpx.TransportError:
            return None
        found: dict[str, Any] | None = response.json() if response.is_success else None
        return found

    def warm_up(self) -> None:
        """Let the server build the part that serves tasks, which it does on the first call, in seconds."""
        self._client.get("/execution/health", timeout=120)

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Give a DAG, or None."""
        return self.find(f"/dags/{quote(dag_id)}")  # type: ignore[no-any-return]

    def dags(self, **filters: Any) -> list[dict[str, Any]]:
        """Give all DAGs; those that are gone from the files only with ``exclude_stale=False``."""
        return list(self._iter_all("/dags", "dags", **filters))

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Pause or unpause a DAG."""
        for attempt in range(_ATTEMPTS):
            try:
                self.call("PATCH", f"/dags/{quote(dag_id)}", json={"is_paused": paused})
            except ApiError as error:
                # SQLite may be locked while many DAGs are written; to ask again is harmless
                if error.status != _SERVER_ERROR or attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(1 + attempt)
            else:
                return

    def trigger(
        self, dag_id: str, *, logical_date: str | None = None, conf: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Create a run.

        :param dag_id: of which DAG
        :param logical_date: the date that the run stands for, in ISO form; none if not given
        :param conf: the run's configuration
        :return: the run, with its ``dag_run_id``
        """
        # An id of our own makes a second attempt harmless: SQLite may be locked for a moment, as after a crash.
        run_id = f"manual__{datetime.now(UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": logical_date, "conf": dict(conf or {})}
        for attempt in range(_ATTEMPTS):
            try:
                return self.call("POST", f"/dags/{quote(dag_id)}/dagRuns", json=body)  # type: ignore[no-any-return]
            except ApiError as error:
                created = self.find(_run_path(dag_id, run_id)) if attempt else None
                if created:
                    return created  # type: ignore[no-any-return]
                if error.status != _SERVER_ERROR or attempt == _ATTEMPTS - 1:
                    raise
            time.sleep(1 + attempt)
        raise AssertionError("the last attempt returns or raises")

    def trigger_due(self, dag_id: str, *, conf: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Create a run that takes the place of the scheduled one that is due, if there is one.

        A DAG that is unpaused starts its latest due run at once; a run beside it would do the same work twice.
        """
        dag = self.dag(dag_id) or {}
        due, run_after = dag.get("next_dagrun_logical_date"), dag.get("next_dagrun_run_after")
        if due and run_after and datetime.fromisoformat(run_after) <= datetime.now(UTC):
            try:
                return self.trigger(dag_id, logical_date=due, conf=conf)
            except ApiError as error:
                if error.status != _CONFLICT:  # the scheduler was quicker
                    raise
        return self.trigger(dag_id, conf=conf)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Give a run."""
        return self.call("GET", _run_path(dag_id, run_id))  # type: ignore[no-any-return]

    def runs(self, dag_id: str, **filters: Any) -> list[dict[str, Any]]:
        """Give the runs of a DAG, the latest first."""
        params = {"order_by": "-run_after", "limit": 100, **filters}
        return self.call("GET", f"/dags/{quote(dag_id)}/dagRuns", params=params)["dag_runs"]  # type: ignore[no-any-return]

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a run; its running tasks are ended."""
        self.call("PATCH", _run_path(dag_id, run_id), json={"state": state})

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float) -> dict[str, Any]:
        """Wait for a run's end.

        :param dag_id: of which DAG
        :param run_id: of which run
        :param timeout: in seconds
        :raises TimeoutError: with what the tasks were doing
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            run = self.run(dag_id, run_id)
            if run["state"] in ("success", "failed"):
                return run
            time.sleep(0.5)
        raise TimeoutError(f"{dag_id} {run_id} has not ended after {timeout:.0f} s: {self.task_states(dag_id, run_id)}")

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Give the task instances of a run."""
        return list(self._iter_all(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances"))

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Give task id -> state."""
        return {task["task_id"]: task["state"] for task in self.tasks(dag_id, run_id)}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Give an XCom, as the value that was pushed; None if there is none."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries/{quote(key)}"
        entry = self.find(path, params={"deserialize": "true", "stringify": "false"})
        return entry["value"] if entry else None

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Give the log of a task's try as text."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{quote(task_id)}/logs/{try_number}"
        content = self.call("GET", path, params={"full_content": "true"}, headers={"Accept": "application/json"})
        lines = content.get("content", []) if content else []
        return "\n".join(_log_line(line) for line in lines)

    def import_errors(self) -> list[dict[str, Any]]:
        """Give the files that could not be imported."""
        return list(self._iter_all("/importErrors", "import_errors"))

    def source(self, dag_id: str) -> str:
        """Give the text of the Code tab."""
        return self.call("GET", f"/dagSources/{quote(dag_id)}")["content"]  # type: ignore[no-any-return]


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"


def _log_line(line: Any) -> str:
    if not isinstance(line, dict):
        return str(line)
    return "\n".join([str(line.get("event", "")), *_iter_traceback(line.get("error_detail") or [])])


def _iter_traceback(exceptions: list[dict[str, Any]]) -> Iterator[str]:
    for exception in exceptions:
        for frame in exception.get("frames", []):
            yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
        yield f"{exception.get('exc_type')}: {exception.get('exc_value')}"
