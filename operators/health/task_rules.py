"""The thresholds of CheckTaskFailures: the general ones, and those that hold for the tasks of some DAGs instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from operators.health.health_check import is_ignored, read_patterns, read_threshold, read_window
from operators.mistakes import DataMistakeError, check_count, check_keys
from operators.thresholds import Threshold

_THRESHOLDS = ("failed_tasks", "same_task", "same_error", "retrying", "failure_ratio", "concentration")
_DAG_KEYS = ("window", "failed_tasks", "same_task", "ignore")
_USUAL_KEYS = ("failed_tasks", "retries", "min_looks")
_MIN_LOOKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DagTaskRules:
    """What holds for the tasks of one DAG."""

    window: timedelta
    failed_tasks: Threshold | None
    """On the failures of this DAG alone; only where the YAML has one for it."""
    same_task: Threshold | None
    ignored: tuple[str, ...]
    """Patterns of task ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRuleBook:
    """All thresholds."""

    window: timedelta
    failed_tasks: Threshold | None
    same_task: Threshold | None
    same_error: Threshold | None
    retrying: Threshold | None
    failure_ratio: Threshold | None
    concentration: Threshold | None
    min_failures: int
    usual_failed: Threshold | None
    usual_retries: Threshold | None
    min_looks: int
    ignored: tuple[str, ...]
    dags: Mapping[str, DagTaskRules]

    @property
    def has_thresholds(self) -> bool:
        """Tell whether there is anything to compare with."""
        general = (*(getattr(self, name) for name in _THRESHOLDS), self.usual_failed, self.usual_retries)
        return any(general) or any(own.failed_tasks or own.same_task for own in self.dags.values())

    def of(self, dag_id: str) -> DagTaskRules | None:
        """Give what holds for one DAG instead, if anything does; its id itself counts before a pattern."""
        if dag_id in self.dags:
            return self.dags[dag_id]
        return next((rules for pattern, rules in self.dags.items() if fnmatchcase(dag_id, pattern)), None)

    def window_of(self, dag_id: str) -> timedelta:
        """Give the window of a DAG."""
        own = self.of(dag_id)
        return own.window if own else self.window

    def same_task_of(self, dag_id: str) -> Threshold | None:
        """Give the threshold on one task of a DAG; that of ``""`` is the general one."""
        own = self.of(dag_id) if dag_id else None
        return own.same_task if own else self.same_task

    def is_ignored(self, dag_id: str, task_id: str) -> bool:
        """Tell whether a task is not looked at."""
        own = self.of(dag_id)
        return (
            is_ignored(dag_id, self.ignored)
            or is_ignored(f"{dag_id}.{task_id}", self.ignored)
            or (own is not None and is_ignored(task_id, own.ignored))
        )

    @property
    def counts_everything(self) -> bool:
        """Tell whether every failure within the longest window counts."""
        return not self.ignored and all(own.window == self.window and not own.ignored for own in self.dags.values())

    @property
    def pattern_window(self) -> timedelta:
        """The longest window of those within which it matters which tasks failed; zero if it matters in none."""
        own = [rules.window for rules in self.dags.values() if rules.failed_tasks or rules.same_task]
        return max([timedelta(0), *own, *([self.window] if self.same_task or self.same_error else [])])

    @property
    def longest_window(self) -> timedelta:
        """The longest window of all."""
        return max([self.window, *(rules.window for rules in self.dags.values())])


def read_task_rules(given: Mapping[str, Any]) -> TaskRuleBook:
    """Read the parameters of the task.

    :raises DataMistakeError: if a key has no meaning
    :raises ThresholdError: if a threshold has none
    """
    thresholds = {name: read_threshold(given[name], where=name) for name in _THRESHOLDS}
    usual = given["versus_usual"] or {}
    check_keys(usual, _USUAL_KEYS, where="versus_usual")
    if thresholds["failure_ratio"] and not given["prometheus_conn_id"]:
        raise DataMistakeError(
            "failure_ratio: needs prometheus_conn_id; successes are too many to be counted by Airflow's API"
        )
    return TaskRuleBook(
        **thresholds,
        window=read_window(given["window"], where="window"),
        min_failures=check_count(given["min_failures"], where="min_failures"),
        usual_failed=read_threshold(usual.get("failed_tasks"), where="versus_usual.failed_tasks"),
        usual_retries=read_threshold(usual.get("retries"), where="versus_usual.retries"),
        min_looks=check_count(usual.get("min_looks", _MIN_LOOKS), where="versus_usual.min_looks"),
        ignored=read_patterns(given["ignore"], where="ignore"),
        dags=_read_dags(given),
    )


def _read_dags(given: Mapping[str, Any]) -> dict[str, DagTaskRules]:
    dags = given["dags"] or {}
    if not isinstance(dags, Mapping):
        raise DataMistakeError(f"dags: expected a mapping of DAG ids; found {dags!r:.80}")
    found = {}
    for dag_id, own in dags.items():
        where = f"dags.{dag_id}"
        check_keys(own, _DAG_KEYS, where=where)
        found[dag_id] = DagTaskRules(
            window=read_window(own.get("window", given["window"]), where=f"{where}.window"),
            failed_tasks=read_threshold(own.get("failed_tasks"), where=f"{where}.failed_tasks"),
            same_task=read_threshold(own.get("same_task", given["same_task"]), where=f"{where}.same_task"),
            ignored=read_patterns(own.get("ignore", ()), where=f"{where}.ignore"),
        )
    return found
