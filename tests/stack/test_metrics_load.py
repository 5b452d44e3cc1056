"""A smaller `make bench-metrics`: its traffic is Airflow's, and each of its measurements measures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml

from tests.bench import airflow_traffic as traffic
from tests.bench.metrics import (
    MAPPING,
    Share,
    count_series,
    measure_disk,
    measure_read,
    measure_server,
    packets_a_second,
    series_lines,
    take_all,
)

ROOT = Path(__file__).resolve().parents[2]


def shapes(lines: Iterable[str]) -> set[str]:
    """Names, tag keys and types, without values."""
    return {re.sub(r"=[^,:]*|:[^|]*|(?<=dagrun\.)\w+(?=\.first_task)", "", line) for line in lines}


def test_a_line_looks_as_those_that_an_airflow_sent(shared_data: Path) -> None:
    recorded = {line.split("\t")[1] for line in (shared_data / "statsd_wire.tsv").read_text().splitlines()}
    dags = traffic.make_dags(1)
    mine = {*traffic.everything_once(dags), *traffic.rare_lines(dags[0]), *traffic.while_working(dags)}
    not_seen = {"airflow.ti.queued,queue,dag_id,task_id|g", "airflow.ti.deferred,queue,dag_id,task_id|g"}
    assert shapes(mine) - not_seen == shapes(recorded)


def test_work_is_what_is_announced_in_the_order_of_time() -> None:
    dags = traffic.make_dags(3)
    events = list(traffic.work(dags, runs_a_day=72, seconds=7200))
    assert [when for when, _ in events] == sorted(when for when, _ in events)
    finished = [line for _, line in events if line.startswith("airflow.ti.finish") and "state=success" in line]
    tasks_a_day = 72 * sum(len(dag.tasks) for dag in dags)
    assert len(finished) == pytest.approx(tasks_a_day / 12, rel=0.15)
    assert shapes(line for _, line in events) <= shapes(
        [*traffic.everything_once(dags), *traffic.rare_lines(dags[0]), *traffic.while_working(dags)]
    )


def test_series_are_counted_by_what_they_belong_to() -> None:
    lines = [
        "up 1",
        'd{dag_id=""} 1',
        'a{dag_id="d"} 2',
        'b{dag_id="d",task_id="t"} 3',
        'c_bucket{dag_id="d",task_id="",le="+Inf"} 4',
    ]
    assert count_series(lines) == {"fixed": Share(2, 0), "per DAG": Share(1, 1), "per task": Share(1, 0)}


def test_twice_the_dags_are_twice_the_series() -> None:
    one, two = (
        count_series(series_lines(take_all(traffic.everything_once(traffic.make_dags(number))))) for number in (13, 26)
    )
    assert two["per task"].all == 2 * one["per task"].all
    assert two["per DAG"].all == 2 * one["per DAG"].all
    assert two["fixed"] == one["fixed"]


def test_packets_grow_with_the_work() -> None:
    idle, _ = packets_a_second(traffic.make_dags(1), 1, 60)
    busy, most = packets_a_second(traffic.make_dags(40), 1000, 60)
    assert idle < busy < most


@pytest.mark.slow
def test_a_block_holds_each_scrape_of_each_series(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("promtool")
    dags = traffic.make_dags(1)
    fixed, of_dags = measure_disk(tmp_path, dags, runs_a_day=72, hours=2)
    expected = len(series_lines(take_all(traffic.everything_once(dags))))
    found = fixed.series + of_dags.series
    assert expected <= found <= expected + len(dags[0].tasks)  # and ti.running, while they run
    for block in (fixed, of_dags):
        assert block.samples > 0.9 * block.series * 2 * 240
        assert 0.05 < block.chunk_bytes / block.samples < 9


@pytest.mark.slow
def test_a_real_prometheus_takes_all_series(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("prometheus")
    exporter = take_all(traffic.everything_once(traffic.make_dags(5)))
    server = measure_server(tmp_path, exporter.render(), 0.15, scrape=1)
    assert server.series > len(series_lines(exporter))
    assert server.samples > 3 * len(series_lines(exporter))
    assert 0 < server.scrape_seconds < 1
    assert server.megabytes > 20
    assert server.rules_seconds > 0


def test_what_a_rule_reads_takes_its_time(tmp_path: Path, tool: Callable[[str], str]) -> None:
    tool("prometheus")
    tool("promtool")
    assert 1 < measure_read(tmp_path, series=10, days=1) < 10_000


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs/capacity.md").read_text(encoding="utf-8")


def row(page: str, first: str) -> list[str]:
    """The cells of a row of a table."""
    [line] = [line for line in page.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("| ").split("|")]


def series_of(dags: tuple[traffic.Dag, ...], mapping: Path = MAPPING) -> dict[str, Share]:
    sent = (*traffic.everything_once(dags), *traffic.rare_lines(dags[0]), *traffic.while_working(dags))
    shares = count_series(series_lines(take_all(sent, mapping=mapping)))
    tasks = sum(len(dag.tasks) for dag in dags)
    counts = {"fixed": 1, "per DAG": len(dags), "per task": tasks}
    return {
        group: Share(share.plain // counts[group], share.histograms // counts[group]) for group, share in shares.items()
    }


def test_the_page_has_the_series_of_each_dag_and_task(page: str) -> None:
    for group, share in series_of(traffic.make_dags(13)).items():
        assert row(page, group)[1:4] == [str(share.histograms), str(share.plain), str(share.all)]
    assert "series = 189 + 82 × DAGs + 23 × tasks" in page
    assert f"({sum(len(dag.tasks) for dag in traffic.make_dags(1000)):,} tasks" in page


@pytest.mark.parametrize(
    ("cut", "stats"),
    [
        ("a task's duration", ["airflow.task.duration"]),
        ("operators by task", ["airflow.operator_successes", "airflow.operator_failures"]),
    ],
)
def test_a_cut_of_the_mapping_leaves_what_the_page_says(page: str, cut: str, stats: list[str], tmp_path: Path) -> None:
    document = yaml.safe_load(MAPPING.read_text(encoding="utf-8"))
    for stat in stats:
        found = [entry for entry in document["mappings"] if entry["match"] == stat]
        entry = found[0] if found else {"match": stat, "name": stat.replace(".", "_")}
        entry["labels"] = {"task_id": ""}
        document["mappings"] += [] if found else [entry]
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump(document))
    left = series_of(traffic.make_dags(13), tmp_path / "mapping.yml")
    total = left["fixed"].all + 1000 * left["per DAG"].all + 13_994 * left["per task"].all
    assert row(page, cut)[2] == f"{round(total, -3):,}"


def test_the_block_list_of_the_page_takes_away_states_and_nothing_that_an_alert_needs(page: str) -> None:
    from airflow.sdk._shared.observability.metrics.validators import PatternBlockListValidator

    [value] = re.findall(r"AIRFLOW__METRICS__METRICS_BLOCK_LIST: ([^`]+)`", page)
    lines = [*traffic.everything_once(traffic.make_dags(1)), *traffic.while_working(traffic.make_dags(1))]
    names = {line.partition(":")[0].removeprefix("airflow.") for line in lines}
    blocked = {name.partition(",")[0] for name in names if not PatternBlockListValidator(value).test(name)}
    assert blocked == {"ti.scheduled", "ti.running", "ti.deferred"}
