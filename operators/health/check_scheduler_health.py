"""CheckSchedulerHealth: judges heartbeats, import errors, pools and the queue of this Airflow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.health.airflow_api import AirflowApi
from operators.health.airflow_rows import Component, Health, ImportProblem, Job, Listing, Pool, TaskInstance
from operators.health.health_check import Finding, HealthCheckOperator, format_span, judge_each, read_threshold
from operators.parameters import Text, ThresholdConfig
from operators.report import Section, Table
from operators.thresholds import Threshold
from operators.verdict import Judgement, Outcome, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context

_SHOWN = 20
_LOST_FOR_AT_MOST = 86400.0
"""Seconds after which a job without heartbeats is history: nobody ever closes the record of a killed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The state of the components and what they work on."""

    now: datetime
    health: Health
    jobs: tuple[Job, ...]
    import_problems: Listing[ImportProblem]
    pools: tuple[Pool, ...]
    queued: tuple[TaskInstance, ...]
    deferred: int

    def age(self, moment: datetime | None) -> float:
        """Give the seconds since a moment; infinite if it never was."""
        return math.inf if moment is None else round(max((self.now - moment).total_seconds(), 0.0), 1)


class CheckSchedulerHealthOperator(HealthCheckOperator):
    """Judge whether every component of this Airflow is alive and keeps up.

    .. code-block:: yaml

        check_scheduler_health:
          operator: CheckSchedulerHealth
          conn_id: airflow_api
          heartbeat_age: {warn: 45s, fail: 2m}
          import_errors: {warn: 0, fail: 5}
          pool_usage: {warn: 90%}
          queued_for: {warn: 5m, fail: 30m}

    The metadata database is judged always. A triggerer that never ran is no problem unless tasks are deferred.
    Of several schedulers, dag processors or triggerers, one that lost its heartbeat within the last day and was not
    replaced on its host is a warning.

    :param conn_id: Airflow connection to the REST API, of type http, with the login of a viewer (templated)
    :param heartbeat_age: threshold on the age of the latest heartbeat of scheduler, dag processor and triggerer
    :param import_errors: threshold on the number of files that cannot be imported
    :param pool_usage: threshold on the occupied part of each pool's slots
    :param queued_for: threshold on the time that the longest-waiting task of each pool has been queued
    """

    template_fields: Sequence[str] = ("conn_id",)

    def __init__(
        self,
        *,
        conn_id: Text,
        heartbeat_age: ThresholdConfig | None = None,
        import_errors: ThresholdConfig | None = None,
        pool_usage: ThresholdConfig | None = None,
        queued_for: ThresholdConfig | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.heartbeat_age = heartbeat_age
        self.import_errors = import_errors
        self.pool_usage = pool_usage
        self.queued_for = queued_for

    def check(self, api: AirflowApi, context: Context) -> Finding:
        """Read the components, import errors, pools and the queue, and judge them."""
        heartbeat_age = read_threshold(self.heartbeat_age, where="heartbeat_age")
        import_errors = read_threshold(self.import_errors, where="import_errors")
        pool_usage = read_threshold(self.pool_usage, where="pool_usage")
        queued_for = read_threshold(self.queued_for, where="queued_for")
        seen = _look(api)
        verdicts = (
            judge_database(seen.health),
            *(judge_components(seen, heartbeat_age) if heartbeat_age else ()),
            *(judge_imports(seen, import_errors) if import_errors else ()),
            *judge_pools(seen, pool_usage),
            *judge_queue(seen, queued_for),
        )
        facts = {
            "running_jobs": len(seen.jobs),
            "import_errors": seen.import_problems.total,
            "pools": len(seen.pools),
            "tasks_queued": len(seen.queued),
            "tasks_deferred": seen.deferred,
        }
        return Finding(
            judgement=Judgement(title="Scheduler health", verdicts=verdicts, facts=facts),
            sections=_sections(seen, api),
            rows=len(seen.health.components),
        )


def _look(api: AirflowApi) -> _Seen:
    return _Seen(
        health=api.health(),
        jobs=api.running_jobs().rows,
        import_problems=api.import_problems(),
        pools=api.pools().rows,
        queued=api.queued_tasks().rows,
        deferred=api.count_tasks("deferred"),
        now=api.now,
    )


def judge_database(health: Health) -> Verdict:
    """Judge the metadata database, as the api-server sees it."""
    outcome = Outcome.PASS if health.metadatabase == "healthy" else Outcome.FAIL
    return Verdict(name="metadatabase", outcome=outcome, observed=health.metadatabase, threshold="healthy")


def judge_components(seen: _Seen, threshold: Threshold) -> tuple[Verdict, ...]:
    """Judge the latest heartbeat of each component, then the jobs that were lost beside it."""
    latest = tuple(_judge_component(component, seen, threshold) for component in seen.health.components)
    return (*latest, *_judge_lost_jobs(seen, threshold))


def judge_imports(seen: _Seen, threshold: Threshold) -> tuple[Verdict, ...]:
    """Judge the number of files that cannot be imported."""
    named = ", ".join(problem.filename for problem in seen.import_problems.rows[:3])
    return (threshold.judge("import_errors", seen.import_problems.total, message=named),)


def judge_pools(seen: _Seen, threshold: Threshold | None) -> tuple[Verdict, ...]:
    """Judge how full each pool is; one without a limit cannot be full."""
    pools = {pool.name: pool for pool in seen.pools if pool.slots >= 0}
    return judge_each(
        "pool_usage",
        {name: _usage(pool) for name, pool in pools.items()},
        lambda _: threshold,
        lambda name: f"{pools[name].occupied} of {pools[name].slots} slots, {pools[name].waiting} tasks waiting",
    )


def judge_queue(seen: _Seen, threshold: Threshold | None) -> tuple[Verdict, ...]:
    """Judge the task of each pool that has been queued longest."""
    # A task whose queueing time the API does not give has just been queued; it has no age yet.
    waiting = sorted((ti for ti in seen.queued if ti.queued_at), key=lambda ti: -seen.age(ti.queued_at))
    longest = {ti.pool: ti for ti in reversed(waiting)}
    return judge_each(
        "queued_for",
        {pool: seen.age(ti.queued_at) for pool, ti in longest.items()},
        lambda _: threshold,
        lambda pool: (
            f"{longest[pool].task} in {longest[pool].run_id} for {format_span(seen.age(longest[pool].queued_at))}"
        ),
    )


def _judge_component(component: Component, seen: _Seen, threshold: Threshold) -> Verdict:
    name = f"{component.name}.heartbeat_age"
    if component.heartbeat_at is not None:
        age = seen.age(component.heartbeat_at)
        return threshold.judge(name, age, message=f"{component.status}, {format_span(age)} ago")
    outcome, message = Outcome.FAIL, "has never run"
    if component.name == "triggerer":
        outcome = Outcome.FAIL if seen.deferred else Outcome.PASS
        message = f"has never run; {seen.deferred or 'no'} tasks wait for one"
    return Verdict(name=name, outcome=outcome, observed=None, threshold=threshold.text, message=message)


def _judge_lost_jobs(seen: _Seen, threshold: Threshold) -> Iterator[Verdict]:
    newest = {component.name: component.heartbeat_at for component in seen.health.components}
    for job in seen.jobs:
        age = seen.age(job.heartbeat_at)
        is_judged_already = job.heartbeat_at is not None and job.heartbeat_at == newest.get(job.component)
        if is_judged_already or age > _LOST_FOR_AT_MOST or _is_replaced(job, seen.jobs):
            continue
        if threshold.outcome(age) is not Outcome.PASS:
            name = f"{job.component}@{job.hostname}.heartbeat_age"
            message = "killed or cut off without closing its record; others of its kind go on"
            yield Verdict(name=name, outcome=Outcome.WARN, observed=age, threshold=threshold.text, message=message)


def _is_replaced(job: Job, jobs: Sequence[Job]) -> bool:
    """Tell whether a later process of the kind started on the host, as after a restart."""
    return any(
        other.component == job.component
        and other.hostname == job.hostname
        and other.started_at is not None
        and job.started_at is not None
        and other.started_at > job.started_at
        for other in jobs
    )


def _usage(pool: Pool) -> float:
    if pool.slots == 0:
        return 1.0 if pool.waiting else 0.0
    return pool.occupied / pool.slots


def _sections(seen: _Seen, api: AirflowApi) -> tuple[Section, ...]:
    problems = seen.import_problems.rows[:_SHOWN]
    waiting = sorted((ti for ti in seen.queued if ti.queued_at), key=lambda ti: -seen.age(ti.queued_at))[:_SHOWN]
    return (
        Table(
            "Components",
            ("component", "status", "latest_heartbeat"),
            tuple((c.name, c.status or "never ran", _ago(seen, c.heartbeat_at)) for c in seen.health.components),
        ),
        Table(
            "Running jobs",
            ("component", "host", "started", "latest_heartbeat"),
            tuple(
                (j.component, j.hostname, _ago(seen, j.started_at), _ago(seen, j.heartbeat_at))
                for j in seen.jobs[:_SHOWN]
            ),
        ),
        Table(
            "Import errors",
            ("file", "seen", "reason"),
            tuple((p.filename, _ago(seen, p.since), p.reason) for p in problems),
        ),
        Table(
            "Pools",
            ("pool", "slots", "occupied", "waiting"),
            tuple((p.name, p.slots if p.slots >= 0 else "no limit", p.occupied, p.waiting) for p in seen.pools),
        ),
        Table(
            "Queued longest",
            ("dag", "task", "run", "pool", "queued", "link"),
            tuple((t.dag_id, t.task_id, t.run_id, t.pool, _ago(seen, t.queued_at), api.links.task(t)) for t in waiting),
        ),
    )


def _ago(seen: _Seen, moment: datetime | None) -> str:
    return "never" if moment is None else f"{format_span(seen.age(moment))} ago"
