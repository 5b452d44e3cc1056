"""CheckTaskFailures: judges failed task instances and the patterns in them, for the health report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from operators.health.airflow_api import Links, open_airflow_api
from operators.health.figures import bars_over_time
from operators.health.finding import Failure, Finding, moment_text
from operators.health.health_check import HealthCheckOperator, format_span, or_nothing_yet
from operators.health.prometheus_api import PrometheusApi
from operators.health.task_look import TaskLook, look_at_tasks
from operators.health.task_memory import PLACES, TaskMemory, place_of
from operators.health.task_rules import TaskRuleBook, read_task_rules
from operators.health.task_verdicts import errors_by_task, failed_numbers, judge_tasks, sees_every_pattern
from operators.kept_state import KeptState
from operators.parameters import Count, DagIds, Duration, TaskThresholds, TaskVersusUsual, Text, ThresholdConfig
from operators.report import Section, Table
from operators.verdict import Judgement

if TYPE_CHECKING:
    from airflow.sdk import Context

_SHOWN = 20
_KEYS = (
    "prometheus_conn_id",
    "window",
    "failed_tasks",
    "same_task",
    "same_error",
    "retrying",
    "failure_ratio",
    "concentration",
    "min_failures",
    "versus_usual",
    "dags",
    "ignore",
)


class CheckTaskFailuresOperator(HealthCheckOperator):
    """Judge how many task instances failed for good, and what they have in common.

    Why a task failed is read from the end of its log, for the latest failures of a few tasks in each check, and
    remembered below the artefact root, as are the numbers that are usual.

    .. code-block:: yaml

        check_task_failures:
          operator: CheckTaskFailures
          conn_id: airflow_api
          window: 24h
          failed_tasks: {warn: 0, fail: 10}
          same_task: {warn: 1, fail: 3}
          same_error: {warn: 2, fail: 5}
          retrying: {warn: 20}
          concentration: {warn: 80%}
          min_failures: 5
          versus_usual: {failed_tasks: {warn: 3}, retries: {warn: 3}}
          dags:
            nightly_load: {same_task: {warn: 2}, ignore: [flaky_*]}
          ignore: [test_*, weekly.optional_step]

    :param conn_id: Airflow connection to the REST API, of type http, with the login of a viewer (templated)
    :param prometheus_conn_id: Airflow connection to Prometheus, of type http; ratios and retries are then taken from
        there. One that does not exist is not asked (templated)
    :param window: how far back failures count, by when they ended (templated)
    :param failed_tasks: threshold on the number of failed task instances; tries that are retried do not count
    :param same_task: threshold on the number of runs in which one task failed
    :param same_error: threshold on the number of different tasks that failed with the same error
    :param retrying: threshold on the number of tasks that wait for another try
    :param failure_ratio: threshold on the failed part of the finished tasks of one DAG; needs ``prometheus_conn_id``
    :param concentration: threshold on the part of the failures that happened on one host, in one pool or with one
        operator, where far fewer of the tasks run
    :param min_failures: ``failure_ratio`` and ``concentration`` are judged only from so many failures on
    :param versus_usual: thresholds on ``failed_tasks`` and ``retries`` in times the usual; ``min_looks`` earlier checks
        have to be known (5)
    :param dags: DAG id, or a pattern with ``*`` -> ``window``, ``failed_tasks``, ``same_task`` that hold for it
        instead, and ``ignore``, its tasks that are not looked at
    :param ignore: DAG ids, or ``dag_id.task_id``, that are not looked at; ``*`` stands for any characters (templated)
    """

    template_fields: Sequence[str] = ("conn_id", "prometheus_conn_id", "window", "ignore")

    def __init__(  # noqa: PLR0913 (each is a key of the YAML)
        self,
        *,
        conn_id: Text,
        prometheus_conn_id: Text | None = None,
        window: Duration = "24h",
        failed_tasks: ThresholdConfig | None = None,
        same_task: ThresholdConfig | None = None,
        same_error: ThresholdConfig | None = None,
        retrying: ThresholdConfig | None = None,
        failure_ratio: ThresholdConfig | None = None,
        concentration: ThresholdConfig | None = None,
        min_failures: Count = 5,
        versus_usual: TaskVersusUsual | None = None,
        dags: Mapping[str, TaskThresholds] | None = None,
        ignore: DagIds | tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.prometheus_conn_id = prometheus_conn_id
        self.window = window
        self.failed_tasks = failed_tasks
        self.same_task = same_task
        self.same_error = same_error
        self.retrying = retrying
        self.failure_ratio = failure_ratio
        self.concentration = concentration
        self.min_failures = min_failures
        self.versus_usual = versus_usual
        self.dags = dags
        self.ignore = ignore

    def check(self, context: Context) -> Finding:
        """Read the failed task instances, judge them, and remember them."""
        rules = read_task_rules({key: getattr(self, key) for key in _KEYS})
        prometheus = PrometheusApi(self.prometheus_conn_id) if self.prometheus_conn_id else None
        ti = context["ti"]
        state = KeptState(ti.dag_id, self.task_id)
        kept = state.read()
        with open_airflow_api(self.conn_id) as api:
            look = look_at_tasks(api, prometheus, rules, memory=TaskMemory(kept.value), run_id=ti.run_id)
            state.write(look.memory.to_json(now=look.now, window=rules.longest_window), after=kept)
            return Finding(
                judgement=Judgement(
                    title="Task failures",
                    verdicts=or_nothing_yet(judge_tasks(look, rules), has_thresholds=rules.has_thresholds),
                    facts=_facts(look, rules),
                ),
                sections=_sections(look, rules, api.links),
                rows=len(look.failed),
                failures=_failures(look, api.links),
                measures={"failed tasks": failed_numbers(look, rules)[0], "waiting for a retry": look.retrying},
                requests=api.requests + (prometheus.requests if prometheus else 0),
                is_complete=sees_every_pattern(look, rules),
            )


def _facts(look: TaskLook, rules: TaskRuleBook) -> dict[str, Any]:
    fewest, most = failed_numbers(look, rules)
    facts: dict[str, Any] = {
        "window": format_span(rules.window.total_seconds()),
        "failed_tasks": fewest if fewest == most else f"{fewest} to {most}",
        "different_tasks": len(look.by_task),
        "different_errors_known": len(look.tasks_by_error),
        "waiting_for_a_retry": look.retrying,
    }
    if look.unread_logs:
        facts["logs_that_could_not_be_read"] = look.unread_logs
    if look.answers is not None:
        facts["prometheus"] = look.answers.problem or "asked"
    return facts


def _worst(look: TaskLook) -> list[str]:
    by_task, runs = look.by_task, look.runs_by_task
    return sorted(by_task, key=lambda task: (-runs[task], -len(by_task[task])))[:_SHOWN]


def _failures(look: TaskLook, links: Links) -> tuple[Failure, ...]:
    errors, by_task = errors_by_task(look), look.by_task
    return tuple(
        Failure(
            what=task,
            run_id=by_task[task][0].run_id,
            count=len(by_task[task]),
            ended_at=moment_text(by_task[task][0].ended_at),
            link=links.task(by_task[task][0]),
            error=errors.get(task, ""),
        )
        for task in _worst(look)
    )


def _sections(look: TaskLook, rules: TaskRuleBook, links: Links) -> tuple[Section, ...]:
    sections: list[Section] = [_task_table(look, links), _error_table(look)]
    sections += [_count_table(place, (place_of(ti, place) or "unknown" for ti in look.failed)) for place in PLACES]
    ends = [ti.ended_at for ti in look.failed if ti.ended_at]
    if ends:
        sections.insert(1, bars_over_time("Failed tasks over time", ends, until=look.now, window=rules.window))
    return tuple(sections)


def _task_table(look: TaskLook, links: Links) -> Table:
    by_task, runs, errors = look.by_task, look.runs_by_task, errors_by_task(look)
    columns = ("task", "failures", "in_runs", "latest_failed_run", "host", "error", "link")
    rows = tuple(
        (task, len(by_task[task]), runs[task], ti.run_id, ti.hostname, errors.get(task, ""), links.task(ti))
        for task in _worst(look)
        for ti in by_task[task][:1]
    )
    return Table("Failing tasks", columns, rows)


def _error_table(look: TaskLook) -> Table:
    errors = sorted(look.tasks_by_error.items(), key=lambda item: -len(item[1]))[:_SHOWN]
    rows = tuple((error.to_text(), len(tasks), ", ".join(tasks[:_SHOWN])) for error, tasks in errors)
    return Table("Same errors", ("error", "tasks", "which"), rows)


def _count_table(place: str, names: Iterable[str]) -> Table:
    return Table(f"By {place}", (place, "failures"), tuple(Counter(names).most_common(_SHOWN)))
