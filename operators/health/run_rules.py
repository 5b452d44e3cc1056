"""The thresholds of CheckDagRuns: the general ones, and those that hold for some DAGs instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from operators.health.health_check import read_threshold, read_window
from operators.mistakes import DataMistakeError, check_count, check_keys
from operators.thresholds import Threshold, parse_duration

RUN_THRESHOLDS = ("failed_runs", "failure_ratio", "duration", "running_for", "late_by", "success_age")
RUN_KEYS = (*RUN_THRESHOLDS, "window", "min_runs", "versus_usual")
USUAL_THRESHOLDS = ("duration", "late_by", "failure_ratio", "success_age")
_USUAL_DEFAULTS = {"min_runs": 5, "at_least": "1m"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VersusUsual:
    """How far a DAG may be from what it usually does."""

    duration: Threshold | None
    """Times the usual duration."""
    late_by: Threshold | None
    """Seconds more than usual."""
    failure_ratio: Threshold | None
    """More than the usual ratio, as a difference."""
    success_age: Threshold | None
    """Times the usual time between two successes."""
    min_runs: int
    """So many earlier runs have to be known."""
    at_least: float
    """A difference of fewer seconds is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """The thresholds of one DAG."""

    window: timedelta
    failed_runs: Threshold | None
    failure_ratio: Threshold | None
    min_runs: int
    duration: Threshold | None
    running_for: Threshold | None
    late_by: Threshold | None
    success_age: Threshold | None
    usual: VersusUsual


@dataclass(frozen=True, slots=True)
class RunRuleBook:
    """Which thresholds hold for which DAG."""

    general: RunRules
    own: Mapping[str, RunRules]
    """DAG id, or a pattern with ``*`` -> the thresholds; the first that fits counts."""

    def of(self, dag_id: str) -> RunRules:
        """Give the thresholds of a DAG; those of ``""`` are the general ones."""
        if dag_id in self.own:
            return self.own[dag_id]
        return next((rules for pattern, rules in self.own.items() if fnmatchcase(dag_id, pattern)), self.general)

    @property
    def longest_window(self) -> timedelta:
        """The longest window of all."""
        return max(self.general.window, *(rules.window for rules in self.own.values()), timedelta(0))

    @property
    def has_thresholds(self) -> bool:
        """Tell whether there is anything to compare with."""
        return any(
            any(getattr(rules, name) for name in RUN_THRESHOLDS)
            or any(getattr(rules.usual, name) for name in USUAL_THRESHOLDS)
            for rules in (self.general, *self.own.values())
        )

    @property
    def failure_window(self) -> timedelta:
        """The longest window of those within which failed runs are judged; zero if they are in none."""
        windows = (
            rules.window
            for rules in (self.general, *self.own.values())
            if rules.failed_runs or rules.failure_ratio or rules.usual.failure_ratio
        )
        return max(windows, default=timedelta(0))

    @property
    def watched(self) -> tuple[str, ...]:
        """The DAGs, named in full, whose last success is asked for."""
        return tuple(d for d, rules in self.own.items() if rules.success_age and not set("*?[") & set(d))


def read_run_rules(general: Mapping[str, Any], dags: Mapping[str, Any] | None) -> RunRuleBook:
    """Read the parameters of the task.

    :param general: the keys of :data:`RUN_KEYS`
    :param dags: DAG id or pattern -> those keys that hold for it instead
    :raises DataMistakeError: if a key has no meaning
    :raises ThresholdError: if a threshold has none
    """
    own = {}
    if dags is not None and not isinstance(dags, Mapping):
        raise DataMistakeError(f"dags: expected a mapping of DAG ids; found {dags!r:.80}")
    for dag_id, changed in (dags or {}).items():
        check_keys(changed, RUN_KEYS, where=f"dags.{dag_id}")
        merged = {**(general["versus_usual"] or {}), **(changed.get("versus_usual") or {})}
        own[dag_id] = _read_rules({**general, **changed, "versus_usual": merged}, f"dags.{dag_id}.")
    return RunRuleBook(_read_rules(general, ""), own)


def _read_rules(values: Mapping[str, Any], place: str) -> RunRules:
    thresholds = {name: read_threshold(values[name], where=f"{place}{name}") for name in RUN_THRESHOLDS}
    return RunRules(
        **thresholds,
        window=read_window(values["window"], where=f"{place}window"),
        min_runs=check_count(values["min_runs"], where=f"{place}min_runs"),
        usual=_read_usual(values["versus_usual"], f"{place}versus_usual"),
    )


def _read_usual(value: Any, where: str) -> VersusUsual:
    check_keys(value or {}, (*USUAL_THRESHOLDS, *_USUAL_DEFAULTS), where=where)
    values = {**_USUAL_DEFAULTS, **(value or {})}
    thresholds = {name: read_threshold(values.get(name), where=f"{where}.{name}") for name in USUAL_THRESHOLDS}
    return VersusUsual(
        **thresholds,
        min_runs=check_count(values["min_runs"], where=f"{where}.min_runs"),
        at_least=parse_duration(values["at_least"], where=f"{where}.at_least").total_seconds(),
    )
