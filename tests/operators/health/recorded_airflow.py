"""A real HTTP server that answers as a recorded Airflow 3.3.2 did, with its paging, filters, roles and refusals.

The rows under ``recorded/`` were read from a real Airflow by a user of role viewer. What the server does with them
was measured there: a page has at most 100 rows, ``limit=0`` gives the total alone, the two lists that know a cursor
ignore the offset then, a wrong password gives 401, and a 422 of the login repeats what was sent. The rows of DAGs and
the logs were recorded elsewhere, and given the names that they have here.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

RUNS = "/api/v2/dags/~/dagRuns"
TASKS = "/api/v2/dags/~/dagRuns/~/taskInstances"
JOBS = "/api/v2/jobs"
POOLS = "/api/v2/pools"
IMPORT_ERRORS = "/api/v2/importErrors"
DAGS = "/api/v2/dags"
HEALTH = "/api/v2/monitor/health"
LOGIN, PASSWORD, TOKEN = "health", "a-viewer's password", "a.recorded.token"

_KEYS = {
    RUNS: "dag_runs",
    TASKS: "task_instances",
    JOBS: "jobs",
    POOLS: "pools",
    IMPORT_ERRORS: "import_errors",
    DAGS: "dags",
}
_PARAMETERS = {
    *("state", "job_state", "run_type", "end_date_gte", "order_by", "limit", "offset", "cursor"),
    *("paused", "dag_id_prefix_pattern"),
    "pool",
}
_SORTED_BY = {"next_dagrun": "next_dagrun_logical_date"}
_LOG = re.compile(r"/api/v2/dags/([^/]+)/dagRuns/([^/]+)/taskInstances/([^/]+)/logs/(\d+)")
_FOLDER = Path(__file__).with_name("recorded")


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    params: dict[str, list[str]]
    body: dict[str, Any]
    authorized: bool


@dataclass
class RecordedAirflow:
    """The recording, which a test may change before it asks."""

    date: str
    answers: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]
    logs: dict[str, list[str]] = field(default_factory=dict)
    """``dag_id.task_id`` -> the lines of its log; that of another task is gone, which is no error of the API."""
    instead: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Path -> status, content type and body to give instead of the recorded answer."""
    requests: list[Request] = field(default_factory=list)
    token_lasts: int | None = None
    """So many requests, counted from the last login; None for ever."""
    answered: int = 0
    """Requests since the last login."""
    port: int = 0

    @classmethod
    def load(cls, name: str) -> RecordedAirflow:
        recording = json.loads((_FOLDER / f"{name}.json").read_text())
        return cls(recording["recorded_at"], recording["answers"], recording["rows"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def now(self) -> datetime:
        return parsedate_to_datetime(self.date)

    def connection(self, **changed: Any) -> str:
        """The connection as an environment variable has it."""
        fields = {"conn_type": "http", "host": "127.0.0.1", "schema": "http", "port": self.port}
        return json.dumps({**fields, "login": LOGIN, "password": PASSWORD, **changed})

    def answer(self, request: Request) -> tuple[int, Any]:
        if request.path == "/auth/token":
            self.answered = 0
            return self._log_in(request.body)
        if request.path != HEALTH and not request.authorized:
            return 401, {"detail": "Not authenticated"}
        self.answered += 1
        if self.token_lasts is not None and self.answered > self.token_lasts:
            return 401, {"detail": "Invalid JWT token"}
        if request.path in self.answers:
            return 200, self.answers[request.path]
        if request.path == f"{RUNS}/list":
            return 200, self._page(RUNS, self._chosen_by_body(request.body), limit=request.body["page_limit"])
        if log := _LOG.fullmatch(request.path):
            return self._log(unquote(log[1]), unquote(log[2]), unquote(log[3]))
        if request.path in _KEYS:
            return self._list(request.path, request.params)
        return 404, {"error": "API route not found"}

    def _log_in(self, body: dict[str, Any]) -> tuple[int, Any]:
        if not isinstance(body.get("password"), str) or not body["password"]:
            return 422, {"detail": f"1 validation error for LoginBody input_value={body!r}"}
        if (body["username"], body["password"]) != (LOGIN, PASSWORD):
            return 401, {"detail": "Invalid credentials"}
        return 201, {"access_token": TOKEN}

    def _list(self, path: str, params: dict[str, list[str]]) -> tuple[int, Any]:
        unknown = set(params) - _PARAMETERS
        if unknown:
            return 400, {"detail": f"nobody recorded what the parameters {unknown} do"}
        rows = [row for row in self.rows[path] if _fits(row, params)]
        order = params.get("order_by", ["id"])[0]
        _sort(rows, order)
        by_cursor = "cursor" in params and path in (RUNS, TASKS)
        start = int((params["cursor"][0] if by_cursor else params.get("offset", ["0"])[0]) or 0)
        return 200, self._page(path, rows, limit=int(params.get("limit", ["50"])[0]), start=start, by_cursor=by_cursor)

    def _page(
        self, path: str, rows: list[dict[str, Any]], *, limit: int, start: int = 0, by_cursor: bool = False
    ) -> dict[str, Any]:
        end = start + min(limit, 100)
        following = str(end) if by_cursor and end < len(rows) else None
        return {_KEYS[path]: rows[start:end], "total_entries": len(rows), "next_cursor": following}

    def _chosen_by_body(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        unknown = set(body) - {"dag_ids", "states", "end_date_gte", "order_by", "page_limit"}
        assert not unknown, f"nobody recorded what {unknown} do"
        params = {"state": body.get("states", [])}
        if "end_date_gte" in body:
            params["end_date_gte"] = [body["end_date_gte"]]
        rows = [row for row in self.rows[RUNS] if row["dag_id"] in body["dag_ids"] and _fits(row, params)]
        _sort(rows, body.get("order_by", "id"))
        return rows

    def _log(self, dag_id: str, run_id: str, task_id: str) -> tuple[int, Any]:
        names = {(row["dag_id"], row["dag_run_id"], row["task_id"]) for row in self.rows[TASKS]}
        if (dag_id, run_id, task_id) not in names:
            return 404, {"detail": "TaskInstance not found"}
        gone = '{"timestamp":null,"event":"Could not read served logs: HTTPConnectionPool(host=\'node-a\', port=8793)"}'
        return 200, "\n".join(self.logs.get(f"{dag_id}.{task_id}", [gone])) + "\n"


@contextmanager
def serve(recording: RecordedAirflow) -> Iterator[RecordedAirflow]:
    """Answer on a free port as long as the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(recording))
    recording.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield recording
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def recorded_logs() -> dict[str, list[str]]:
    """Give the logs of tasks that failed: ``bash``, ``download``, ``timeout``, and of one that did not, ``ok``."""
    logs: dict[str, list[str]] = json.loads((_FOLDER / "logs.json").read_text())
    return logs


def _sort(rows: list[dict[str, Any]], order: str) -> None:
    key = order.removeprefix("-")
    key = _SORTED_BY.get(key, key)
    # What has no value stands at the end, whichever the direction.
    with_value = sorted((row for row in rows if row.get(key) is not None), key=lambda row: str(row[key]))
    without = [row for row in rows if row.get(key) is None]
    rows[:] = [*(reversed(with_value) if order.startswith("-") else with_value), *without]


def _fits(row: dict[str, Any], params: dict[str, list[str]]) -> bool:
    if "paused" in params and row["is_paused"] != (params["paused"] == ["true"]):
        return False
    if "paused" in params and row["is_stale"]:
        return False
    if "dag_id_prefix_pattern" in params:
        # What is neither a letter nor a digit does not count at the end of a beginning.
        beginnings = [re.sub(r"[\W_]+$", "", term) for term in params["dag_id_prefix_pattern"][0].split("|")]
        return row["dag_id"].startswith(tuple(beginnings))
    if "pool" in params and row["pool"] not in params["pool"]:
        return False
    if "run_type" in params and row["run_type"] not in params["run_type"]:
        return False
    states = params.get("state") or params.get("job_state")
    if states and row["state"] not in states:
        return False
    since = params.get("end_date_gte")
    return not since or (
        row["end_date"] is not None and datetime.fromisoformat(row["end_date"]) >= datetime.fromisoformat(since[0])
    )


def _handler_for(recording: RecordedAirflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet; a second one would wait for the receipt of the first, 40 ms

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Request(
                self.command,
                parts.path,
                parse_qs(parts.query, keep_blank_values=True),
                json.loads(body) if body else {},
                self.headers.get("authorization") == f"Bearer {TOKEN}",
            )
            recording.requests.append(request)
            if parts.path in recording.instead:
                self._send(*recording.instead[parts.path])
                return
            status, answer = recording.answer(request)
            if isinstance(answer, str):
                self._send(status, "application/x-ndjson", answer)
            else:
                self._send(status, "application/json", json.dumps(answer))

        def _send(self, status: int, content_type: str, text: str) -> None:
            self.send_response_only(status)
            self.send_header("Date", recording.date)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            return

    return Handler
