"""CheckDagRuns: judges how DAGs run, against thresholds and against what each usually does, for the health report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from operators.health.airflow_api import AirflowApi, open_airflow_api
from operators.health.finding import Failure, Finding, moment_text
from operators.health.health_check import HealthCheckOperator, format_span, or_nothing_yet, read_patterns
from operators.health.prometheus_api import PrometheusApi
from operators.health.run_history import RunHistory
from operators.health.run_look import Looker, RunLook
from operators.health.run_rules import RUN_KEYS, RunRuleBook, read_run_rules
from operators.health.run_sections import make_sections
from operators.health.run_verdicts import judge_runs
from operators.kept_state import KeptState
from operators.parameters import Count, DagIds, Duration, RunThresholds, RunVersusUsual, Text, ThresholdConfig
from operators.verdict import Judgement

if TYPE_CHECKING:
    from airflow.sdk import Context

_FAILURES_KEPT = 20


class CheckDagRunsOperator(HealthCheckOperator):
    """Judge, per DAG, failures, durations, lateness and silence.

    Each run of the check adds to what it remembers of every DAG, below the artefact root, so that ``versus_usual`` can
    compare a DAG with its own past. A run that is started anew long after it was due is not late.

    .. code-block:: yaml

        check_dag_runs:
          operator: CheckDagRuns
          conn_id: airflow_api
          window: 24h
          failed_runs: {warn: 0, fail: 2}
          failure_ratio: {warn: 10%, fail: 50%}
          min_runs: 3
          duration: {warn: 2h, fail: 8h}
          running_for: {warn: 1h, fail: 6h}
          late_by: {warn: 10m, fail: 1h}
          versus_usual: {duration: {warn: 2, fail: 4}, late_by: {warn: 10m}, failure_ratio: {warn: 25%}}
          dags:
            nightly_load: {running_for: {warn: 4h, fail: 8h}, success_age: {warn: 25h, fail: 30h}}
            adhoc_*: {window: 7d, failed_runs: {warn: 5}}
          ignore: [test_*]

    :param conn_id: Airflow connection to the REST API, of type http, with the login of a viewer (templated)
    :param prometheus_conn_id: Airflow connection to Prometheus, of type http; it counts the runs that Airflow cannot be
        asked for within few requests. One that does not exist is not asked (templated)
    :param window: how far back runs count, by when they ended (templated)
    :param failed_runs: threshold on the failed runs of one DAG
    :param failure_ratio: threshold on the failed part of the finished runs of one DAG
    :param min_runs: the ratio is judged only from so many finished runs on
    :param duration: threshold on the longest successful run of a DAG within the window
    :param running_for: threshold on the time that the longest run of a DAG has been running; the run that this task
        belongs to does not count
    :param late_by: threshold on how late a run is that should have started, or how late the newest one has started
    :param success_age: threshold on the time since a DAG's last success; for DAGs that are not paused
    :param versus_usual: thresholds on the difference from the DAG's own past: ``duration`` and ``success_age`` in times
        the usual, ``late_by`` and ``failure_ratio`` as more than usual; ``min_runs`` known runs are needed (5), and a
        difference below ``at_least`` (1m) is none. Time in which no run was due makes no DAG silent
    :param dags: DAG id, or a pattern with ``*`` -> any of the keys from ``window`` to ``versus_usual`` that hold for it
        instead; the id itself counts before a pattern
    :param ignore: DAG ids that are not looked at; ``*`` stands for any characters (templated)
    """

    template_fields: Sequence[str] = ("conn_id", "prometheus_conn_id", "window", "ignore")

    def __init__(  # noqa: PLR0913 (each is a key of the YAML)
        self,
        *,
        conn_id: Text,
        prometheus_conn_id: Text | None = None,
        window: Duration = "24h",
        failed_runs: ThresholdConfig | None = None,
        failure_ratio: ThresholdConfig | None = None,
        min_runs: Count = 1,
        duration: ThresholdConfig | None = None,
        running_for: ThresholdConfig | None = None,
        late_by: ThresholdConfig | None = None,
        success_age: ThresholdConfig | None = None,
        versus_usual: RunVersusUsual | None = None,
        dags: Mapping[str, RunThresholds] | None = None,
        ignore: DagIds | tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.prometheus_conn_id = prometheus_conn_id
        self.window = window
        self.failed_runs = failed_runs
        self.failure_ratio = failure_ratio
        self.min_runs = min_runs
        self.duration = duration
        self.running_for = running_for
        self.late_by = late_by
        self.success_age = success_age
        self.versus_usual = versus_usual
        self.dags = dags
        self.ignore = ignore

    def check(self, context: Context) -> Finding:
        """Read runs, judge them, and remember them."""
        rules = read_run_rules({key: getattr(self, key) for key in RUN_KEYS}, self.dags)
        ignored = read_patterns(self.ignore, where="ignore")
        prometheus = PrometheusApi(self.prometheus_conn_id) if self.prometheus_conn_id else None
        ti = context["ti"]
        state = KeptState(ti.dag_id, self.task_id)
        memory = state.read()
        with open_airflow_api(self.conn_id) as api:
            history = RunHistory(memory.value)
            this = (ti.dag_id, ti.run_id)
            look = Looker(api, prometheus, rules, ignored=ignored, history=history, this=this).look()
            state.write(history.to_json(now=look.now), after=memory)
            return Finding(
                judgement=Judgement(
                    title="DAG runs",
                    verdicts=or_nothing_yet(judge_runs(look, rules), has_thresholds=rules.has_thresholds),
                    facts=_facts(look, rules),
                ),
                sections=make_sections(look, api.links, rules.general.window),
                rows=len(look.failed) + len(look.running),
                failures=_failures(look, api),
                measures={
                    "failed runs": len(look.failed),
                    "failing DAGs": len(look.failures),
                    "running runs": look.running_number,
                },
                requests=api.requests + (prometheus.requests if prometheus else 0),
                is_complete=look.sees_every_failure(rules.failure_window),
            )


def _facts(look: RunLook, rules: RunRuleBook) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "window": format_span(rules.general.window.total_seconds()),
        "runs_failed": f"{len(look.failed)}{'' if look.sees_every_failure(rules.failure_window) else ' or more'}",
        "runs_running": look.running_number,
        "dags_known": len(look.history.dags),
    }
    uncounted = [dag_id for dag_id in look.failures if dag_id not in look.finished]
    if uncounted:
        facts["finished_runs_not_counted_of"] = ", ".join(sorted(uncounted)[:10])
    if look.answers is not None:
        facts["prometheus"] = look.answers.problem or "asked"
    return facts


def _failures(look: RunLook, api: AirflowApi) -> tuple[Failure, ...]:
    latest = {run.dag_id: run for run in reversed(look.failed)}
    return tuple(
        Failure(
            what=dag_id,
            run_id=latest[dag_id].run_id,
            count=count,
            ended_at=moment_text(latest[dag_id].ended_at),
            link=api.links.run(latest[dag_id]),
        )
        for dag_id, count in look.failures.most_common(_FAILURES_KEPT)
    )
