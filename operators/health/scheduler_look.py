"""What CheckSchedulerHealth sees in one look: components, jobs, files, pools and queues, in at most ten requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from operators.health.airflow_api import REQUESTS_AT_MOST, AirflowApi
from operators.health.airflow_rows import Dag, Health, ImportProblem, Job, Listing, Pool, TaskInstance
from operators.health.health_check import is_ignored
from operators.health.prometheus_api import Answers, PrometheusApi
from operators.health.scheduler_rules import SchedulerRules
from operators.health.waiting_tasks import WaitingTasks, read_waiting

Row = TypeVar("Row")

_DAG_PAGES = 2
QUESTIONS: Mapping[str, str] = {
    "parse_time": (
        "max by (file_name) (rate(airflow_dag_processing_last_duration_sum[15m])"
        " / (rate(airflow_dag_processing_last_duration_count[15m]) > 0))"
    ),
    "triggerer_usage": (
        "max(airflow_triggers_running"
        " / on (hostname) group_left () (airflow_triggers_running + on (hostname) airflow_triggerer_capacity_left))"
    ),
    "scheduler_loop": (
        "histogram_quantile(0.95, sum by (le) (rate(airflow_scheduler_scheduler_loop_duration_bucket[10m])))"
    ),
    "executor_usage": (
        "max(sum by (executor_class_name) (airflow_executor_running_tasks)"
        " / (sum by (executor_class_name) (airflow_executor_running_tasks)"
        " + sum by (executor_class_name) (airflow_executor_open_slots)))"
    ),
}
"""What Prometheus is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerLook:
    """The state of the components and what they work on, without what is ignored."""

    now: datetime
    health: Health
    health_seconds: float
    """How long Airflow took to ask its database for it."""
    jobs: tuple[Job, ...]
    """In state running."""
    failed_jobs: tuple[Job, ...]
    import_problems: tuple[ImportProblem, ...]
    import_errors: int
    """How many there are, which may be more than were read."""
    pools: tuple[Pool, ...]
    queued: WaitingTasks
    scheduled: WaitingTasks
    dags: tuple[Dag, ...]
    """Some of those that are not paused, those that are due first."""
    dags_unread: int
    """How many more of them there are."""
    answers: Answers | None
    """What Prometheus said; None if it is not asked."""

    @property
    def deferred(self) -> int:
        """How many slots of pools belong to tasks that wait in a triggerer."""
        return sum(pool.deferred for pool in self.pools)

    def age(self, moment: datetime | None) -> float:
        """Give the seconds since a moment; infinite if it never was."""
        return math.inf if moment is None else round(max((self.now - moment).total_seconds(), 0.0), 1)


def look_at_scheduler(api: AirflowApi, prometheus: PrometheusApi | None, rules: SchedulerRules) -> SchedulerLook:
    """Ask everything.

    :param prometheus: None if there is none
    """
    health, seconds = api.health()
    problems = api.import_problems()
    counted = _without(problems.rows, lambda problem: problem.filename, rules.ignored["files"])
    pools = api.pools().rows
    counted_pools = _without(pools, lambda pool: pool.name, rules.ignored["pools"])
    jobs, failed_jobs = api.running_jobs().rows, api.failed_jobs().rows
    answers = prometheus.ask(QUESTIONS, label="file_name") if prometheus else None
    wants_dags = rules.parse_time or rules.parse_age
    ignored_pools = {pool.name for pool in pools} - {pool.name for pool in counted_pools}

    def left() -> int:
        return REQUESTS_AT_MOST - api.requests - (prometheus.requests if prometheus else 0)

    def read(ask: Callable[[Sequence[str]], Listing[TaskInstance]], slots: dict[str, int], kept: int) -> WaitingTasks:
        may_ask_again = left() > kept + 1 + bool(wants_dags)
        waiting = read_waiting(ask, slots, ignored=ignored_pools, may_ask_again=may_ask_again, now=api.now)
        counted = _of_counted_tasks(waiting.tasks, rules)
        return replace(waiting, tasks=counted, number=waiting.number - (len(waiting.tasks) - len(counted)))

    queued = read(api.queued_tasks, {pool.name: pool.queued for pool in pools}, kept=1)
    scheduled = read(api.scheduled_tasks, {pool.name: pool.waiting for pool in pools}, kept=0)
    dags = api.active_dags(pages=min(_DAG_PAGES, max(left(), 0))) if wants_dags else Listing((), 0)
    return SchedulerLook(
        now=api.now,
        health=health,
        health_seconds=seconds,
        jobs=jobs,
        failed_jobs=failed_jobs,
        import_problems=counted,
        import_errors=problems.total - (len(problems.rows) - len(counted)),
        pools=counted_pools,
        queued=queued,
        scheduled=scheduled,
        dags_unread=dags.total - len(dags.rows),
        dags=_without(dags.rows, lambda dag: dag.dag_id, rules.ignored["dags"]),
        answers=answers,
    )


def _without(rows: Iterable[Row], name_of: Callable[[Row], str], patterns: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(row for row in rows if not is_ignored(name_of(row), patterns))


def _of_counted_tasks(rows: Iterable[TaskInstance], rules: SchedulerRules) -> tuple[TaskInstance, ...]:
    of_dags = _without(rows, lambda ti: ti.dag_id, rules.ignored["dags"])
    return _without(of_dags, lambda ti: ti.pool, rules.ignored["pools"])
