"""What CheckSchedulerHealth says of what it saw."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from operators.health.airflow_rows import Component, Job, Pool, TaskInstance
from operators.health.health_check import format_span, judge_each
from operators.health.scheduler_look import SchedulerLook
from operators.health.scheduler_rules import COMPONENTS, SchedulerRules
from operators.health.waiting_tasks import WaitingTasks
from operators.thresholds import Threshold
from operators.verdict import Outcome, Verdict

_LOST_FOR_AT_MOST = 86400.0
"""Seconds after which a job without heartbeats is history: nobody ever closes the record of a killed one."""
_ALIVE_SECONDS = 60.0
"""How old the heartbeat of a process that is alive may be, where ``heartbeat_age`` does not say."""
_NAMED_AT_MOST = 3


def judge_scheduler(look: SchedulerLook, rules: SchedulerRules) -> tuple[Verdict, ...]:
    """Give every verdict."""
    return (
        *_database(look, rules),
        *_components(look, rules.heartbeat_age),
        *_alive(look, rules),
        *_lost(look, rules),
        *_imports(look, rules.import_errors),
        *_parsing(look, rules),
        *_pools(look, rules.pool_usage),
        *_waiting("queued_for", look, look.queued, lambda ti: ti.queued_at, rules.queued_for),
        *_waiting("scheduled_for", look, look.scheduled, lambda ti: ti.scheduled_at, rules.scheduled_for),
        *_triggerers(look, rules),
        *_by_prometheus(look, rules),
    )


def lost_jobs(look: SchedulerLook, rules: SchedulerRules) -> tuple[Job, ...]:
    """Give the processes that lost their heartbeat within the window, those that were replaced included."""
    window = rules.window.total_seconds()
    silent = [job for job in look.jobs if not _is_alive(job, look, rules)]
    # A killed scheduler is closed as failed, without an end, by another one. One that failed by itself has an end.
    return tuple(job for job in (*look.failed_jobs, *silent) if look.age(job.heartbeat_at) <= window)


def _database(look: SchedulerLook, rules: SchedulerRules) -> Iterator[Verdict]:
    observed = look.health.metadatabase
    outcome = Outcome.PASS if observed == "healthy" else Outcome.FAIL
    yield Verdict(name="metadatabase", outcome=outcome, observed=observed, threshold="healthy")
    if rules.database_latency:
        note = "time in which the api-server answered from its database"
        yield rules.database_latency.judge("metadatabase.latency", round(look.health_seconds, 4), message=note)


def _components(look: SchedulerLook, threshold: Threshold | None) -> Iterator[Verdict]:
    """Judge the latest heartbeat of each component, then the jobs that were lost beside it."""
    if threshold is None:
        return
    for component in look.health.components:
        yield _judge_component(component, look, threshold)
    newest = {component.name: component.heartbeat_at for component in look.health.components}
    for job in look.jobs:
        age = look.age(job.heartbeat_at)
        is_judged_already = job.heartbeat_at is not None and job.heartbeat_at == newest.get(job.component)
        if is_judged_already or age > _LOST_FOR_AT_MOST or _is_replaced(job, look.jobs):
            continue
        if threshold.outcome(age) is not Outcome.PASS:
            name = f"{job.component}@{job.hostname}.heartbeat_age"
            message = "killed or cut off without closing its record; others of its kind go on"
            yield Verdict(name=name, outcome=Outcome.WARN, observed=age, threshold=threshold.text, message=message)


def _judge_component(component: Component, look: SchedulerLook, threshold: Threshold) -> Verdict:
    name = f"{component.name}.heartbeat_age"
    if component.heartbeat_at is not None:
        age = look.age(component.heartbeat_at)
        return threshold.judge(name, age, message=f"{component.status}, {format_span(age)} ago")
    outcome, message = Outcome.FAIL, "has never run"
    if component.name == "triggerer":
        outcome = Outcome.FAIL if look.deferred else Outcome.PASS
        message = f"has never run; {look.deferred or 'no'} tasks wait for one"
    return Verdict(name=name, outcome=outcome, observed=None, threshold=threshold.text, message=message)


def _alive(look: SchedulerLook, rules: SchedulerRules) -> Iterator[Verdict]:
    for component in COMPONENTS:
        if component in rules.alive:
            hosts = [job.hostname for job in look.jobs if job.component == component and _is_alive(job, look, rules)]
            yield rules.alive[component].judge(f"{component}.alive", len(hosts), message=", ".join(sorted(hosts)))


def _lost(look: SchedulerLook, rules: SchedulerRules) -> Iterator[Verdict]:
    if rules.lost_jobs:
        lost = lost_jobs(look, rules)
        named = [f"{job.component}@{job.hostname} {format_span(look.age(job.heartbeat_at))} ago" for job in lost]
        yield rules.lost_jobs.judge("lost_jobs", len(lost), message=", ".join(named[:_NAMED_AT_MOST]))


def _is_alive(job: Job, look: SchedulerLook, rules: SchedulerRules) -> bool:
    age = look.age(job.heartbeat_at)
    return rules.heartbeat_age.outcome(age) is Outcome.PASS if rules.heartbeat_age else age <= _ALIVE_SECONDS


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


def _imports(look: SchedulerLook, threshold: Threshold | None) -> Iterator[Verdict]:
    if threshold:
        named = ", ".join(problem.filename for problem in look.import_problems[:_NAMED_AT_MOST])
        yield threshold.judge("import_errors", look.import_errors, message=named)


def _parsing(look: SchedulerLook, rules: SchedulerRules) -> Iterator[Verdict]:
    """Judge how long files take to parse, by Prometheus if it knows, and how long ago they were parsed."""
    seconds = dict(look.answers.by_label("parse_time")) if look.answers else {}
    if not seconds:
        seconds = _highest((dag.file, dag.parse_seconds) for dag in look.dags)
    yield from judge_each("parse_time", seconds, lambda _: rules.parse_time, lambda file: f"s to parse {file}")
    ages = _highest((dag.file, look.age(dag.parsed_at)) for dag in look.dags if dag.parsed_at)
    yield from judge_each(
        "parse_age", ages, lambda _: rules.parse_age, lambda file: f"last parsed {format_span(ages[file])} ago"
    )


def _highest(pairs: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in pairs:
        if value is not None:
            found[name] = max(value, found.get(name, value))
    return found


def _pools(look: SchedulerLook, threshold: Threshold | None) -> tuple[Verdict, ...]:
    """Judge how full each pool is; one without a limit cannot be full."""
    pools = {pool.name: pool for pool in look.pools if pool.slots >= 0}
    return judge_each(
        "pool_usage",
        {name: _usage(pool) for name, pool in pools.items()},
        lambda _: threshold,
        lambda name: f"{pools[name].occupied} of {pools[name].slots} slots, {pools[name].waiting} tasks waiting",
    )


def _usage(pool: Pool) -> float:
    if pool.slots == 0:
        return 1.0 if pool.waiting else 0.0
    return pool.occupied / pool.slots


def _waiting(
    name: str,
    look: SchedulerLook,
    waiting: WaitingTasks,
    since: Callable[[TaskInstance], datetime | None],
    threshold: Threshold | None,
) -> tuple[Verdict, ...]:
    """Judge the task of each pool that has been waiting longest; a pool of which one was not read does not pass."""
    if threshold is None:
        return ()
    # A task whose time the API does not give has just got into its state; it has no age yet.
    by_age = sorted((ti for ti in waiting.tasks if since(ti)), key=lambda ti: look.age(since(ti)))
    longest: Mapping[str, TaskInstance] = {ti.pool: ti for ti in by_age}
    judged = judge_each(
        name,
        {pool: look.age(since(ti)) for pool, ti in longest.items()},
        lambda _: threshold,
        lambda pool: (
            f"{longest[pool].task} in {longest[pool].run_id} for {format_span(look.age(since(longest[pool])))}"
        ),
    )
    noticed = {verdict.name for verdict in judged if verdict.outcome is not Outcome.PASS}
    unsure = tuple(
        Verdict(
            name=f"{pool}.{name}",
            outcome=Outcome.INCONCLUSIVE,
            observed=look.age(since(longest[pool])) if pool in longest else None,
            threshold=threshold.text,
            message=(
                "more tasks wait than a check reads; one of this pool may have been waiting "
                + (f"for up to {format_span(seconds)}" if math.isfinite(seconds) else "for long")
            ),
        )
        for pool, seconds in waiting.unread.items()
        if f"{pool}.{name}" not in noticed and threshold.outcome(seconds) is not Outcome.PASS
    )
    return (*(verdict for verdict in judged if verdict.name in noticed), *unsure) if unsure else judged


def _triggerers(look: SchedulerLook, rules: SchedulerRules) -> Iterator[Verdict]:
    """Judge how much of what the triggerers can hold is taken, by Prometheus if it knows."""
    if rules.triggerer_usage is None:
        return
    usage = look.answers.number("triggerer_usage") if look.answers else None
    if usage is not None:
        yield rules.triggerer_usage.judge("triggerer_usage", round(usage, 4), message="of the fullest triggerer")
        return
    alive = sum(job.component == "triggerer" and _is_alive(job, look, rules) for job in look.jobs)
    capacity = alive * rules.triggerer_capacity
    note = f"{look.deferred} deferred tasks, {alive} triggerers of {rules.triggerer_capacity} triggers"
    observed = look.deferred / capacity if capacity else float(look.deferred > 0)
    yield rules.triggerer_usage.judge("triggerer_usage", round(observed, 4), message=note)


def _by_prometheus(look: SchedulerLook, rules: SchedulerRules) -> Iterator[Verdict]:
    for name, threshold in (("scheduler_loop", rules.scheduler_loop), ("executor_usage", rules.executor_usage)):
        if threshold and look.answers:
            observed = look.answers.number(name)
            missing = look.answers.problem or "Prometheus has no such metric"
            yield threshold.judge(name, observed, message=missing if observed is None else "")
