"""The number of series is bounded by the YAML: runs, tries, mapped parts and days that go by add none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from operators.stats import METRICS, TAGS, emit
from tests.bench import airflow_traffic as traffic
from tests.bench.metrics import MAPPING, count_families, series_lines, take_all
from tests.exporter.statsd_exporter import StatsdExporter

DAY = 86_400.0
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DISABLED = "AIRFLOW__METRICS__STATSD_DISABLED_TAGS"
UNBOUNDED = ("run_id", "dagrun_id", "job_id", "try_number", "map_index")
BOUNDED = {
    *("dag_id", "task_id", "run_type", "state", "queue", "pool_name", "operator_name", "task_type", "executor"),
    *("executor_class_name", "status", "bundle_name", "file_name", "file_path", "action", "hostname"),
}
"""Of Airflow's tags: things that people configure, files, machines, and closed sets of states."""
SHORT_LIVED = (
    *("airflow_ti_scheduled", "airflow_ti_queued", "airflow_ti_running", "airflow_ti_deferred"),
    *("airflow_dag_processing_last_run", "airflow_triggers_running", "airflow_triggerer_capacity_left"),
)
OF_DAGS = ("airflow_ti_start", "airflow_task_duration", "airflow_dagrun_duration_success")


class Clock:
    """A time that only a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exporter(clock: Clock) -> StatsdExporter:
    return StatsdExporter(MAPPING, clock)


@pytest.fixture
def airflow_stats(exporter: StatsdExporter, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Airflow's own stats with the settings of compose.yaml; the packets go to the exporter without a network."""
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.statsd_logger import get_statsd_logger
    from statsd import StatsClient

    for name, value in compose["x-airflow-environment"].items():
        if name.startswith("AIRFLOW__METRICS__"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_HOST", "127.0.0.1")
    monkeypatch.setattr(StatsClient, "_send", lambda _, packet: exporter.take(packet))
    logger = get_statsd_logger()
    stats.initialize(factory=lambda: logger, export_legacy_names=False)
    yield stats
    stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
    logger.statsd.close()


def names_of(exporter: StatsdExporter) -> set[str]:
    """Every series, without its value."""
    return {line.rpartition(" ")[0] for line in series_lines(exporter)}


def task_tags(number: int) -> dict[str, str]:
    """The tags that Airflow gives to a task; each number is a run, a try and a mapped part of its own."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    instance = RuntimeTaskInstance.model_construct(
        id=uuid4(),
        dag_id="ml_pipeline",
        task_id="train",
        run_id=f"manual__{number}",
        try_number=number,
        map_index=number,
        _ti_context_from_server=None,
    )
    return instance.stats_tags


def one_run(stats: Any, number: int) -> None:
    """What a run sends, with each tag that Airflow has or could have for it."""
    tags = task_tags(number) | {key: f"{key}_{number}" for key in UNBOUNDED}
    stats.incr("ti.start", tags=tags)
    stats.timing("task.duration", 10.0 * number, tags=tags)
    stats.incr("operator_successes", tags={**tags, "operator_name": "TrainModelOperator"})
    stats.incr("ti.finish", tags={**tags, "state": "success"})
    stats.gauge("ti.running", 1, tags={**tags, "queue": "default"})
    stats.timing("dagrun.duration.success", 10.0 * number, tags={"dag_id": "ml_pipeline", "run_type": "manual"})


def test_ten_thousand_runs_have_as_many_series_as_ten(airflow_stats: Any, exporter: StatsdExporter) -> None:
    for number in range(10):
        one_run(airflow_stats, number)
    few = names_of(exporter)
    for number in range(10, 10_000):
        one_run(airflow_stats, number)
    assert names_of(exporter) == few
    assert any(line.endswith(" 10000") for line in series_lines(exporter)), "they were counted"


def test_the_tags_of_a_run_are_the_same_for_each_of_its_kind() -> None:
    from airflow.models.dagrun import DagRun

    runs = [DagRun(dag_id="ml_pipeline", run_id=f"scheduled__{number}", run_type="scheduled") for number in range(3)]
    assert [run.stats_tags for run in runs] == [{"dag_id": "ml_pipeline", "run_type": "scheduled"}] * 3
    assert task_tags(1) == task_tags(2) == {"dag_id": "ml_pipeline", "task_id": "train"}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_compose_turns_off_the_tags_that_are_new_with_each_run(name: str, compose: dict[str, Any]) -> None:
    from airflow.sdk._shared.observability.metrics.validators import PatternBlockListValidator

    disabled = compose["x-airflow-environment"][DISABLED]
    assert not PatternBlockListValidator(disabled).test(name)
    assert all(map(PatternBlockListValidator(disabled).test, BOUNDED)), "nor any that panels group by"


def test_every_tag_that_an_airflow_sent_is_bounded(shared_data: Path) -> None:
    lines = (shared_data / "statsd_wire.tsv").read_text().splitlines()
    heads = [line.split("\t")[1].partition(":")[0] for line in lines]
    assert {tag.partition("=")[0] for head in heads for tag in head.split(",")[1:]} <= BOUNDED


def test_an_embedded_airflow_turns_them_off_too(
    airflow_file: Callable[[str], Any], compose: dict[str, Any], repository: Path
) -> None:
    """It leaves Airflow's own setting, which names those that Airflow has, or sets that of compose.yaml."""
    from airflow.sdk._shared.observability.metrics.validators import PatternBlockListValidator

    options = airflow_file("config_templates/config.yml")["metrics"]["options"]
    validator = PatternBlockListValidator(options["statsd_disabled_tags"]["default"])
    assert [name for name in ("run_id", "dagrun_id", "job_id") if validator.test(name)] == []
    sources = "".join(path.read_text(encoding="utf-8") for path in (repository / "pipelines/embedded").rglob("*.py"))
    assert "statsd_disabled_tags" not in sources or compose["x-airflow-environment"][DISABLED] in sources


def test_every_tag_of_ours_says_what_bounds_it() -> None:
    assert {tag for metric in METRICS.values() for tag in metric.tags} == set(TAGS)
    assert not set(TAGS) & set(UNBOUNDED)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_bound_of_a_metric_is_in_the_documentation(metric: Any, repository: Path) -> None:
    page = (repository / "docs/metrics.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{metric.series}` |")]
    assert f" | {metric.bound} | " in row


def test_a_value_that_the_code_does_not_fix_is_refused(airflow_stats: Any, exporter: StatsdExporter) -> None:
    metric = METRICS["ml.deployments_total"]
    with pytest.raises(ValueError, match="the values of outcome are deployed, unchanged, refused"):
        emit(metric, 1, dag_id="d", model="m", outcome="refused because of 17 rows")
    assert names_of(exporter) == set()


def test_a_label_that_is_taken_away_is_empty_for_all(exporter: StatsdExporter) -> None:
    for dag in traffic.make_dags(3):
        exporter.take("\n".join([*traffic.start_lines(dag), traffic.dependency_check(dag)]))
        for task_id in dag.tasks:
            exporter.take("\n".join(traffic.task_lines(dag, task_id, 3)))
    counts = {name.partition("{")[0]: 0 for name in names_of(exporter)}
    for name in names_of(exporter):
        counts[name.partition("{")[0]] += 1
    assert counts["airflow_dagrun_dependency_check_count"] == 1
    assert counts["airflow_dagrun_first_task_scheduling_delay_count"] == 1
    assert counts["airflow_task_scheduled_duration_count"] == 3  # one for each DAG
    assert counts["airflow_task_duration_count"] == 8 + 9 + 10  # one for each task


@pytest.mark.parametrize(
    ("after", "gone", "kept"),
    [
        (301, (*SHORT_LIVED, "airflow_pool_open_slots"), (*OF_DAGS, "ml_model_version")),
        (31 * DAY, SHORT_LIVED, (*OF_DAGS, "ml_model_version")),
        (36 * DAY, ("",), ()),
    ],
    ids=["minutes", "a month", "more than 35 days"],
)
def test_what_is_gone_from_airflow_goes_from_the_exporter(
    exporter: StatsdExporter, clock: Clock, after: float, gone: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    dags = traffic.make_dags(1)
    exporter.take("\n".join([*traffic.everything_once(dags), *traffic.while_working(dags)]))
    exporter.take("airflow.ml.model_version,dag_id=d,model=m,alias=champion:3|g")
    assert [start for start in gone if not any(name.startswith(start) for name in names_of(exporter))] == []
    clock.now = after
    left = names_of(exporter)
    assert [name for name in left if name.startswith(gone)] == []
    assert [start for start in kept if not any(name.startswith(start) for name in left)] == []


def test_no_rule_reads_more_than_six_hours_of_what_each_task_has(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    """A day of 28,000 series takes 8 s to read, three days 24 s; the rules are evaluated each 15 or 30 s."""
    dags = traffic.make_dags(1)
    families = count_families(series_lines(take_all(traffic.everything_once(dags))))
    per_task = {name for owner, name, _ in families if owner == "per task"}
    expressions = [rule["expr"] for rules in rule_files.values() for rule in rules]
    windows = [found for each in expressions for found in re.findall(r"(\w+)(?:\{[^}]*\})?\[(\d+)([smhd])\]", each)]
    assert {name for name, *_ in windows} & per_task
    read = {(name, int(number) * SECONDS[unit]) for name, number, unit in windows if name in per_task}
    assert {(name, length) for name, length in read if length > 6 * SECONDS["h"]} == set()
