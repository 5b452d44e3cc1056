"""CheckSchedulerHealth: judges whether every component of this Airflow is alive and keeps up, for the health report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from operators.health.airflow_api import Links, open_airflow_api
from operators.health.finding import Finding
from operators.health.health_check import HealthCheckOperator, format_span
from operators.health.prometheus_api import PrometheusApi
from operators.health.scheduler_look import SchedulerLook, look_at_scheduler
from operators.health.scheduler_rules import read_scheduler_rules
from operators.health.scheduler_verdicts import judge_scheduler, lost_jobs
from operators.parameters import AliveJobs, Count, Duration, Ignored, Text, ThresholdConfig
from operators.report import Section, Table
from operators.verdict import Judgement

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Context

    from operators.health.airflow_rows import Job, TaskInstance

_SHOWN = 20


class CheckSchedulerHealthOperator(HealthCheckOperator):
    """Judge whether every component of this Airflow is alive and keeps up.

    .. code-block:: yaml

        check_scheduler_health:
          operator: CheckSchedulerHealth
          conn_id: airflow_api
          heartbeat_age: {warn: 45s, fail: 2m}
          alive: {scheduler: {min: 1}}
          lost_jobs: {warn: 0, fail: 3}
          import_errors: {warn: 0, fail: 5}
          parse_time: {warn: 10s, fail: 25s}
          parse_age: {warn: 10m, fail: 1h}
          pool_usage: {warn: 90%}
          queued_for: {warn: 5m, fail: 30m}
          scheduled_for: {warn: 15m, fail: 2h}
          triggerer_usage: {warn: 80%, fail: 95%}
          database_latency: {warn: 500ms, fail: 2s}
          ignore: {pools: [backfill], files: [experiments/*]}

    The metadata database is judged always. A triggerer that never ran is no problem unless tasks are deferred.
    Of several schedulers, dag processors or triggerers, one that lost its heartbeat within the last day and was not
    replaced on its host is a warning.

    :param conn_id: Airflow connection to the REST API, of type http, with the login of a viewer (templated)
    :param prometheus_conn_id: Airflow connection to Prometheus, of type http; parse times and the capacity of
        triggerers are then taken from there. One that does not exist is not asked (templated)
    :param heartbeat_age: threshold on the age of the latest heartbeat of scheduler, dag processor and triggerer
    :param alive: threshold on the number of processes that are alive, for scheduler, dag_processor and triggerer
    :param lost_jobs: threshold on the number of processes that lost their heartbeat within the window, those that were
        replaced included
    :param window: how far back a lost process counts (templated)
    :param import_errors: threshold on the number of files that cannot be imported
    :param parse_time: threshold on the seconds that a file takes to parse
    :param parse_age: threshold on the time since a file was parsed
    :param pool_usage: threshold on the occupied part of each pool's slots
    :param queued_for: threshold on the time that the longest-waiting task of each pool has been queued
    :param scheduled_for: the same for tasks that are scheduled and not yet queued
    :param triggerer_usage: threshold on the part of the triggerers' capacity that is taken
    :param triggerer_capacity: triggers of one triggerer, where Prometheus is not asked
    :param database_latency: threshold on the time in which the api-server answers from its database
    :param scheduler_loop: threshold on the scheduler's loop, 95th percentile; needs ``prometheus_conn_id``
    :param executor_usage: threshold on the part of the executor's slots that is taken; needs ``prometheus_conn_id``
    :param ignore: ``dags``, ``files`` and ``pools`` that are not looked at; ``*`` stands for any characters (templated)
    """

    template_fields: Sequence[str] = ("conn_id", "prometheus_conn_id", "window", "ignore")

    def __init__(  # noqa: PLR0913 (each is a key of the YAML)
        self,
        *,
        conn_id: Text,
        prometheus_conn_id: Text | None = None,
        heartbeat_age: ThresholdConfig | None = None,
        alive: AliveJobs | None = None,
        lost_jobs: ThresholdConfig | None = None,
        window: Duration = "1h",
        import_errors: ThresholdConfig | None = None,
        parse_time: ThresholdConfig | None = None,
        parse_age: ThresholdConfig | None = None,
        pool_usage: ThresholdConfig | None = None,
        queued_for: ThresholdConfig | None = None,
        scheduled_for: ThresholdConfig | None = None,
        triggerer_usage: ThresholdConfig | None = None,
        triggerer_capacity: Count = 1000,
        database_latency: ThresholdConfig | None = None,
        scheduler_loop: ThresholdConfig | None = None,
        executor_usage: ThresholdConfig | None = None,
        ignore: Ignored | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.prometheus_conn_id = prometheus_conn_id
        self.heartbeat_age = heartbeat_age
        self.alive = alive
        self.lost_jobs = lost_jobs
        self.window = window
        self.import_errors = import_errors
        self.parse_time = parse_time
        self.parse_age = parse_age
        self.pool_usage = pool_usage
        self.queued_for = queued_for
        self.scheduled_for = scheduled_for
        self.triggerer_usage = triggerer_usage
        self.triggerer_capacity = triggerer_capacity
        self.database_latency = database_latency
        self.scheduler_loop = scheduler_loop
        self.executor_usage = executor_usage
        self.ignore = ignore

    def check(self, context: Context) -> Finding:
        """Read the components, files, pools and queues, and judge them."""
        rules = read_scheduler_rules(vars(self))
        prometheus = PrometheusApi(self.prometheus_conn_id) if self.prometheus_conn_id else None
        with open_airflow_api(self.conn_id) as api:
            look = look_at_scheduler(api, prometheus, rules)
            requests = api.requests + (prometheus.requests if prometheus else 0)
            links = api.links
        return Finding(
            judgement=Judgement(title="Scheduler health", verdicts=judge_scheduler(look, rules), facts=_facts(look)),
            sections=_sections(look, lost_jobs(look, rules), links),
            rows=len(look.health.components),
            measures={
                "import errors": look.import_errors,
                "queued tasks": look.queued.number,
                "deferred tasks": look.deferred,
                "database answer, ms": round(look.health_seconds * 1000, 1),
            },
            requests=requests,
        )


def _facts(look: SchedulerLook) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "running_jobs": len(look.jobs),
        "import_errors": look.import_errors,
        "pools": len(look.pools),
        "tasks_queued": look.queued.number,
        "tasks_scheduled": look.scheduled.number,
        "tasks_deferred": look.deferred,
    }
    if look.dags_unread:
        facts["dags_whose_files_were_not_looked_at"] = look.dags_unread
    if look.answers is not None:
        facts["prometheus"] = look.answers.problem or "asked"
    return facts


def _sections(look: SchedulerLook, lost: Sequence[Job], links: Links) -> tuple[Section, ...]:
    return (
        Table(
            "Components",
            ("component", "status", "latest_heartbeat"),
            tuple((c.name, c.status or "never ran", _ago(look, c.heartbeat_at)) for c in look.health.components),
        ),
        _job_table("Running jobs", look, look.jobs[:_SHOWN]),
        _job_table("Lost jobs", look, lost[:_SHOWN]),
        Table(
            "Import errors",
            ("file", "seen", "reason"),
            tuple((p.filename, _ago(look, p.since), p.reason) for p in look.import_problems[:_SHOWN]),
        ),
        Table(
            "Pools",
            ("pool", "slots", "occupied", "waiting", "deferred"),
            tuple(
                (p.name, p.slots if p.slots >= 0 else "no limit", p.occupied, p.waiting, p.deferred) for p in look.pools
            ),
        ),
        _waiting_table("Queued longest", look, [(ti, ti.queued_at) for ti in look.queued.tasks], links),
        _waiting_table("Scheduled longest", look, [(ti, ti.scheduled_at) for ti in look.scheduled.tasks], links),
        Table(
            "Slowest files",
            ("file", "seconds"),
            tuple(
                sorted({d.file: f"{d.parse_seconds or 0:.2f}" for d in look.dags}.items(), key=lambda i: -float(i[1]))
            )[:_SHOWN],
        ),
    )


def _job_table(title: str, look: SchedulerLook, jobs: Sequence[Job]) -> Table:
    rows = tuple((j.component, j.hostname, _ago(look, j.started_at), _ago(look, j.heartbeat_at)) for j in jobs)
    return Table(title, ("component", "host", "started", "latest_heartbeat"), rows)


def _waiting_table(
    title: str, look: SchedulerLook, tasks: Sequence[tuple[TaskInstance, datetime | None]], links: Links
) -> Table:
    waiting = sorted((pair for pair in tasks if pair[1]), key=lambda pair: -look.age(pair[1]))[:_SHOWN]
    rows = tuple((t.dag_id, t.task_id, t.run_id, t.pool, _ago(look, since), links.task(t)) for t, since in waiting)
    return Table(title, ("dag", "task", "run", "pool", "since", "link"), rows)


def _ago(look: SchedulerLook, moment: datetime | None) -> str:
    return "never" if moment is None else f"{format_span(look.age(moment))} ago"
