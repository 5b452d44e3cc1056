"""The thresholds of CheckSchedulerHealth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from operators.health.health_check import read_patterns, read_threshold, read_window
from operators.mistakes import DataMistakeError, check_count, check_keys
from operators.thresholds import Threshold

COMPONENTS = ("scheduler", "dag_processor", "triggerer")
_THRESHOLDS = (
    "heartbeat_age",
    "lost_jobs",
    "import_errors",
    "parse_time",
    "parse_age",
    "pool_usage",
    "queued_for",
    "scheduled_for",
    "triggerer_usage",
    "database_latency",
    "scheduler_loop",
    "executor_usage",
)
_BY_PROMETHEUS = ("scheduler_loop", "executor_usage")
_IGNORED = ("dags", "files", "pools")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerRules:
    """All of them; None for one that is not given."""

    heartbeat_age: Threshold | None
    lost_jobs: Threshold | None
    import_errors: Threshold | None
    parse_time: Threshold | None
    parse_age: Threshold | None
    pool_usage: Threshold | None
    queued_for: Threshold | None
    scheduled_for: Threshold | None
    triggerer_usage: Threshold | None
    database_latency: Threshold | None
    scheduler_loop: Threshold | None
    executor_usage: Threshold | None
    alive: Mapping[str, Threshold]
    """Component -> on the number of its processes that are alive."""
    window: timedelta
    """How far back a lost process counts."""
    triggerer_capacity: int
    """Triggers of one triggerer."""
    ignored: Mapping[str, tuple[str, ...]]
    """``dags``, ``files``, ``pools`` -> patterns."""


def read_scheduler_rules(given: Mapping[str, Any]) -> SchedulerRules:
    """Read the parameters of the task.

    :raises DataMistakeError: if a key has no meaning
    :raises ThresholdError: if a threshold has none
    """
    alive, ignore = given["alive"] or {}, given["ignore"] or {}
    check_keys(alive, COMPONENTS, where="alive")
    check_keys(ignore, _IGNORED, where="ignore")
    for name in _BY_PROMETHEUS:
        if given[name] is not None and not given["prometheus_conn_id"]:
            raise DataMistakeError(f"{name}: needs prometheus_conn_id; Airflow's API does not have it")
    read = {name: read_threshold(alive[name], where=f"alive.{name}") for name in alive}
    return SchedulerRules(
        **{name: read_threshold(given[name], where=name) for name in _THRESHOLDS},
        alive={name: threshold for name, threshold in read.items() if threshold},
        window=read_window(given["window"], where="window"),
        triggerer_capacity=check_count(given["triggerer_capacity"], where="triggerer_capacity"),
        ignored={name: read_patterns(ignore.get(name, ()), where=f"ignore.{name}") for name in _IGNORED},
    )
