"""The test double of statsd_exporter gives what the real one gave for Airflow's own traffic."""

from __future__ import annotations

import re
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from tests.exporter.statsd_exporter import RunningExporter, StatsdExporter, number

MAPPING = """
defaults:
  observer_type: histogram
  histogram_options: {buckets: [0.1, 1]}
mappings:
  - {match: "a.gone", action: drop, name: dropped}
  - {match: "a.short", name: a_short, ttl: 5m}
  - {match: "a.*.by_name", name: a_by_name, labels: {which: "$1"}}
  - {match: "a.*", name: "mapped_$1", match_metric_type: gauge}
  - {match: "^b[.](.*)[.]end$", match_type: regex, name: "b_$1"}
  - {match: "c.seconds", name: c_seconds, scale: 1000}
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yml"
    path.write_text(MAPPING)
    return path


def rendered(mapping: Path, *packets: str) -> str:
    exporter = StatsdExporter(mapping)
    for packet in packets:
        exporter.take(packet)
    return "".join(line for line in exporter.render().splitlines(keepends=True) if "statsd_exporter_" not in line)


def samples(mapping: Path, *packets: str) -> list[str]:
    return [line for line in rendered(mapping, *packets).splitlines() if not line.startswith("#")]


def test_recorded_traffic_of_airflow_gives_what_the_real_exporter_gave(shared_data: Path) -> None:
    exporter = StatsdExporter(shared_data / "statsd_mapping_used.yml", clock=lambda: 0)
    for line in (shared_data / "statsd_wire.tsv").read_text().splitlines():
        exporter.take(line.partition("\t")[2])
    recorded = (shared_data / "statsd_exporter_output.txt").read_text().splitlines()
    mine = exporter.render().splitlines()

    def of_airflow(lines: list[str]) -> list[str]:
        return [line for line in lines if re.match(r"(# (HELP|TYPE) )?airflow_", line)]

    assert of_airflow(mine) == of_airflow(recorded)
    own = [line for line in mine if line.startswith("statsd_exporter_")]
    assert len(own) > 8
    assert [line for line in own if line not in recorded] == []


def test_tags_become_labels_and_counters_add_up(mapping: Path) -> None:
    assert samples(mapping, "ti.finish,dag_id=x,state=success:1|c", "ti.finish,dag_id=x,state=success:2|c") == [
        'ti_finish{dag_id="x",state="success"} 3'
    ]


def test_milliseconds_become_seconds_in_a_histogram(mapping: Path) -> None:
    assert samples(mapping, "t:100|ms\nt:500|ms\nt:3000|ms") == [
        't_bucket{le="0.1"} 1',
        't_bucket{le="1"} 2',
        't_bucket{le="+Inf"} 3',
        "t_sum 3.6",
        "t_count 3",
    ]


def test_a_scale_repairs_seconds_that_are_sent_as_milliseconds(mapping: Path) -> None:
    assert "c_seconds_sum 0.5" in samples(mapping, "c.seconds:0.5|ms")


def test_the_first_mapping_that_fits_counts_and_one_of_another_type_does_not(mapping: Path) -> None:
    packets = ("a.gone:1|g", "a.one.by_name:1|c", "a.b:1|g", "a.b:1|c", "b.x.y.end:2|g", "no.mapping-at-all:1|g")
    assert samples(mapping, *packets) == [
        "a_b 1",
        'a_by_name{which="one"} 1',
        "b_x_y 2",
        "mapped_b 1",
        "no_mapping_at_all 1",
    ]


def test_a_gauge_takes_a_value_or_a_difference(mapping: Path) -> None:
    assert samples(mapping, "g:5|g", "g:+2|g", "g:-4|g") == ["g 3"]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("nothing", 'statsd_exporter_sample_errors_total{reason="malformed_line"} 1'),
        ("x:1", 'statsd_exporter_sample_errors_total{reason="malformed_component"} 1'),
        ("x:one|c", 'statsd_exporter_sample_errors_total{reason="malformed_value"} 1'),
        ("x:-1|c", 'statsd_exporter_events_error_total{reason="illegal_negative_counter"} 1'),
        ("x,tag:1|c", "statsd_exporter_tag_errors_total 1"),
    ],
)
def test_bad_lines_are_counted(mapping: Path, line: str, count: str) -> None:
    exporter = StatsdExporter(mapping)
    exporter.take(line)
    assert count in exporter.render().splitlines()


def test_a_series_is_forgotten_when_its_time_is_over(mapping: Path) -> None:
    now = 0.0
    exporter = StatsdExporter(mapping, clock=lambda: now)
    exporter.take("a.short:1|g")
    now = 299.0
    assert "a_short 1" in exporter.render()
    now = 301.0
    assert "a_short" not in exporter.render()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.5, "-0.5"), (20_000.0, "20000"), (1e6, "1e+06"), (1_234_567.0, "1.234567e+06"), (0.00001, "1e-05"),
     (0.0001, "0.0001"), (6.841730999999999, "6.841730999999999"), (float("inf"), "+Inf")],
)  # fmt: skip
def test_numbers_are_written_as_go_does(value: float, text: str) -> None:
    assert number(value) == text


def test_it_listens_and_answers(mapping: Path) -> None:
    with RunningExporter(mapping) as running, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x,dag_id=d:1|c", ("127.0.0.1", running.udp_port))
        deadline = time.monotonic() + 10
        page = ""
        while "x{" not in page and time.monotonic() < deadline:
            with urllib.request.urlopen(f"http://127.0.0.1:{running.http_port}/metrics") as answer:
                page = answer.read().decode()
            time.sleep(0.02)
    assert 'x{dag_id="d"} 1' in page
