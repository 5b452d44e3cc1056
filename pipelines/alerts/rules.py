"""Makes the Prometheus rules of pipelines: when each has succeeded last, and an alert if that was too long ago."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from pipelines.alerts.deadlines import Deadline, deadlines_of
from pipelines.alerts.freshness import Freshness, freshness_of
from pipelines.overview.inventory import Entry
from pipelines.overview.listing import owners
from pipelines.overview.written import hidden
from schemas.lengths import in_units
from schemas.rules.freshness import LONGEST
from schemas.spec import Pipeline

NOT_FRESH = "PipelineNotFresh"
DEADLINE_MISSED = "PipelineDeadlineMissed"
RUNBOOK = "https://github.com/your-org/your-repo/blob/main/docs/runbook.md"
_HEAD = """\
# Made by `pipelines alerts` from the YAML of the pipelines; do not edit. docs/alerts.md says what follows from what.
"""
_SUCCESS = "airflow_dagrun_duration_success_sum"
_SINCE = "dag:last_success:timestamp_seconds"
_MISSED = "airflow_deadline_alerts_deadline_missed"
_SEEN = '{__name__=~"airflow_dagrun_(schedule_delay|duration_failed)_count"}'
# A success changes the sum of the durations, also where the exporter has restarted and the count is what it was. The
# value of 5 minutes ago is looked for in 6 hours: nothing becomes a success because Prometheus was away for a while.
_LAST_SUCCESS = f"""\
max by (dag_id) (time() + 0 * ({_SUCCESS} unless {_SUCCESS} == last_over_time({_SUCCESS}[6h] offset 5m)))
or max by (dag_id) (last_over_time({_SINCE}[6h]) > time() - {LONGEST.days} * 86400)
or time() + 0 * max by (dag_id) ({_SEEN})"""


@dataclass(frozen=True, slots=True)
class PipelineAlerts:
    """What alerts a pipeline has."""

    entry: Entry
    pipeline: Pipeline
    freshness: Freshness
    deadlines: list[Deadline]


def alerts_of(entries: Iterable[Entry]) -> list[PipelineAlerts]:
    """Tell what alerts pipelines have, by their names; broken ones are left out."""
    sound = [(entry, entry.pipeline) for entry in entries if entry.pipeline is not None]
    return [
        PipelineAlerts(entry, pipeline, freshness_of(pipeline.config), deadlines_of(pipeline.config))
        for entry, pipeline in sorted(sound, key=lambda pair: pair[1].dag_id)
    ]


def rule_file(alerts: Iterable[PipelineAlerts]) -> str:
    """Write the file for Prometheus."""
    alerts = list(alerts)
    rules = [{"record": _SINCE, "expr": _LAST_SUCCESS}, *(rule for each in alerts for rule in _iter_rules(each))]
    groups = {"groups": [{"name": "freshness", "interval": "1m", "rules": rules}]}
    text = _HEAD + yaml.dump(groups, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)
    return hidden(text, (each.pipeline for each in alerts))


class _Dumper(yaml.SafeDumper):
    """Writes expressions of several lines as such, and the items of lists further in."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def _as_it_is(text: str) -> str:
    """Give a text so that Prometheus, for which labels and annotations are templates, shows it as it is."""
    return text.replace("{{", '{{"{{"}}')


def _iter_rules(alerts: PipelineAlerts) -> Iterator[Mapping[str, Any]]:
    dag_id = alerts.pipeline.dag_id
    if (within := alerts.freshness.within) is not None:
        description = (
            f"{dag_id}: {{{{ $value | humanizeDuration }}}} without a successful run; "
            f"{in_units(within)} are allowed ({alerts.freshness.why})."
        )
        summary = "A pipeline has gone too long without a success"
        yield _alert(NOT_FRESH, alerts, _too_old(dag_id, within), summary, description)
    if alerts.deadlines:
        words = " or ".join(deadline.words for deadline in alerts.deadlines)
        description = f"{dag_id}: a run was not done {_as_it_is(words)}."
        yield _alert(DEADLINE_MISSED, alerts, _missed(dag_id), "A pipeline was not done by its deadline", description)


def _alert(name: str, alerts: PipelineAlerts, expr: str, summary: str, description: str) -> Mapping[str, Any]:
    owner = _as_it_is(", ".join(owners(alerts.pipeline)))
    labels = {"severity": "warning", "component": "freshness"}
    return {
        "alert": name,
        "expr": expr,
        "labels": labels | ({"owner": owner} if owner else {}),
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": f"{RUNBOOK}#{name.lower()}",
        },
    }


def _too_old(dag_id: str, within: timedelta) -> str:
    return f'time() - {_SINCE}{{dag_id="{dag_id}"}} > {round(within.total_seconds())}'


def _missed(dag_id: str) -> str:
    series = f'{_MISSED}{{dag_id="{dag_id}"}}'
    # a counter is born at 1, where increase() is 0, and again when the exporter restarts
    was_away = f'{series} offset 10m and on () up{{job="statsd-exporter"}} offset 10m == 1'
    return (
        f"sum by (dag_id) (increase({series}[10m])) > 0\n"
        f"or sum by (dag_id) ({series} unless {series} == last_over_time({series}[1d] offset 10m)) > 0\n"
        f"or sum by (dag_id) ({series} unless {was_away}) > 0"
    )
