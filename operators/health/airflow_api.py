"""The questions that the health checks ask Airflow's REST API v2, with the account of an Airflow connection.

Only selective ones (a state that is not success, a window, some DAGs), of at most 100 rows a page, and of few pages, so
that a check costs an Airflow with a million task instances a day no more than a few of its milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from operators.health.airflow_client import (
    AirflowApiError,
    AirflowClient,
    AirflowUnreachableError,
    AnswerTooLongError,
    open_airflow_client,
    total_of,
    understand,
)
from operators.health.airflow_rows import Dag, DagRun, Health, ImportProblem, Job, Listing, Pool, TaskInstance

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AirflowApi",
    "AirflowApiError",
    "AirflowUnreachableError",
    "AnswerTooLongError",
    "Links",
    "open_airflow_api",
]

REQUESTS_AT_MOST = 10
"""What one check may ask, the login and Prometheus included."""
_LOG_SECONDS = 1.0
_NO_BACKFILL = ["scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization"]
_RUNS = "/api/v2/dags/~/dagRuns"
_TASK_INSTANCES = f"{_RUNS}/~/taskInstances"


@contextmanager
def open_airflow_api(conn_id: str) -> Iterator[AirflowApi]:
    """Log in once and ask as often as wanted.

    :param conn_id: Airflow connection of type http: host, port, schema (http or https), login, password
    :raises AirflowFailException: if the connection is missing or incomplete, or the login is refused
    :raises AirflowUnreachableError: if nobody answers
    :raises AirflowApiError: if the answer is an error of the server
    """
    with open_airflow_client(conn_id) as client:
        yield AirflowApi(client)


class AirflowApi:
    """The questions; made by :func:`open_airflow_api`."""

    def __init__(self, client: AirflowClient) -> None:
        self._client = client

    @property
    def now(self) -> datetime:
        """The server's time: ages and windows must not depend on the clock of the machine that runs the check."""
        return self._client.now

    @property
    def requests(self) -> int:
        """How many were made, the login included."""
        return self._client.requests

    @property
    def links(self) -> Links:
        """Addresses of pages in Airflow's UI."""
        from airflow.sdk.configuration import conf

        base_url = conf.get("api", "base_url", fallback=None) or ""
        return Links((base_url if base_url.startswith(("http://", "https://")) else self._client.url).rstrip("/"))

    def health(self) -> tuple[Health, float]:
        """Ask for the components' health, and give the seconds that it took; HTTP says 200 whatever they are."""
        started = time.perf_counter()
        answer = self._client.get("/api/v2/monitor/health", {})
        return understand(Health.from_json, answer), time.perf_counter() - started

    def running_jobs(self) -> Listing[Job]:
        """List the jobs in state running, the latest heartbeat first; one that was killed may stay in that state."""
        return self._jobs("running")

    def failed_jobs(self) -> Listing[Job]:
        """List the latest jobs that ended badly; a killed scheduler gets there once another one notices."""
        return self._jobs("failed")

    def import_problems(self) -> Listing[ImportProblem]:
        """List the files that cannot be imported."""
        return self._client.read_list("/api/v2/importErrors", "import_errors", ImportProblem.from_json, {}, pages=1)

    def pools(self) -> Listing[Pool]:
        """List the pools."""
        return self._client.read_list("/api/v2/pools", "pools", Pool.from_json, {}, pages=2)

    def active_dags(self, *, pages: int, named: Sequence[str] = ()) -> Listing[Dag]:
        """List the DAGs that are not paused, the one whose next run is due first at the top.

        :param pages: at most so many
        :param named: only these, ordered by name; the API takes them as beginnings, so longer names may come with them
        """
        params: dict[str, Any] = {"paused": False, "order_by": "next_dagrun"}
        if named:
            params |= {"dag_id_prefix_pattern": "|".join(named), "order_by": "dag_id"}
        return self._client.read_list("/api/v2/dags", "dags", Dag.from_json, params, pages=pages)

    def failed_runs(self, *, since: datetime, pages: int) -> Listing[DagRun]:
        """List the runs that failed, the latest first.

        :param since: they ended then or later
        """
        return self._runs({"state": "failed", "end_date_gte": since.isoformat(), "order_by": "-end_date"}, pages)

    def succeeded_runs(self, *, since: datetime, pages: int) -> Listing[DagRun]:
        """List the runs that succeeded, the latest first.

        :param since: they ended then or later; a moment not long ago, there may be ten thousand in a day
        """
        return self._runs({"state": "success", "end_date_gte": since.isoformat(), "order_by": "-end_date"}, pages)

    def running_runs(self) -> Listing[DagRun]:
        """List the runs that are running, the longest first."""
        return self._runs({"state": "running", "order_by": "start_date"}, 1)

    def queued_runs(self) -> Listing[DagRun]:
        """List the runs that have not started yet, those that are due longest first, without those of backfills.

        A backfill makes all its runs at once, with dates long ago, and starts as many as its own limit allows.
        """
        return self._runs({"state": "queued", "run_type": _NO_BACKFILL, "order_by": "run_after"}, 1)

    def latest_successes(self, dag_ids: Sequence[str]) -> Listing[DagRun]:
        """List the latest successes of some DAGs, 100 in all; one that runs often may leave no room for others."""
        body = {"dag_ids": list(dag_ids), "states": ["success"], "order_by": "-end_date", "page_limit": 100}
        return self._runs_of(body)

    def first_runs(self, dag_ids: Sequence[str]) -> Listing[DagRun]:
        """List the runs of some DAGs that were due first, in any state, 100 in all."""
        return self._runs_of({"dag_ids": list(dag_ids), "order_by": "run_after", "page_limit": 100})

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
        return understand(total_of, self._client.post(f"{_RUNS}/list", body))

    def failed_tasks(
        self, *, since: datetime, pages: int, enough: Callable[[Listing[TaskInstance]], bool] | None = None
    ) -> Listing[TaskInstance]:
        """List the task instances that failed for good, the latest first.

        :param since: they ended then or later
        :param pages: at most so many
        :param enough: tells after each page whether no other is needed
        """
        params = {"state": "failed", "end_date_gte": since.isoformat(), "order_by": "-end_date"}
        return self._client.read_list(
            _TASK_INSTANCES,
            "task_instances",
            TaskInstance.from_json,
            params,
            pages=pages,
            by_cursor=True,
            enough=enough,
        )

    def queued_tasks(self, pools: Sequence[str] = ()) -> Listing[TaskInstance]:
        """List a hundred task instances that wait for the executor, those of the oldest runs first.

        :param pools: only those in these pools; of all if there is none
        """
        return self._tasks({"state": "queued", "order_by": "run_after", "pool": list(pools)}, 1)

    def scheduled_tasks(self, pools: Sequence[str] = ()) -> Listing[TaskInstance]:
        """List a hundred task instances that wait for the scheduler or a pool, those of the oldest runs first.

        :param pools: only those in these pools; of all if there is none
        """
        return self._tasks({"state": "scheduled", "order_by": "run_after", "pool": list(pools)}, 1)

    def running_tasks(self) -> Listing[TaskInstance]:
        """List a hundred task instances that are running."""
        return self._tasks({"state": "running", "order_by": "start_date"}, 1)

    def count_tasks(self, state: str) -> int:
        """Count the task instances in a state; never ask for ``success``, there may be a million.

        :param state: a state of few, e.g. ``up_for_retry``
        """
        return understand(total_of, self._client.get(_TASK_INSTANCES, {"state": state, "limit": 0}))

    def log_lines(self, ti: TaskInstance) -> list[str]:
        """Read the end of the log of a task instance's latest try, one JSON value a line.

        :raises AnswerTooLongError: if the API did not get to the end within a second
        :raises AirflowApiError: if there is no log any more
        """
        path = f"/api/v2/dags/{_quoted(ti.dag_id)}/dagRuns/{_quoted(ti.run_id)}/taskInstances/{_quoted(ti.task_id)}"
        params = {"map_index": ti.map_index, "full_content": True}
        return self._client.read_lines(f"{path}/logs/{ti.try_number}", params, seconds=_LOG_SECONDS)

    def _jobs(self, state: str) -> Listing[Job]:
        params = {"job_state": state, "order_by": "-latest_heartbeat"}
        return self._client.read_list("/api/v2/jobs", "jobs", Job.from_json, params, pages=1)

    def _runs(self, params: dict[str, Any], pages: int) -> Listing[DagRun]:
        return self._client.read_list(_RUNS, "dag_runs", DagRun.from_json, params, pages=pages, by_cursor=True)

    def _runs_of(self, body: dict[str, Any]) -> Listing[DagRun]:
        answer = self._client.post(f"{_RUNS}/list", body)
        rows = understand(lambda page: tuple(map(DagRun.from_json, page["dag_runs"])), answer)
        return Listing(rows, understand(total_of, answer))

    def _tasks(self, params: dict[str, Any], pages: int) -> Listing[TaskInstance]:
        key = "task_instances"
        return self._client.read_list(_TASK_INSTANCES, key, TaskInstance.from_json, params, pages=pages, by_cursor=True)


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of pages in Airflow's UI."""

    base_url: str

    def dag(self, dag_id: str) -> str:
        """Give the page of a DAG."""
        return f"{self.base_url}/dags/{_quoted(dag_id)}"

    def run(self, run: DagRun) -> str:
        """Give the page of a run."""
        return f"{self.dag(run.dag_id)}/runs/{_quoted(run.run_id)}"

    def task(self, ti: TaskInstance) -> str:
        """Give the page of a task instance's log."""
        mapped = f"/mapped/{ti.map_index}" if ti.map_index >= 0 else ""
        task = f"{self.dag(ti.dag_id)}/runs/{_quoted(ti.run_id)}/tasks/{_quoted(ti.task_id)}{mapped}"
        return f"{task}?try_number={ti.try_number}"


def _quoted(name: str) -> str:
    return quote(name, safe="")
