"""Runs a pipeline once on the embedded Airflow, and tells of each of its tasks."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from pipelines.embedded.api import AirflowApi, ApiError
from pipelines.embedded.interrupts import held
from pipelines.embedded.progress import Progress
from pipelines.embedded.service import Service

_POLL_SECONDS = 0.4
_PARSE_SECONDS = 60.0
_QUEUED_SECONDS = 8.0
_SOURCES = ("*.yaml", "*.yml", "*.py")
FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
_RUNNING = frozenset({"running", "deferred"})


class RunError(RuntimeError):
    """A pipeline that cannot be run; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """How a task ended."""

    task_id: str
    state: str
    seconds: float | None
    """How long its last try took; None if it was never started."""
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a run ended."""

    dag_id: str
    run_id: str
    state: str
    seconds: float
    """From its start to its end, as Airflow has it."""
    tasks: tuple[TaskEnd, ...]


@dataclass(slots=True)
class _Follower:
    """What has been told of a run so far."""

    service: Service
    api: AirflowApi
    progress: Progress
    dag_id: str
    run_id: str
    shown: dict[str, tuple[str | None, int]] = field(default_factory=dict)

    def show(self, tasks: list[dict[str, Any]]) -> None:
        for task in sorted(tasks, key=lambda task: task["end_date"] or "9"):
            task_id, state = task["task_id"], task["state"]
            if self.shown.get(task_id) == (state, task["try_number"]):
                continue
            self.shown[task_id] = (state, task["try_number"])
            if state in FINISHED:
                self.progress.end(self.dag_id, task_id, state, task["duration"])
            elif state in _RUNNING:
                self.progress.begin(self.dag_id, task_id, state)
            elif state == "up_for_retry":
                note = f"try {task['try_number']} of {task['max_tries'] + 1} failed; Airflow tries again"
                self.progress.end(self.dag_id, task_id, "retry", task["duration"], note)


def run_pipeline(service: Service, dag_id: str, progress: Progress) -> RunEnd:
    """Run a pipeline once, from waiting for its file to be read to the end of its last task.

    If it is interrupted, the run is marked as failed: left as it is, it would block the next one.

    :param service: the Airflow to run it on
    :param dag_id: of which pipeline
    :param progress: what is told of it
    :raises RunError: if there is no such pipeline
    :raises StartError: if a component of Airflow ends meanwhile
    """
    api = service.api()
    dag = _wait_until_parsed(service, api, dag_id, progress)
    run_id = api.trigger_due(dag_id)["dag_run_id"]
    if dag["is_paused"]:
        # After the trigger: the scheduler then finds this run and starts none of its own.
        api.set_paused(dag_id, False)
    progress.say(dag_id, f"run {run_id}")
    follower = _Follower(service, api, progress, dag_id, run_id)
    try:
        return _follow(follower)
    except BaseException as problem:
        with suppress(ApiError, httpx.HTTPError):
            api.set_run_state(dag_id, run_id, "failed")
        if isinstance(problem, httpx.HTTPError):
            service.check_alive()
        raise
    finally:
        api.close()


def _wait_until_parsed(service: Service, api: AirflowApi, dag_id: str, progress: Progress) -> dict[str, Any]:
    edited = _latest_edit(service.settings.dags)
    deadline = time.monotonic() + _PARSE_SECONDS
    others_known = False
    progress.begin(dag_id, "reading its file")
    while time.monotonic() < deadline:
        dags = {dag["dag_id"]: dag for dag in api.dags() if _is_current(dag, edited)}
        if dag_id in dags:
            progress.end(dag_id, "reading its file", "ready")
            return dags[dag_id]
        if dags and not others_known:
            # The files have been read; this one was among them, or will be the next time at the latest.
            others_known = True
            deadline = min(deadline, time.monotonic() + service.settings.parse_seconds + 2)
        service.check_alive()
        progress.tick()
        held.sleep(_POLL_SECONDS)
    raise RunError(_why_missing(api, dag_id))


def _is_current(dag: dict[str, Any], edited: float) -> bool:
    return not dag["is_stale"] and datetime.fromisoformat(dag["last_parsed_time"]).timestamp() > edited


def _latest_edit(dags: Path) -> float:
    return max((path.stat().st_mtime for pattern in _SOURCES for path in dags.glob(pattern)), default=0.0)


def _why_missing(api: AirflowApi, dag_id: str) -> str:
    errors = "\n".join(f"{error['filename']}:\n{error['stack_trace']}" for error in api.import_errors())
    known = ", ".join(sorted(dag["dag_id"] for dag in api.dags())) or "none"
    message = f"Airflow has no pipeline {dag_id!r} that can be run; it knows: {known}."
    return f"{message} Its import errors:\n{errors}" if errors else message


def _follow(follower: _Follower) -> RunEnd:
    api, dag_id, run_id = follower.api, follower.dag_id, follower.run_id
    began = time.monotonic()
    told = False
    while True:
        run = api.run(dag_id, run_id)
        tasks = api.tasks(dag_id, run_id)
        follower.show(tasks)
        if run["state"] in ("success", "failed"):
            return _end_of(run, tasks)
        if run["state"] == "queued" and not told and time.monotonic() - began > _QUEUED_SECONDS:
            follower.progress.say(dag_id, _why_queued(api, dag_id))
            told = True
        follower.service.check_alive()
        follower.progress.tick()
        held.sleep(_POLL_SECONDS)


def _why_queued(api: AirflowApi, dag_id: str) -> str:
    running = [run["dag_run_id"] for run in api.runs(dag_id, state="running")]
    if running:
        return f"waits for the end of {', '.join(running)}: one run at a time"
    return "queued; the scheduler has not taken it up yet"


def _end_of(run: dict[str, Any], tasks: list[dict[str, Any]]) -> RunEnd:
    ends = tuple(
        TaskEnd(
            task_id=task["task_id"],
            state=task["state"] or "not run",
            seconds=task["duration"],
            tries=task["try_number"],
        )
        for task in sorted(tasks, key=lambda task: (task["start_date"] or "9", task["end_date"] or "9"))
    )
    seconds = (datetime.fromisoformat(run["end_date"]) - datetime.fromisoformat(run["start_date"])).total_seconds()
    return RunEnd(dag_id=run["dag_id"], run_id=run["dag_run_id"], state=run["state"], seconds=seconds, tasks=ends)
