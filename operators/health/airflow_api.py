"""Reads Airflow's own REST API v2 for the health checks, with the account of an Airflow connection.

Only selective questions are asked (a state that is not success, a window, one DAG), each by at most 100 rows, so that
a check costs an Airflow with a million task instances a day no more than a few of its milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from operators.health.airflow_account import Account, read_account
from operators.health.airflow_rows import DagRun, Health, ImportProblem, Job, Listing, Pool, TaskInstance

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

PAGE = 100
"""Airflow's default ``[api] maximum_page_limit``; more is cut without a word."""
ROWS_AT_MOST = 1000
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 20.0
_DETAIL_CHARACTERS = 200
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE = 401, 403, 404, 422


class AirflowApiError(RuntimeError):
    """The API answered, but not what was asked for; the task is retried."""


class AirflowUnreachableError(AirflowApiError):
    """Nobody answered at the address, or not in time; the task is retried."""


@contextmanager
def open_airflow_api(conn_id: str) -> Iterator[AirflowApi]:
    """Log in once and read as often as wanted; the token lives as long as the block.

    :param conn_id: Airflow connection of type http: host, port, schema (http or https), login, password
    :raises AirflowFailException: if the connection is missing or incomplete, or the login is refused
    :raises AirflowUnreachableError: if nobody answers
    :raises AirflowApiError: if the answer is an error of the server
    """
    import httpx

    account = read_account(conn_id)
    # A proxy from the environment must not get what is meant for this very machine.
    direct = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))
    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    with httpx.Client(timeout=timeout, mounts=direct, headers={"Accept": "application/json"}) as client:
        api = AirflowApi(client, account)
        api.log_in()
        yield api


class AirflowApi:
    """The questions that the health checks ask; made by :func:`open_airflow_api`."""

    def __init__(self, client: httpx.Client, account: Account) -> None:
        self._client = client
        self._account = account
        self._server_time = datetime.now(UTC)
        self._heard_at = monotonic()

    @property
    def now(self) -> datetime:
        """The server's time: ages and windows must not depend on the clock of the machine that runs the check."""
        return self._server_time + timedelta(seconds=monotonic() - self._heard_at)

    @property
    def links(self) -> Links:
        """Addresses of pages in Airflow's UI."""
        from airflow.sdk.configuration import conf

        base_url = conf.get("api", "base_url", fallback=None) or ""
        return Links((base_url if base_url.startswith(("http://", "https://")) else self._account.url).rstrip("/"))

    def log_in(self) -> None:
        """Get a token for the connection's login and use it from here on."""
        from airflow.sdk.log import mask_secret

        body = {"username": self._account.login, "password": self._account.password}
        response = self._send("POST", "/auth/token", json=body)
        self._refuse_bad_login(response)
        token = str(_json_of(response, "/auth/token")["access_token"])
        mask_secret(token)
        self._client.headers["Authorization"] = f"Bearer {token}"
        if "date" in response.headers:
            self._server_time = parsedate_to_datetime(response.headers["date"])
            self._heard_at = monotonic()

    def health(self) -> Health:
        """Ask for the components' health; HTTP says 200 whatever they are."""
        return _read(Health.from_json, self._get("/api/v2/monitor/health", {}))

    def running_jobs(self) -> Listing[Job]:
        """List the jobs in state running, the latest heartbeat first; one that was killed stays in that state."""
        params = {"job_state": "running", "order_by": "-latest_heartbeat"}
        return self._list("/api/v2/jobs", "jobs", Job.from_json, params)

    def import_problems(self) -> Listing[ImportProblem]:
        """List the files that cannot be imported."""
        return self._list("/api/v2/importErrors", "import_errors", ImportProblem.from_json, {})

    def pools(self) -> Listing[Pool]:
        """List the pools."""
        return self._list("/api/v2/pools", "pools", Pool.from_json, {})

    def failed_runs(self, *, since: datetime) -> Listing[DagRun]:
        """List the runs that failed, the latest first.

        :param since: they ended then or later
        """
        params = {"state": "failed", "end_date_gte": since.isoformat(), "order_by": "-end_date"}
        return self._list("/api/v2/dags/~/dagRuns", "dag_runs", DagRun.from_json, params, by_cursor=True)

    def running_runs(self) -> Listing[DagRun]:
        """List the runs that are running, the longest first."""
        params = {"state": "running", "order_by": "start_date"}
        return self._list("/api/v2/dags/~/dagRuns", "dag_runs", DagRun.from_json, params, by_cursor=True)

    def count_finished_runs(self, dag_id: str, *, since: datetime) -> int:
        """Count one DAG's runs that ended, well or not.

        :param since: they ended then or later
        """
        # The POST form takes the id as it is; in the GET form a DAG that has left the files is an error.
        body = {
            "dag_ids": [dag_id],
            "states": ["success", "failed"],
            "end_date_gte": since.isoformat(),
            "page_limit": 0,
        }
        path = "/api/v2/dags/~/dagRuns/list"
        return _read(_total, self._checked(self._send("POST", path, json=body), path))

    def failed_tasks(self, *, since: datetime) -> Listing[TaskInstance]:
        """List the task instances that failed for good, the latest first.

        :param since: they ended then or later
        """
        params = {"state": "failed", "end_date_gte": since.isoformat(), "order_by": "-end_date"}
        return self._list(_TASK_INSTANCES, "task_instances", TaskInstance.from_json, params, by_cursor=True)

    def queued_tasks(self) -> Listing[TaskInstance]:
        """List the task instances that wait for the executor."""
        params = {"state": "queued"}
        return self._list(_TASK_INSTANCES, "task_instances", TaskInstance.from_json, params, by_cursor=True)

    def count_tasks(self, state: str) -> int:
        """Count the task instances in a state; never ask for ``success``, there may be a million.

        :param state: a state of few, e.g. ``up_for_retry``
        """
        return _read(_total, self._get(_TASK_INSTANCES, {"state": state, "limit": 0}))

    def _list(
        self,
        path: str,
        key: str,
        reader: Callable[[Mapping[str, Any]], T],
        params: Mapping[str, Any],
        *,
        by_cursor: bool = False,
    ) -> Listing[T]:
        """Read page after page; by cursor where the API has them, since rows that move shift the pages otherwise."""
        rows: list[T] = []
        place: dict[str, Any] | None = {"cursor": ""} if by_cursor else {"offset": 0}
        total = 0
        while place is not None and len(rows) < ROWS_AT_MOST:
            page = self._get(path, {**params, "limit": PAGE, **place})
            found = _read(lambda answer: [reader(row) for row in answer[key]], page)
            rows += found
            total = _read(_total, page)
            place = _next_place(page, len(found), len(rows), by_cursor=by_cursor)
        return Listing(tuple(rows), max(total, len(rows)))

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        return self._checked(self._send("GET", path, params=params), path)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        import httpx

        try:
            return self._client.request(method, self._account.url + path, **content)
        except httpx.TimeoutException:
            raise AirflowUnreachableError(
                f"Airflow's API at {self._account.url} (connection {self._account.conn_id!r}) did not answer {path} "
                f"within {_READ_SECONDS:.0f} s"
            ) from None
        except httpx.HTTPError as error:
            raise AirflowUnreachableError(
                f"Airflow's API at {self._account.url} (connection {self._account.conn_id!r}) cannot be reached: "
                f"{error}. Is the api-server running there?"
            ) from None

    def _checked(self, response: httpx.Response, path: str) -> Any:
        if response.is_success:
            return _json_of(response, path)
        answer = f"{self._account.url}{path} answered {response.status_code}"
        if response.status_code in (_UNAUTHORIZED, _FORBIDDEN):
            self._fail(f"{answer}: the login {self._account.login!r} may not read this. It needs the role viewer")
        raise AirflowApiError(f"{answer}: {_detail_of(response)}")

    def _refuse_bad_login(self, response: httpx.Response) -> None:
        # What the server says of a refused login may repeat the password, so it is not passed on.
        answer = f"{self._account.url}/auth/token answered {response.status_code}"
        if response.status_code in (_UNAUTHORIZED, _FORBIDDEN, _UNPROCESSABLE):
            self._fail(f"{answer}: the login {self._account.login!r} was refused. Correct its login or password")
        if response.status_code == _NOT_FOUND:
            self._fail(f"{answer}: nothing there gives tokens. Correct its host and port to those of the api-server")
        if not response.is_success:
            raise AirflowApiError(answer)

    def _fail(self, problem: str) -> None:
        from airflow.sdk.exceptions import AirflowFailException

        raise AirflowFailException(f"{problem} (Airflow connection {self._account.conn_id!r}).")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of pages in Airflow's UI."""

    base_url: str

    def run(self, run: DagRun) -> str:
        """Give the page of a run."""
        return f"{self.base_url}/dags/{quote(run.dag_id, safe='')}/runs/{quote(run.run_id, safe='')}"

    def task(self, ti: TaskInstance) -> str:
        """Give the page of a task instance's log."""
        run = f"{self.base_url}/dags/{quote(ti.dag_id, safe='')}/runs/{quote(ti.run_id, safe='')}"
        mapped = f"/mapped/{ti.map_index}" if ti.map_index >= 0 else ""
        return f"{run}/tasks/{quote(ti.task_id, safe='')}{mapped}?try_number={ti.try_number}"


_TASK_INSTANCES = "/api/v2/dags/~/dagRuns/~/taskInstances"


def _next_place(page: Mapping[str, Any], found: int, so_far: int, *, by_cursor: bool) -> dict[str, Any] | None:
    if by_cursor:
        return {"cursor": page["next_cursor"]} if page.get("next_cursor") else None
    return {"offset": so_far} if found and so_far < page["total_entries"] else None


def _json_of(response: httpx.Response, path: str) -> Any:
    try:
        return response.json()
    except ValueError:
        kind = response.headers.get("content-type", "no content type")
        raise AirflowApiError(
            f"{path} answered {kind} instead of JSON; the address is not, or not directly, an Airflow api-server"
        ) from None


def _read(reader: Callable[[Any], T], answer: Any) -> T:
    try:
        return reader(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AirflowApiError(
            f"the API answered in a form that REST v2 of Airflow 3.3 does not have ({type(error).__name__}: {error})"
        ) from None


def _total(answer: Mapping[str, Any]) -> int:
    return int(answer["total_entries"])


def _detail_of(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text
    return " ".join(str(detail).split())[:_DETAIL_CHARACTERS] or "no reason given"
