"""Metrics of this project: every name, tag and unit in one table, and the one way to send them, Airflow's own stats.

On the wire a metric is ``airflow.<name>`` with its tags; in Prometheus it is ``<name>`` with ``_`` for each dot and the
tags as labels (``prometheus/statsd_mapping.yml``). ``docs/metrics.md`` is written from the table.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_LONGEST_LINE = 250
"""Airflow drops a name that is longer with its tags (``stat_name_default_handler``)."""
_SHORTENED = 40
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_./-]")
"""Airflow drops a name with any of these in a tag's value."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Where the values of a tag come from: each value is a series, so something has to bound them."""

    counts: str
    """What they are counted by: a word of the YAML, or a number where the code fixes them."""
    source: str
    values: tuple[str, ...] = ()
    """All there are, where the code fixes them."""


TAGS: Mapping[str, Tag] = MappingProxyType(
    {
        "dag_id": Tag("pipeline", "The pipelines in the YAML files."),
        "task_id": Tag("task", "The tasks of a pipeline in the YAML; a mapped task is one, in however many parts."),
        "kind": Tag("4", "Kinds of rows.", ("in", "rejected", "train", "test")),
        "check": Tag("check", "Rules of ValidateData (200 of a task at most) and health checks, as in the YAML."),
        "gate": Tag("gate", "Quality gates in the YAML; those on slices are one for each metric, not for each slice."),
        "bound": Tag("4", "Limits of a gate.", ("fail_min", "fail_max", "warn_min", "warn_max")),
        "metric": Tag("metric", "Metrics of EvaluateModel, and those that a gate in the YAML names."),
        "model": Tag("model", "Registered models; a template in the name must not hold a date or a run."),
        "alias": Tag("alias", "Aliases in the YAML."),
        "quantile": Tag("2", "Quantiles of the latency.", ("0.5", "0.95")),
        "outcome": Tag(
            "3",
            "Of a deployment the first three, of a message the others.",
            ("deployed", "unchanged", "refused", "delivered", "failed", "misconfigured"),
        ),
        "verdict": Tag("4", "Verdicts.", ("pass", "warn", "inconclusive", "fail")),
        "channel": Tag("channel", "Kinds of channels in the YAML."),
        "conn_id": Tag("connection", "Connections of channels in the YAML."),
        "severity": Tag("3", "Of an alert without error, of all else two.", ("critical", "error", "warning", "info")),
    }
)
"""Every tag that a metric may have."""


class Kind(StrEnum):
    """How values add up: a gauge is the last one, a counter the sum."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str
    """As it is handed to Airflow, e.g. ``ml.data_rows``."""
    kind: Kind
    tags: tuple[str, ...]
    """Keys of ``TAGS``. All of them are always sent."""
    unit: str
    description: str

    @property
    def series(self) -> str:
        """The name in Prometheus."""
        return self.name.replace(".", "_")

    @property
    def bound(self) -> str:
        """How many series there are at most, in words of the YAML: ``task × gate × 4``."""
        of_task = "task_id" in self.tags
        factors = [TAGS[tag].counts for tag in self.tags if not (of_task and tag == "dag_id")]
        return " × ".join(factors) or "1"


_TABLE: dict[str, Metric] = {}


def _metric(name: str, kind: Kind, tags: str, unit: str, description: str) -> Metric:
    metric = Metric(name, kind, tuple(tags.split()), unit, description)
    _TABLE[name] = metric
    return metric


def _gauge(name: str, tags: str, unit: str, description: str) -> Metric:
    return _metric(name, Kind.GAUGE, tags, unit, description)


def _counter(name: str, tags: str, unit: str, description: str) -> Metric:
    return _metric(name, Kind.COUNTER, tags, unit, description)


_VERDICT = "0 pass, 1 warn, 2 inconclusive, 3 fail"

ML_DATA_ROWS = _gauge(
    "ml.data_rows",
    "dag_id task_id kind",
    "rows",
    "Rows of a table: kind is `in` (read), `rejected` (taken out), `train` or `test` (after the split).",
)
ML_DATA_CHECK = _gauge("ml.data_check", "dag_id task_id check", _VERDICT, "Verdict of each check of ValidateData.")
ML_GATE_OBSERVED = _gauge(
    "ml.gate_observed",
    "dag_id task_id gate",
    "the gate's own",
    "What a quality gate compared; for a gate on slices, the value of the slice that is worst off.",
)
ML_GATE_THRESHOLD = _gauge(
    "ml.gate_threshold",
    "dag_id task_id gate bound",
    "the gate's own",
    "What it was compared with: bound is `fail_min`, `fail_max`, `warn_min` or `warn_max`.",
)
ML_GATE_VERDICT = _gauge("ml.gate_verdict", "dag_id task_id gate", _VERDICT, "Verdict of each quality gate.")
ML_GATE_CONSECUTIVE_FAILURES = _gauge(
    "ml.gate_consecutive_failures",
    "dag_id task_id gate",
    "runs",
    "How many runs in a row have failed a quality gate, the last one included; 0 after one that has not.",
)
ML_METRIC = _gauge(
    "ml.metric", "dag_id model metric", "the metric's own", "Every metric of the judged model, with a gate or without."
)
ML_MODEL_VERSION = _gauge("ml.model_version", "dag_id model alias", "version", "The version that an alias points to.")
ML_MODEL_TRAINED = _gauge(
    "ml.model_trained_timestamp_seconds",
    "dag_id model alias",
    "Unix time",
    "When the model that an alias points to was trained; sent by each evaluation, not only by a deployment.",
)
ML_TRAIN_DURATION = _gauge("ml.train_duration_seconds", "dag_id task_id", "seconds", "How long the last fit took.")
ML_PREDICT_LATENCY = _gauge(
    "ml.predict_latency_seconds",
    "dag_id model quantile",
    "seconds",
    "Time that the smoke test's process took for one row: quantile is `0.5` or `0.95`.",
)
ML_DEPLOYMENTS = _counter(
    "ml.deployments_total",
    "dag_id model outcome",
    "deployments",
    "Ends of DeployModel: outcome is `deployed`, `unchanged` (the alias was there already) or `refused`.",
)

PIPELINE_VERDICT = _gauge(
    "pipeline.verdict",
    "dag_id task_id",
    _VERDICT,
    "Worst verdict of a task that judges: data, gates, deployment, health.",
)
PIPELINE_VERDICTS = _counter(
    "pipeline.verdicts_total", "dag_id task_id verdict", "verdicts", "Verdicts given, by what they say."
)
PIPELINE_NOTIFICATIONS = _counter(
    "pipeline.notifications_total",
    "dag_id channel conn_id outcome",
    "messages",
    "Messages of SendNotification by channel: outcome is `delivered`, `failed` or `misconfigured`.",
)
PIPELINE_FILES = _gauge("pipeline.files", "", "files", "YAML files of pipelines.")
PIPELINE_FILES_BROKEN = _gauge(
    "pipeline.files_broken", "", "files", "YAML files with an error; their pipelines do not run."
)
PIPELINE_PROBLEMS = _gauge(
    "pipeline.problems",
    "severity",
    "problems",
    "What the checker finds in the YAML files: severity is `error` or `warning`.",
)

HEALTH_VERDICT = _gauge(
    "health.verdict",
    "dag_id check",
    _VERDICT,
    "Verdict of each health check; inconclusive also if it could not be made.",
)
HEALTH_PROBLEMS = _gauge(
    "health.problems",
    "dag_id check severity",
    "problems",
    "What a health check found: severity is `critical` (fail) or `warning` (warn, or could not be measured).",
)
HEALTH_CHECK_DURATION = _gauge(
    "health.check_duration_seconds", "dag_id check", "seconds", "How long a health check asked and judged."
)
HEALTH_REQUESTS = _gauge(
    "health.requests",
    "dag_id check",
    "requests",
    "HTTP requests that a health check made, those to Prometheus included.",
)
HEALTH_LAST_SUCCESS = _gauge(
    "health.last_success_timestamp_seconds",
    "dag_id",
    "Unix time",
    "Dead-man's switch: the last health run in which every check could be made, whatever it found, and all were told.",
)
HEALTH_ALERTS_OPEN = _gauge(
    "health.alerts_open",
    "dag_id severity",
    "alerts",
    "Problems that SendAlerts holds to be open, whether or not a channel could be told.",
)
HEALTH_ALERTS_SENT = _counter(
    "health.alerts_sent_total",
    "dag_id channel conn_id outcome",
    "messages",
    "Messages of SendAlerts by channel: outcome is `delivered`, `failed` or `misconfigured`.",
)

METRICS: Mapping[str, Metric] = MappingProxyType(_TABLE)
"""Every metric by its name."""


def emit(metric: Metric, value: float | None, /, **tags: str) -> None:
    """Send a gauge's value, or add to a counter, if Airflow sends metrics at all.

    :param metric: one of the table
    :param value: nothing is sent if it is None, NaN or infinite, which says that nothing was measured
    :param tags: exactly those of the metric; characters that Airflow would drop the line for become ``_``
    :raises TypeError: if a tag is missing or unknown
    :raises ValueError: if a tag has a value that is none of its own
    """
    from airflow.sdk.observability import stats

    if set(tags) != set(metric.tags):
        raise TypeError(f"{metric.name} takes the tags {', '.join(metric.tags)}; given are {', '.join(tags)}")
    for key, given in tags.items():
        if (known := TAGS[key].values) and given not in known:
            raise ValueError(f"{metric.name}: the values of {key} are {', '.join(known)}; given is {given}")
    if value is None or not math.isfinite(value):
        return
    fitting = _fit(metric, {key: _NOT_ALLOWED.sub("_", str(tags[key])) or "none" for key in metric.tags})
    if metric.kind is Kind.COUNTER:
        stats.incr(metric.name, int(value), tags=fitting)
    else:
        stats.gauge(metric.name, value, tags=fitting)


def _fit(metric: Metric, tags: dict[str, str]) -> dict[str, str]:
    """Shorten the longest values until Airflow sends the line; the DAG's id stays, as other metrics have it."""
    for key in sorted((key for key in tags if key != "dag_id"), key=lambda key: -len(tags[key])):
        if len(metric.name) + sum(len(key) + len(value) + 2 for key, value in tags.items()) <= _LONGEST_LINE:
            break
        if len(tags[key]) > _SHORTENED:
            digest = hashlib.sha256(tags[key].encode()).hexdigest()[:8]
            tags[key] = f"{tags[key][: _SHORTENED - 9]}-{digest}"
    return tags
