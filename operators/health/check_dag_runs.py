"""CheckDagRuns: judges failed and long-running DAG runs, per DAG, before the health report is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.health.airflow_api import AirflowApi
from operators.health.airflow_rows import DagRun
from operators.health.figures import bars_over_time
from operators.health.health_check import (
    Finding,
    HealthCheckOperator,
    format_span,
    is_ignored,
    judge_each,
    read_patterns,
    read_threshold,
)
from operators.mistakes import DataMistakeError, check_keys
from operators.parameters import Count, DagIds, Duration, RunThresholds, Text, ThresholdConfig
from operators.report import Section, Table
from operators.thresholds import Threshold, parse_duration
from operators.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from airflow.sdk import Context

_THRESHOLDS = ("failed_runs", "failure_ratio", "running_for")
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """The thresholds of one DAG."""

    failed_runs: Threshold | None
    failure_ratio: Threshold | None
    running_for: Threshold | None
    min_runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The runs that count."""

    now: datetime
    window: timedelta
    failed: tuple[DagRun, ...]
    is_cut: bool
    running: tuple[DagRun, ...]
    finished: Mapping[str, int]
    """DAG with failures -> its runs that ended in the window."""

    @property
    def failures(self) -> Counter[str]:
        """DAG -> failed runs."""
        return Counter(run.dag_id for run in self.failed)

    def age(self, run: DagRun) -> float:
        """Give the seconds that a run has been running for."""
        return round((self.now - (run.started_at or self.now)).total_seconds(), 1)

    @property
    def longest(self) -> Mapping[str, DagRun]:
        """DAG -> its run that has been running longest."""
        return {run.dag_id: run for run in sorted(self.running, key=self.age)}


class CheckDagRunsOperator(HealthCheckOperator):
    """Judge, per DAG, how many runs failed, which part of them, and how long runs have been running.

    .. code-block:: yaml

        check_dag_runs:
          operator: CheckDagRuns
          conn_id: airflow_api
          window: 24h
          failed_runs: {warn: 0, fail: 2}
          failure_ratio: {warn: 10%, fail: 50%}
          min_runs: 3
          running_for: {warn: 1h, fail: 6h}
          dags:
            nightly_load: {running_for: {warn: 4h, fail: 8h}}
          ignore: [test_*]

    :param conn_id: Airflow connection to the REST API, of type http, with the login of a viewer (templated)
    :param window: how far back runs count, by when they ended (templated)
    :param failed_runs: threshold on the failed runs of one DAG
    :param failure_ratio: threshold on the failed part of the finished runs of one DAG
    :param min_runs: the ratio is judged only from so many finished runs on
    :param running_for: threshold on the time that the longest run of a DAG has been running; the run that this task
        belongs to does not count
    :param dags: DAG id -> ``failed_runs``, ``failure_ratio``, ``min_runs``, ``running_for`` that hold for it instead
    :param ignore: DAG ids that are not looked at; ``*`` stands for any characters (templated)
    """

    template_fields: Sequence[str] = ("conn_id", "window", "ignore")

    def __init__(
        self,
        *,
        conn_id: Text,
        window: Duration = "24h",
        failed_runs: ThresholdConfig | None = None,
        failure_ratio: ThresholdConfig | None = None,
        min_runs: Count = 1,
        running_for: ThresholdConfig | None = None,
        dags: Mapping[str, RunThresholds] | None = None,
        ignore: DagIds | tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.window = window
        self.failed_runs = failed_runs
        self.failure_ratio = failure_ratio
        self.min_runs = min_runs
        self.running_for = running_for
        self.dags = dags
        self.ignore = ignore

    def check(self, api: AirflowApi, context: Context) -> Finding:
        """Read the failed and the running runs, and judge them."""
        rules = self._rules()
        seen = self._look(api, context)
        verdicts = (
            *judge_failures(seen, rules),
            *judge_ratios(seen, rules),
            *judge_ages(seen, rules),
        )
        facts = {
            "window": format_span(seen.window.total_seconds()),
            "runs_failed": f"{len(seen.failed)}{' or more' if seen.is_cut else ''}",
            "dags_with_failures": len(seen.failures),
            "runs_running": len(seen.running),
        }
        return Finding(
            judgement=Judgement(title="DAG runs", verdicts=verdicts, facts=facts),
            sections=_sections(seen, api),
            rows=len(seen.failed) + len(seen.running),
        )

    def _rules(self) -> Mapping[str, _Rules]:
        """Read the thresholds: those of the DAGs that have their own, and under ``""`` everybody else's."""
        general = {name: getattr(self, name) for name in (*_THRESHOLDS, "min_runs")}
        rules = {"": _read_rules(general, "")}
        for dag_id, own in (self.dags or {}).items():
            check_keys(own, general, where=f"dags.{dag_id}")
            rules[dag_id] = _read_rules({**general, **own}, f"dags.{dag_id}.")
        return rules

    def _look(self, api: AirflowApi, context: Context) -> _Seen:
        patterns = read_patterns(self.ignore, where="ignore")
        window = parse_duration(self.window, where="window")
        now = api.now
        failed = api.failed_runs(since=now - window)
        counted = tuple(run for run in failed.rows if not is_ignored(run.dag_id, patterns))
        this = (context["ti"].dag_id, context["ti"].run_id)
        running = tuple(
            run
            for run in api.running_runs().rows
            if not is_ignored(run.dag_id, patterns) and (run.dag_id, run.run_id) != this
        )
        dag_ids = sorted({run.dag_id for run in counted})
        finished = {dag_id: api.count_finished_runs(dag_id, since=now - window) for dag_id in dag_ids}
        return _Seen(now=now, window=window, failed=counted, is_cut=failed.is_cut, running=running, finished=finished)


def judge_failures(seen: _Seen, rules: Mapping[str, _Rules]) -> tuple[Verdict, ...]:
    """Judge the number of failed runs per DAG."""
    return judge_each(
        "failed_runs",
        seen.failures,
        lambda dag_id: rules.get(dag_id, rules[""]).failed_runs,
        lambda dag_id: f"of {seen.finished[dag_id]} finished",
    )


def judge_ratios(seen: _Seen, rules: Mapping[str, _Rules]) -> tuple[Verdict, ...]:
    """Judge the failed part of the finished runs per DAG, where there were enough."""
    enough = {d: n for d, n in seen.failures.items() if seen.finished[d] >= rules.get(d, rules[""]).min_runs}
    return judge_each(
        "failure_ratio",
        {dag_id: min(failed / max(seen.finished[dag_id], 1), 1.0) for dag_id, failed in enough.items()},
        lambda dag_id: rules.get(dag_id, rules[""]).failure_ratio,
        lambda dag_id: f"{enough[dag_id]} of {seen.finished[dag_id]} finished runs",
    )


def judge_ages(seen: _Seen, rules: Mapping[str, _Rules]) -> tuple[Verdict, ...]:
    """Judge how long the longest run of each DAG has been running."""
    return judge_each(
        "running_for",
        {dag_id: seen.age(run) for dag_id, run in seen.longest.items()},
        lambda dag_id: rules.get(dag_id, rules[""]).running_for,
        lambda dag_id: f"{seen.longest[dag_id].run_id} for {format_span(seen.age(seen.longest[dag_id]))}",
    )


def _read_rules(values: Mapping[str, Any], place: str) -> _Rules:
    if not isinstance(values["min_runs"], int) or values["min_runs"] < 1:
        raise DataMistakeError(f"{place}min_runs: {values['min_runs']!r} is not a whole number from 1 on")
    read = {name: read_threshold(values[name], where=f"{place}{name}") for name in _THRESHOLDS}
    return _Rules(**read, min_runs=values["min_runs"])


def _sections(seen: _Seen, api: AirflowApi) -> tuple[Section, ...]:
    sections: list[Section] = [_dag_table(seen, api), _running_table(seen, api)]
    if seen.failed:
        ends = [run.ended_at for run in seen.failed if run.ended_at]
        sections.append(bars_over_time("Failed runs over time", ends, until=seen.now, window=seen.window))
    return tuple(sections)


def _dag_table(seen: _Seen, api: AirflowApi) -> Table:
    latest = {run.dag_id: run for run in reversed(seen.failed)}
    rows = [
        (
            dag_id,
            count,
            seen.finished[dag_id],
            latest[dag_id].run_id,
            _ended(latest[dag_id]),
            api.links.run(latest[dag_id]),
        )
        for dag_id, count in seen.failures.most_common(_SHOWN)
    ]
    return Table(
        "DAGs with failed runs", ("dag", "failed", "finished", "latest_failed_run", "ended", "link"), tuple(rows)
    )


def _running_table(seen: _Seen, api: AirflowApi) -> Table:
    longest = sorted(seen.running, key=seen.age, reverse=True)[:_SHOWN]
    rows = [(run.dag_id, run.run_id, format_span(seen.age(run)), api.links.run(run)) for run in longest]
    return Table("Longest-running runs", ("dag", "run", "running_for", "link"), tuple(rows))


def _ended(run: DagRun) -> str:
    return f"{run.ended_at:%Y-%m-%d %H:%M:%S} UTC" if run.ended_at else ""
