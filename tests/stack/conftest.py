"""What the tests of the stack share: its files as data, the tools that check them, and the metric names that exist."""

from __future__ import annotations

import fnmatch
import importlib.util
import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from operators.stats import METRICS

ROOT = Path(__file__).resolve().parents[2]
DEBIAN_PACKAGE = {
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "redis-server": "redis-server",
}
# In Airflow's registry, but sent by nobody in 3.3.2: a rule on one of them would never fire.
NEVER_SENT = {
    "local_task_job.task_exit",
    "dag_file_processor_timeouts",
    "dag_processing.manager_stalls",
    "dag_file_refresh_error",
    "collect_db_dags",
    "dag_processing.last_num_of_db_queries.{dag_file}",
    "task.queued_duration",
}
OWN_METRICS = {metric.name: str(metric.kind) for metric in METRICS.values()}
# What Prometheus and the exporters tell of themselves; only the names that our rules and panels use.
MONITORING_METRICS = {
    "ALERTS",
    "up",
    "scrape_samples_scraped",
    "probe_success",
    "statsd_exporter_lines_total",
    "statsd_exporter_events_error_total",
    "statsd_exporter_events_unmapped_total",
    "statsd_exporter_sample_errors_total",
    "statsd_exporter_udp_packet_drops_total",
    "process_start_time_seconds",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_notifications_alertmanagers_discovered",
    "alertmanager_notifications_failed_total",
}


def _airflow_file(path: str) -> Any:
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.submodule_search_locations
    return yaml.safe_load((Path(spec.submodule_search_locations[0]) / path).read_text(encoding="utf-8"))


def mapped(stat: str, mappings: list[dict[str, Any]]) -> str | None:
    """Name a metric as statsd_exporter does with our mapping; None if the mapping drops it."""
    for mapping in mappings:
        if fnmatch.fnmatchcase(stat, mapping["match"]) and stat.count(".") == mapping["match"].count("."):
            if mapping.get("action") == "drop":
                return None
            found = re.fullmatch(re.escape(mapping["match"]).replace(r"\*", "([^.]*)"), stat)
            assert found
            return re.sub(r"[^a-zA-Z0-9_]", "_", found.expand(mapping["name"].replace("$", "\\")))
    return re.sub(r"[^a-zA-Z0-9_]", "_", stat)


@pytest.fixture(scope="session")
def airflow_file() -> Callable[[str], Any]:
    """Read a YAML file of the installed Airflow without importing it."""
    return _airflow_file


@pytest.fixture(scope="session")
def own_metrics() -> dict[str, str]:
    """The metrics that our operators send, and their StatsD type."""
    return OWN_METRICS


@pytest.fixture(scope="session")
def airflow_metrics() -> dict[str, str]:
    """The Prometheus name and the StatsD type of every metric that Airflow and our operators send."""
    registry = _airflow_file("_shared/observability/metrics/metrics_template.yaml")["metrics"]
    sent = {entry["name"]: entry["type"] for entry in registry if entry["name"] not in NEVER_SENT}
    mappings = yaml.safe_load((ROOT / "prometheus/statsd_mapping.yml").read_text(encoding="utf-8"))["mappings"]
    names = {mapped(f"airflow.{stat.replace('{job_name}', 'job')}", mappings): kind for stat, kind in sent.items()}
    names |= {mapped(f"airflow.{stat}", mappings): kind for stat, kind in OWN_METRICS.items()}
    return {name: kind for name, kind in names.items() if name}


@pytest.fixture(scope="session")
def rule_files() -> dict[str, list[dict[str, Any]]]:
    """The rules of each file in prometheus/rules, by the file's stem."""
    return {
        path.stem: [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
        for path in sorted((ROOT / "prometheus/rules").glob("*.yml"))
    }


@pytest.fixture(scope="session")
def known_names(airflow_metrics: dict[str, str], rule_files: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Every series name that an expression may use."""
    histograms = {name + end for name, kind in airflow_metrics.items() if kind == "timer" for end in _HISTOGRAM}
    plain = {name for name, kind in airflow_metrics.items() if kind != "timer"}
    recorded = {rule["record"] for rules in rule_files.values() for rule in rules if "record" in rule}
    return histograms | plain | recorded | MONITORING_METRICS


_HISTOGRAM = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="session")
def series_names() -> Callable[[str], list[str]]:
    """Parse PromQL and give each series name in it; `a_(b|c)` in a matcher of `__name__` gives `a_b` and `a_c`."""
    return lambda expression: list(_iter_names(expression))


def _iter_names(expression: str) -> Iterator[str]:
    selectors: list[Any] = []
    promql_parser.walk(
        promql_parser.parse(expression),
        lambda node: selectors.append(node) if isinstance(node, promql_parser.VectorSelector) else None,
    )
    for selector in selectors:
        if selector.name:
            yield selector.name
        for matcher in selector.matchers.matchers:
            if matcher.name == "__name__":
                yield from _alternatives(matcher.value)


def _alternatives(pattern: str) -> Iterator[str]:
    parts = [part.strip("()").split("|") for part in re.split(r"(\([^)]*\))", pattern) if part]
    return ("".join(chosen) for chosen in itertools.product(*parts))


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """compose.yaml as data, its variables not filled in."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Find a program; without it the test is skipped, but fails in CI, where it has to be installed."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            reason = f"{name} is not installed: apt-get install {DEBIAN_PACKAGE[name]}"
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
        return str(found)

    return find
