"""Measures what metrics cost with 1,000 DAGs and a million task instances a day: series, packets, bytes, memory.

Run with ``make bench-metrics`` (Debian: ``apt install prometheus``); 25 minutes, most of it waiting.
``docs/capacity.md`` has the figures. The traffic is that of ``airflow_traffic.py``, the mapping and the rules are the
project's, statsd_exporter is the double of ``tests/exporter``, and Prometheus is the real one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.bench import airflow_traffic as traffic
from tests.bench.airflow_traffic import DAY, Dag
from tests.exporter.statsd_exporter import StatsdExporter
from tests.running.airflow_instance import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
MAPPING = REPOSITORY / "prometheus" / "statsd_mapping.yml"
INSTANCES_A_DAY = 1_000_000
SCRAPE = 15
_OF_A_DAG = f'dag_id="{traffic.PREFIX}'
_SERIES = re.compile(r"(\w+?)(?:\{(.*)\})? \S+")
_OWNERS = {"task_id": "per task", "dag_id": "per DAG"}
_GROUPS = ("fixed", "per DAG", "per task")


@dataclass(frozen=True, slots=True)
class Share:
    """How many series a group of metrics has."""

    plain: int
    histograms: int

    @property
    def all(self) -> int:
        return self.plain + self.histograms


@dataclass(frozen=True, slots=True)
class Disk:
    """One block of Prometheus's."""

    samples: int
    series: int
    chunk_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Server:
    """What a real Prometheus took; the seconds are the shortest of five minutes, as other programs take their part."""

    series: int
    megabytes: float
    cores: float
    scrape_seconds: float
    rules_seconds: float
    wal_bytes_per_sample: float
    samples: int


def series_lines(exporter: StatsdExporter) -> list[str]:
    """Give one line for each series of Airflow and of the project."""
    return [line for line in exporter.render().splitlines() if not line.startswith(("#", "statsd_exporter_"))]


def take_all(lines: Iterable[str], *, mapping: Path = MAPPING, clock: Any = time.monotonic) -> StatsdExporter:
    """Let an exporter take lines, one packet each."""
    exporter = StatsdExporter(mapping, clock)
    for line in lines:
        exporter.take(line)
    return exporter


def count_families(lines: Iterable[str]) -> Counter[tuple[str, str, bool]]:
    """Count the series of each metric: what has them (a task, a DAG, nothing), the name, whether it is a histogram."""
    families: Counter[tuple[str, str, bool]] = Counter()
    split = [_SERIES.fullmatch(line).groups(default="") for line in lines]  # type: ignore[union-attr]
    histograms = {series.removesuffix("_bucket") for series, _ in split if series.endswith("_bucket")}
    for series, labels in split:
        found = [owner for key, owner in _OWNERS.items() if re.search(rf'\b{key}="[^"]', labels)]
        base = re.sub(r"_(bucket|sum|count)$", "", series)
        name = base if base in histograms else series
        families[found[0] if found else "fixed", name, base in histograms] += 1
    return families


def count_series(lines: Iterable[str]) -> dict[str, Share]:
    """Sort series into fixed ones, those that each DAG has, and those that each task has."""
    families = count_families(lines)

    def of(group: str, *, histograms: bool) -> int:
        return sum(
            count
            for (owner, _, is_histogram), count in families.items()
            if (owner, is_histogram) == (group, histograms)
        )

    return {group: Share(of(group, histograms=False), of(group, histograms=True)) for group in _GROUPS}


def packets_a_second(dags: tuple[Dag, ...], runs_a_day: float, seconds: float) -> tuple[float, int]:
    """Count the lines of some time, each a packet: how many a second, and in the busiest one."""
    by_second = Counter(int(when) for when, _ in traffic.work(dags, runs_a_day=runs_a_day, seconds=seconds))
    return sum(by_second.values()) / seconds, max(by_second.values())


def most_packets(lines: list[str]) -> tuple[int, int]:
    """Send faster and faster to the double, a process of its own, until some get lost: the last good rate, that one."""
    good = 0
    for rate in (1_000, 2_000, 5_000, 10_000, 20_000, 40_000):
        if _lost(lines, rate):
            return good, rate
        good = rate
    return good, 0


def _lost(lines: list[str], rate: int, seconds: float = 3.0) -> int:
    command = [sys.executable, "-m", "tests.exporter.statsd_exporter", str(MAPPING), "0", "0"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        udp_port, http_port = (int(port) for port in process.stdout.readline().split())
        try:
            sent = _send(lines, udp_port, rate, seconds)
            time.sleep(1)
            page = _get(f"http://127.0.0.1:{http_port}/metrics").decode()
        finally:
            process.terminate()
    taken = re.search(r"^statsd_exporter_lines_total (\d+)$", page, re.MULTILINE)
    return sent - int(taken[1]) if taken else sent


def _send(lines: list[str], port: int, rate: int, seconds: float) -> int:
    start, sent = time.monotonic(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        while (passed := time.monotonic() - start) < seconds:
            while sent < passed * rate:
                client.sendto(lines[sent % len(lines)].encode(), ("127.0.0.1", port))
                sent += 1
            time.sleep(0.001)
    return sent


def write_work(folder: Path, dags: tuple[Dag, ...], *, runs_a_day: float, hours: int, mapping: Path = MAPPING) -> None:
    """Write what a scrape each 15 s would have seen of some hours, as OpenMetrics text: fixed series, those of DAGs."""
    seconds = hours * 3600
    first = int(time.time()) // seconds * seconds - 2 * seconds  # a block begins at a multiple of its length
    now = 0.0
    exporter = take_all(traffic.everything_once(dags), mapping=mapping, clock=lambda: now)
    events = traffic.work(dags, runs_a_day=runs_a_day, seconds=seconds)
    waiting = next(events, None)
    with (folder / "fixed.om").open("w") as fixed, (folder / "dags.om").open("w") as of_dags:
        for tick in range(0, seconds, SCRAPE):
            now = float(tick)
            while waiting and waiting[0] <= tick:
                exporter.take(waiting[1])
                waiting = next(events, None)
            for line in series_lines(exporter):
                (of_dags if _OF_A_DAG in line else fixed).write(f"{line} {first + tick}\n")
        for file in (fixed, of_dags):
            file.write("# EOF\n")


def measure_disk(folder: Path, dags: tuple[Dag, ...], **how: Any) -> tuple[Disk, Disk]:
    """Let promtool make a block of the fixed series and one of those of DAGs, as Prometheus has them in the end."""
    write_work(folder, dags, **how)
    return _make_block(folder, "fixed", how["hours"]), _make_block(folder, "dags", how["hours"])


def _make_block(folder: Path, name: str, hours: int) -> Disk:
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", f"--max-block-duration={hours}h"]
    subprocess.run([*command, f"{name}.om", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / f"{name}.om").unlink()
    [meta] = (folder / name).glob("*/meta.json")
    return _read_block(meta.parent)


def _read_block(block: Path) -> Disk:
    facts = json.loads((block / "meta.json").read_text())["stats"]
    chunks = sum(path.stat().st_size for path in (block / "chunks").iterdir())
    return Disk(facts["numSamples"], facts["numSeries"], chunks, (block / "index").stat().st_size)


class _Page(BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve(text: str) -> Iterator[int]:
    """Serve a text as ``/metrics``, compressed as the real exporter does; gives the port."""
    page = type("Page", (_Page,), {"body": gzip.compress(text.encode(), 1)})
    with HTTPServer(("127.0.0.1", 0), page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def run_prometheus(folder: Path, exporter_port: int, scrape: int = SCRAPE) -> Iterator[tuple[int, int]]:
    """Run Debian's Prometheus with the project's rules on one exporter; gives its port and its process id."""
    port = free_port()
    jobs = [("statsd-exporter", exporter_port), ("prometheus", port)]
    configuration = {
        "global": {"scrape_interval": f"{scrape}s", "evaluation_interval": f"{scrape}s"},
        "rule_files": [str(REPOSITORY / "prometheus" / "rules" / "*.yml")],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]} for name, target in jobs
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
    options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(["prometheus", *options], cwd=folder, stdout=log, stderr=log)
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(60)


def measure_server(folder: Path, text: str, minutes: float, *, scrape: int = SCRAPE) -> Server:
    """Scrape all series for some minutes."""
    with serve(text) as exporter, run_prometheus(folder, exporter, scrape) as (port, pid):
        time.sleep(minutes * 60)
        peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        ask = _asker(port)
        samples = ask("sum(prometheus_tsdb_head_samples_appended_total)")
        wal = sum(path.stat().st_size for path in (folder / "data" / "wal").iterdir() if path.is_file())
        return Server(
            series=int(ask("prometheus_tsdb_head_series")),
            megabytes=int(peak[1]) / 1024 if peak else 0.0,
            cores=ask("rate(process_cpu_seconds_total[5m])"),
            scrape_seconds=ask('min(min_over_time(scrape_duration_seconds{job="statsd-exporter"}[5m]))'),
            rules_seconds=ask("sum(min_over_time(prometheus_rule_group_last_duration_seconds[5m]))"),
            wal_bytes_per_sample=wal / samples,
            samples=int(samples),
        )


def measure_read(folder: Path, *, series: int = 100, days: int = 3) -> float:
    """Let a rule's expression read days of counters; gives the nanoseconds for each sample, at best."""
    ticks = range(0, days * DAY, SCRAPE)
    first = int(time.time()) // DAY * DAY - (days + 1) * DAY
    with (folder / "counters.om").open("w") as file:
        for number in range(series):
            file.writelines(f'ti_finish{{task_id="{number}"}} {t // 1200 + number} {first + t}\n' for t in ticks)
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=54h"]
    subprocess.run([*command, "counters.om", "data"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "counters.om").unlink()
    question = {"query": f"sum(rate(ti_finish[{days}d]))", "time": first + ticks[-1], "stats": "all"}
    with run_prometheus(folder, free_port()) as (port, _):
        wait_for(port)
        answers = [_get(f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode(question)}") for _ in range(30)]
    stats = [json.loads(answer)["data"]["stats"] for answer in answers]
    samples = stats[0]["samples"]["totalQueryableSamples"]
    return float(min(each["timings"]["evalTotalTime"] for each in stats)) / int(samples) * 1e9


def wait_for(port: int, seconds: float = 60) -> None:
    """Wait until Prometheus answers."""
    deadline = time.monotonic() + seconds
    while not _is_ready(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Prometheus does not answer at port {port}")
        time.sleep(0.2)


def _is_ready(port: int) -> bool:
    try:
        _get(f"http://127.0.0.1:{port}/-/ready")
    except OSError:
        return False
    return True


def _asker(port: int) -> Any:
    def ask(expression: str) -> float:
        answer = _get(f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        [result] = json.loads(answer)["data"]["result"]
        return float(result["value"][1])

    return ask


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def _print(*cells: object) -> None:
    first, *rest = (
        f"{cell:,}" if isinstance(cell, int) else f"{cell:,.2f}" if isinstance(cell, float) else str(cell)
        for cell in cells
    )
    sys.stdout.write(f"{first:<44}{''.join(f'{cell:>14}' for cell in rest)}\n")
    sys.stdout.flush()


def print_series(dags: tuple[Dag, ...], mapping: Path) -> str:
    """Print what there is of each group; gives the exporter's page."""
    sent = (*traffic.everything_once(dags), *traffic.rare_lines(dags[0]), *traffic.while_working(dags))
    exporter = take_all(sent, mapping=mapping)
    text = exporter.render()
    lines = [line for line in text.splitlines() if not line.startswith(("#", "statsd_exporter_"))]
    shares = count_series(lines)
    tasks = sum(len(dag.tasks) for dag in dags)
    _print("series", "of histograms", "others", "all", "of one")
    for (group, share), count in zip(shares.items(), (1, len(dags), tasks), strict=True):
        _print(f"{group} ({count:,})", share.histograms, share.plain, share.all, share.all / count)
    histograms, everything = (sum(getattr(share, key) for share in shares.values()) for key in ("histograms", "all"))
    _print("all", histograms, everything - histograms, everything)
    _print("share of histograms, %", 100 * histograms / everything)
    for (group, name, _), number in sorted(count_families(lines).items()):
        if group != "fixed":
            _print(f"  {group}: {name}", number / (tasks if group == "per task" else len(dags)))
    _print("bytes of a scrape, and compressed", len(text), len(gzip.compress(text.encode(), 1)))
    return text


def print_packets(dags: tuple[Dag, ...], runs_a_day: float) -> None:
    """Print how many UDP packets Airflow sends, and how many the double takes."""
    mean, most = packets_a_second(dags, runs_a_day, 300)
    _print("packets a second, and in the busiest of 300 s", mean, most)
    lines = list(traffic.everything_once(dags[:20]))
    good, bad = most_packets(lines)
    _print("the double takes all at, and loses some at", good, bad or "-")


def print_disk(folder: Path, dags: tuple[Dag, ...], times: float, **how: Any) -> None:
    """Print the bytes of a sample, and of a day and 30 days with all DAGs."""
    blocks = measure_disk(folder, dags, **how)
    _print(f"{how['hours']} h of {len(dags)} DAGs", "series", "samples", "chunks, B", "index, B", "B of a sample")
    for name, block in zip(("fixed", "of DAGs"), blocks, strict=True):
        size = block.chunk_bytes + block.index_bytes
        _print(name, block.series, block.samples, block.chunk_bytes, block.index_bytes, size / block.samples)
    sizes = [block.chunk_bytes + block.index_bytes for block in blocks]
    a_day = (sizes[0] + sizes[1] * times) * 24 / how["hours"]
    _print("GB a day and 30 days, all DAGs", a_day / 1e9, 30 * a_day / 1e9)


def print_server(folder: Path, text: str, minutes: float) -> None:
    """Print what Prometheus takes with all series."""
    server = measure_server(folder, text, minutes)
    _print("Prometheus: series, samples so far", server.series, server.samples)
    _print("MB of memory at most, and kB of a series", server.megabytes, server.megabytes * 1024 / server.series)
    _print("cores", server.cores)
    _print("seconds of a scrape, and of all rules once", server.scrape_seconds, server.rules_seconds)
    _print("bytes of a sample in the write-ahead log", server.wal_bytes_per_sample)


def print_read(folder: Path, tasks: int) -> None:
    """Print what it takes to read days of two series of each task, as the error budget would."""
    nanoseconds = measure_read(folder)
    a_day = 2 * tasks * DAY / SCRAPE * nanoseconds / 1e9
    _print("ns to read a sample; s for a day, for 3 days", nanoseconds, 1.5 * a_day, 4.5 * a_day)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dags", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=6, help="of the block on disk: 2, 6, 18 or 54")
    parser.add_argument("--sample", type=int, default=13, help="DAGs in the block on disk")
    parser.add_argument("--mapping", type=Path, default=MAPPING, help="another statsd_mapping.yml, to compare")
    parser.add_argument(
        "--minutes", type=float, default=18, help="that Prometheus runs; alerts on what is new are over after 10"
    )
    options = parser.parse_args()
    if not all(map(shutil.which, ("prometheus", "promtool"))):
        parser.error("Prometheus is not installed (Debian: prometheus)")
    dags = traffic.make_dags(options.dags)
    tasks = sum(len(dag.tasks) for dag in dags)
    runs_a_day = INSTANCES_A_DAY / tasks
    _print("DAGs, tasks, runs of each DAG a day", len(dags), tasks, runs_a_day)
    text = print_series(dags, options.mapping)
    print_packets(dags, runs_a_day)
    sample = dags[: options.sample]
    with tempfile.TemporaryDirectory() as name:
        how = {"runs_a_day": runs_a_day, "hours": options.hours, "mapping": options.mapping}
        print_disk(Path(name), sample, len(dags) / len(sample), **how)
    with tempfile.TemporaryDirectory() as name:
        print_read(Path(name), tasks)
    with tempfile.TemporaryDirectory() as name:
        print_server(Path(name), text, options.minutes)


if __name__ == "__main__":
    main()
