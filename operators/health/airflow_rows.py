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


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> DagRun:
        """Read a row of ``dagRuns``."""
        return cls(row["dag_id"], row["dag_run_id"], row["state"], _moment(row["start_date"]), _moment(row["end_date"]))


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

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Job:
        """Read a row of ``jobs``."""
        component = _COMPONENT_OF_JOB.get(row["job_type"], row["job_type"])
        return cls(component, row["hostname"] or "", _moment(row["start_date"]), _moment(row["latest_heartbeat"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One pool and how full it is."""

    name: str
    slots: int
    """-1: without a limit."""
    occupied: int
    waiting: int
    """Tasks that are scheduled and not yet queued."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Pool:
        """Read a row of ``pools``."""
        return cls(name=row["name"], slots=row["slots"], occupied=row["occupied_slots"], waiting=row["scheduled_slots"])


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
