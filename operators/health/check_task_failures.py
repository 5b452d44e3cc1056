"""CheckTaskFailures: judges failed task instances, and the same task failing run after run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators.health.airflow_api import AirflowApi
from operators.health.airflow_rows import TaskInstance
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
from operators.parameters import DagIds, Duration, Text, ThresholdConfig
from operators.report import Section, Table
from operators.thresholds import parse_duration
from operators.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from airflow.sdk import Context

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The failures that count, the latest first."""

    now: datetime
    window: timedelta
    failed: tuple[TaskInstance, ...]
    is_cut: bool
    retrying: int

    @property
    def by_task(self) -> Mapping[str, Sequence[TaskInstance]]:
        """Task -> its failures."""
        found: defaultdict[str, list[TaskInstance]] = defaultdict(list)
        for ti in self.failed:
            found[ti.task].append(ti)
        return found

    @property
    def runs_by_task(self) -> Mapping[str, int]:
        """Task -> the number of runs in which it failed; the failures of a mapped task in one run are one."""
        return {task: len({ti.run_id for ti in failures}) for task, failures in self.by_task.items()}


class CheckTaskFailuresOperator(HealthCheckOperator):
    """Judge how many task instances failed for good, and whether the same task fails in run after run.

    .. code-block:: yaml

        check_task_failures:
          operator: CheckTaskFailures
          conn_id: airflow_api
          window: 24h
          failed_tasks: {warn: 0, fail: 10}
          same_task: {warn: 1, fail: 3}
          ignore: [test_*, nightly_load.flaky_source]

    :param conn_id: Airflow connection to the REST API, of type http, with the login of a viewer (templated)
    :param window: how far back failures count, by when they ended (templated)
    :param failed_tasks: threshold on the number of failed task instances; tries that are retried do not count
    :param same_task: threshold on the number of runs in which one task failed
    :param ignore: DAG ids, or ``dag_id.task_id``, that are not looked at; ``*`` stands for any characters (templated)
    """

    template_fields: Sequence[str] = ("conn_id", "window", "ignore")

    def __init__(
        self,
        *,
        conn_id: Text,
        window: Duration = "24h",
        failed_tasks: ThresholdConfig | None = None,
        same_task: ThresholdConfig | None = None,
        ignore: DagIds | tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.window = window
        self.failed_tasks = failed_tasks
        self.same_task = same_task
        self.ignore = ignore

    def check(self, api: AirflowApi, context: Context) -> Finding:
        """Read the failed task instances and judge them."""
        seen = self._look(api)
        facts = {
            "window": format_span(seen.window.total_seconds()),
            "failed_tasks": f"{len(seen.failed)}{' or more' if seen.is_cut else ''}",
            "different_tasks": len(seen.by_task),
            "waiting_for_a_retry": seen.retrying,
        }
        return Finding(
            judgement=Judgement(title="Task failures", verdicts=self._judge(seen), facts=facts),
            sections=_sections(seen, api),
            rows=len(seen.failed),
        )

    def _look(self, api: AirflowApi) -> _Seen:
        patterns = read_patterns(self.ignore, where="ignore")
        window = parse_duration(self.window, where="window")
        now = api.now
        listing = api.failed_tasks(since=now - window)
        failed = tuple(
            ti for ti in listing.rows if not is_ignored(ti.dag_id, patterns) and not is_ignored(ti.task, patterns)
        )
        retrying = api.count_tasks("up_for_retry")
        return _Seen(now=now, window=window, failed=failed, is_cut=listing.is_cut, retrying=retrying)

    def _judge(self, seen: _Seen) -> tuple[Verdict, ...]:
        failed_tasks = read_threshold(self.failed_tasks, where="failed_tasks")
        same_task = read_threshold(self.same_task, where="same_task")
        cut = "only the latest were read, there are more" if seen.is_cut else ""
        total = (failed_tasks.judge("failed_tasks", len(seen.failed), message=cut),) if failed_tasks else ()
        repeated = judge_each("same_task", seen.runs_by_task, lambda _: same_task, lambda task: _note(seen, task))
        return total + repeated


def _note(seen: _Seen, task: str) -> str:
    latest = seen.by_task[task][0]
    return f"runs in which it failed; last in {latest.run_id}"


def _sections(seen: _Seen, api: AirflowApi) -> tuple[Section, ...]:
    sections: list[Section] = [
        _task_table(seen, api),
        _count_table("By host", "host", (ti.hostname or "unknown" for ti in seen.failed)),
        _count_table("By operator", "operator", (ti.operator or "unknown" for ti in seen.failed)),
    ]
    if seen.failed:
        ends = [ti.ended_at for ti in seen.failed if ti.ended_at]
        sections.insert(1, bars_over_time("Failed tasks over time", ends, until=seen.now, window=seen.window))
    return tuple(sections)


def _task_table(seen: _Seen, api: AirflowApi) -> Table:
    by_task = seen.by_task
    worst = sorted(seen.runs_by_task.items(), key=lambda item: (-item[1], -len(by_task[item[0]])))[:_SHOWN]
    rows = [
        (
            latest.dag_id,
            latest.task_id,
            len(by_task[task]),
            runs,
            latest.run_id,
            latest.hostname,
            api.links.task(latest),
        )
        for task, runs in worst
        for latest in by_task[task][:1]
    ]
    columns = ("dag", "task", "failures", "in_runs", "latest_failed_run", "host", "link")
    return Table("Failing tasks", columns, tuple(rows))


def _count_table(title: str, column: str, values: Iterable[str]) -> Table:
    return Table(title, (column, "failures"), tuple(Counter(values).most_common(_SHOWN)))
