"""What CheckTaskFailures sees in one look: failures, retries, where tasks run, and why the latest ones failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from operators.health.airflow_api import AirflowApi
from operators.health.airflow_rows import TaskInstance
from operators.health.prometheus_api import Answers, PrometheusApi
from operators.health.task_errors import TaskError, read_errors
from operators.health.task_memory import Look, TaskMemory
from operators.health.task_rules import TaskRuleBook

_FAILED_READ = 200
"""Failures that are read even if earlier looks know them, so that those that were started anew are noticed."""
_FAILED_PAGES = 5
"""At most, where very many have failed since the last look; a log can still be read then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLook:
    """The failures that count, the latest first."""

    now: datetime
    failed: tuple[TaskInstance, ...]
    """Those that are too old for the list are here as earlier looks have seen them."""
    uncounted: int
    """How many failed beside them; they may be ignored ones, or too old for the window of their DAG."""
    known_since: datetime
    """Since when every failure is known."""
    retrying: int
    memory: TaskMemory
    run_id: str
    """Of the check."""
    unread_logs: int
    """Logs that could not be read."""
    answers: Answers | None
    """What Prometheus said; None if it is not asked."""

    def is_complete(self, window: timedelta) -> bool:
        """Tell whether every failure within a window is known."""
        return self.known_since <= self.now - window

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

    @property
    def tasks_by_error(self) -> Mapping[TaskError, Sequence[str]]:
        """Error, in its latest form -> the tasks that failed with it."""
        forms: dict[str, TaskError] = {}
        tasks: defaultdict[str, list[str]] = defaultdict(list)
        for ti in self.failed:
            error = self.memory.error_of(ti)
            if error is not None and error.signature:
                forms.setdefault(error.signature, error)
                if ti.task not in tasks[error.signature]:
                    tasks[error.signature].append(ti.task)
        return {forms[signature]: names for signature, names in tasks.items()}


def look_at_tasks(
    api: AirflowApi, prometheus: PrometheusApi | None, rules: TaskRuleBook, *, memory: TaskMemory, run_id: str
) -> TaskLook:
    """Ask everything, in at most ten requests, and add it to the memory.

    :param prometheus: None if there is none
    :param memory: from earlier looks
    :param run_id: of the run that looks
    """
    now = api.now
    start = now - rules.longest_window
    listing = api.failed_tasks(
        since=start,
        pages=_FAILED_PAGES,
        enough=lambda found: len(found.rows) >= _FAILED_READ and memory.failed.reaches(found, start=start),
    )
    hidden = memory.failed.learn(listing, start=start, now=now)
    failed = tuple(ti for ti in (*listing.rows, *hidden) if _counts(ti, rules, now))
    retrying = api.count_tasks("up_for_retry")
    memory.learn_running(api.running_tasks().rows)
    answers = prometheus.ask(task_questions(rules.window), label="dag_id") if prometheus else None
    errors, unread_logs = read_errors(
        api, _worth_reading(failed, memory), spent=prometheus.requests if prometheus else 0
    )
    memory.learn_errors(errors, failed, now=now)
    uncounted = max(listing.total - len(listing.rows) - len(hidden), 0)
    number = len(failed) + (uncounted if rules.counts_everything else 0)
    memory.learn_look(Look(run_id, number, retrying))
    return TaskLook(
        now=now,
        failed=failed,
        uncounted=uncounted,
        known_since=memory.failed.since or now,
        retrying=retrying,
        memory=memory,
        run_id=run_id,
        unread_logs=unread_logs,
        answers=answers,
    )


def task_questions(window: timedelta) -> dict[str, str]:
    """Give what Prometheus is asked: ends by DAG within the window; retries in the last hour, and in a usual one.

    :param window: how far back
    """
    seconds = f"{int(window.total_seconds())}s"
    ends = 'sum by (dag_id) (increase(airflow_ti_finish{{state=~"{}"}}[{}]))'
    retries = 'sum(increase(airflow_ti_finish{{state="up_for_retry"}}[{}]))'
    return {
        "failed": ends.format("failed", seconds),
        "finished": ends.format("failed|success", seconds),
        "retries": retries.format("1h"),
        "usual_retries": f"{retries.format('24h')} / 24",
    }


def _counts(ti: TaskInstance, rules: TaskRuleBook, now: datetime) -> bool:
    is_within = ti.ended_at is None or ti.ended_at >= now - rules.window_of(ti.dag_id)
    return is_within and not rules.is_ignored(ti.dag_id, ti.task_id)


def _worth_reading(failed: Sequence[TaskInstance], memory: TaskMemory) -> list[TaskInstance]:
    """Choose the latest failure of each task whose log was not read yet; one without a host has no log."""
    latest: dict[str, TaskInstance] = {}
    for ti in failed:
        latest.setdefault(ti.task, ti)
    return [ti for ti in latest.values() if ti.hostname and memory.error_of(ti) is None]
