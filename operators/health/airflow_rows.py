"""What Airflow's REST API v2 tells the health checks, as frozen values: only the fields that they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """The first rows of a list, in the order asked for."""

    rows: tuple[Row, ...]
    total: int
    """How many there are; more than ``rows`` where the list was cut."""

    @property
    def is_cut(self) -> bool:
        """Whether there are more than were read."""
        return self.total > len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    run_type: str
    """``scheduled``, ``manual``, ``asset_triggered``, ``backfill`` …"""
    due_at: datetime
    """When it was allowed to start (``run_after``)."""
    logical_at: datetime | None
    """The date that it is for; None for most runs that were started by hand."""
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> DagRun:
        """Read a row of ``dagRuns``."""
        return cls(
            dag_id=row["dag_id"],
            run_id=row["dag_run_id"],
            state=row["state"],
            run_type=row["run_type"],
            due_at=datetime.fromisoformat(row["run_after"]),
            logical_at=_moment(row["logical_date"]),
            queued_at=_moment(row["queued_at"]),
            started_at=_moment(row["start_date"]),
            ended_at=_moment(row["end_date"]),
        )

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """One DAG that is neither paused nor gone from the files."""

    dag_id: str
    next_due_at: datetime | None
    """When its next run may start; None if it has no schedule. It stays in the past while no run can be made."""
    next_logical_at: datetime | None
    """The date that its next run is for."""
    max_runs: int | None
    """So many of its runs may be queued or running at once, those of backfills apart; then no other is made."""
    parsed_at: datetime | None
    parse_seconds: float | None
    file: str

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Dag:
        """Read a row of ``dags``."""
        return cls(
            dag_id=row["dag_id"],
            next_due_at=_moment(row["next_dagrun_run_after"]),
            next_logical_at=_moment(row["next_dagrun_logical_date"]),
            max_runs=row["max_active_runs"],
            parsed_at=_moment(row["last_parsed_time"]),
            parse_seconds=row["last_parse_duration"],
            file=row["relative_fileloc"] or row["fileloc"] or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInstance:
    """One task of one run, in its latest try."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    operator: str
    hostname: str
    pool: str
    state: str
    due_at: datetime
    """When its run was allowed to start."""
    scheduled_at: datetime | None
    queued_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> TaskInstance:
        """Read a row of ``taskInstances``."""
        return cls(
            dag_id=row["dag_id"],
            run_id=row["dag_run_id"],
            task_id=row["task_id"],
            map_index=row["map_index"],
            try_number=row["try_number"],
            operator=row["operator_name"] or row["operator"] or "",
            hostname=row["hostname"] or "",
            pool=row["pool"],
            state=row["state"],
            due_at=datetime.fromisoformat(row["run_after"]),
            scheduled_at=_moment(row["scheduled_when"]),
            queued_at=_moment(row["queued_when"]),
            ended_at=_moment(row["end_date"]),
        )

    @property
    def task(self) -> str:
        """The task over all runs, as ``dag_id.task_id``."""
        return f"{self.dag_id}.{self.task_id}"


@dataclass(frozen=True, slots=True)
class Component:
    """One component as the health endpoint sees it: the job of its type that beat last."""

    name: str
    """``scheduler``, ``dag_processor`` or ``triggerer``."""
    status: str | None
    """``healthy``, ``unhealthy``; None if it never ran on this metadata database."""
    heartbeat_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """The health endpoint's answer."""

    metadatabase: str | None
    """``healthy`` or ``unhealthy``."""
    components: tuple[Component, ...]

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Health:
        """Read the answer of ``monitor/health``."""
        names = ("scheduler", "dag_processor", "triggerer")
        return cls(answer["metadatabase"]["status"], tuple(_component(name, answer.get(name)) for name in names))


@dataclass(frozen=True, slots=True)
class Job:
    """One process of Airflow, as it registered itself."""

    component: str
    """``scheduler``, ``dag_processor`` or ``triggerer``."""
    hostname: str
    started_at: datetime | None
    heartbeat_at: datetime | None
    ended_at: datetime | None
    """When its record was closed; for one that was killed, when another noticed."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Job:
        """Read a row of ``jobs``."""
        component = _COMPONENT_OF_JOB.get(row["job_type"], row["job_type"])
        moments = (_moment(row[key]) for key in ("start_date", "latest_heartbeat", "end_date"))
        return cls(component, row["hostname"] or "", *moments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One pool and how full it is."""

    name: str
    slots: int
    """-1: without a limit."""
    occupied: int
    queued: int
    """Slots of tasks that wait for the executor."""
    waiting: int
    """Slots of tasks that are scheduled and not yet queued."""
    deferred: int
    """Tasks that wait in a triggerer."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Pool:
        """Read a row of ``pools``."""
        return cls(
            name=row["name"],
            slots=row["slots"],
            occupied=row["occupied_slots"],
            queued=row["queued_slots"],
            waiting=row["scheduled_slots"],
            deferred=row["deferred_slots"],
        )


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """One file that Airflow cannot import."""

    filename: str
    since: datetime | None
    reason: str
    """The last line of its traceback."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> ImportProblem:
        """Read a row of ``importErrors``."""
        lines = (row["stack_trace"] or "").strip().splitlines()
        return cls(row["filename"] or "", _moment(row["timestamp"]), lines[-1] if lines else "")


_COMPONENT_OF_JOB = {"SchedulerJob": "scheduler", "DagProcessorJob": "dag_processor", "TriggererJob": "triggerer"}


def _component(name: str, answer: Mapping[str, Any] | None) -> Component:
    # The dag processor is left out of the answer by an Airflow that has none; that is the same as never having run.
    found = answer or {}
    return Component(name, found.get("status"), _moment(found.get(f"latest_{name}_heartbeat")))


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
