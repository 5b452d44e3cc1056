"""A test double of statsd_exporter: StatsD lines over UDP in, the Prometheus text format over HTTP out.

It knows what our mapping and Airflow use: InfluxDB tags, glob and regex mappings, drops, scales, histograms, expiry. On
recorded traffic of Airflow its output is the real program's, to the letter (test_statsd_exporter.py).

Run as ``python -m tests.exporter.statsd_exporter MAPPING UDP_PORT HTTP_PORT``; a port of 0 takes a free one.
"""

from __future__ import annotations

import bisect
import math
import re
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

Labels = tuple[tuple[str, str], ...]
_KINDS = {"c": "counter", "g": "gauge", "ms": "observer", "h": "observer", "d": "observer"}
_DURATION = re.compile(r"([0-9.]+)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SMALL, _LARGE = 4, 6
"""Powers of ten from which on Go writes an exponent."""
_DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def seconds(duration: str) -> float:
    """Read Go's form of a duration, as in ``5m``."""
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(duration))


@dataclass(frozen=True, slots=True)
class Rule:
    """One mapping."""

    pattern: re.Pattern[str]
    name: str
    labels: Mapping[str, str]
    drops: bool
    only: str
    """``counter``, ``gauge`` or ``observer``; empty for all."""
    scale: float
    buckets: tuple[float, ...]
    ttl: float
    """Seconds after which a series without a new value is forgotten; 0 for never."""


def read_rules(path: Path) -> tuple[list[Rule], Rule]:
    """Read a mapping file; the last one is for what no mapping is for."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    defaults = document.get("defaults", {})
    if defaults.get("observer_type") != "histogram":
        raise ValueError("only observer_type: histogram is known here")
    return [_rule(entry, defaults) for entry in document.get("mappings", ())], _rule(
        {"match": "", "name": ""}, defaults
    )


def _rule(entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Rule:
    is_regex = entry.get("match_type", defaults.get("match_type", "glob")) == "regex"
    pattern = entry["match"] if is_regex else re.escape(entry["match"]).replace(r"\*", "([^.]*)") + r"\Z"
    options = {**defaults.get("histogram_options", {}), **entry.get("histogram_options", {})}
    return Rule(
        re.compile(pattern),
        entry["name"],
        entry.get("labels", {}),
        entry.get("action") == "drop",
        entry.get("match_metric_type", ""),
        float(entry.get("scale", 1)),
        tuple(options.get("buckets", _DEFAULT_BUCKETS)),
        seconds(entry.get("ttl", defaults.get("ttl", "0s"))),
    )


@dataclass(slots=True)
class Series:
    """One series: a number, or the counts of a histogram."""

    value: float = 0.0
    counts: list[int] = field(default_factory=list)
    expires: float = math.inf


@dataclass(slots=True)
class Family:
    """All series of one name."""

    kind: str
    buckets: tuple[float, ...]
    series: dict[Labels, Series] = field(default_factory=dict)


class StatsdExporter:
    """Takes StatsD lines in and writes the text format out."""

    def __init__(self, mapping: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules, self._unmapped = read_rules(mapping)
        self._clock = clock
        self._families: dict[str, Family] = {}
        self._own: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def take(self, packet: str) -> None:
        """Take one UDP packet."""
        with self._lock:
            self._own["udp_packets_total", ""] += 1
            for line in packet.splitlines():
                if line:
                    self._own["lines_total", ""] += 1
                    self._take_line(line)

    def _take_line(self, line: str) -> None:
        head, colon, samples = line.partition(":")
        if not colon:
            self._own["sample_errors_total", 'reason="malformed_line"'] += 1
            return
        name, *tags = head.split(",")
        labels: dict[str, str] = {}
        for tag in tags:
            key, equals, value = tag.partition("=")
            if not (equals and key and value):
                self._own["tag_errors_total", ""] += 1
                continue
            labels[_escape(key)] = value
        self._own["tags_total", ""] += bool(tags)
        for sample in samples.split(":"):
            self._own["samples_total", ""] += 1
            parts = sample.split("|")
            if len(parts) < 2 or parts[1] not in _KINDS:
                self._own["sample_errors_total", 'reason="malformed_component"'] += 1
                continue
            self._take_sample(name, labels, parts[0], parts[1])

    def _take_sample(self, name: str, labels: Mapping[str, str], text: str, code: str) -> None:
        try:
            value = float(text)
        except ValueError:
            self._own["sample_errors_total", 'reason="malformed_value"'] += 1
            return
        kind = _KINDS[code]
        rule, mapped, more = self._find(name, kind)
        if rule.drops:
            self._own["events_actions_total", 'action="drop"'] += 1
            return
        if rule is self._unmapped:
            self._own["events_unmapped_total", ""] += 1
        else:
            self._own["events_actions_total", 'action="map"'] += 1
        if kind == "counter" and value < 0:
            self._own["events_error_total", 'reason="illegal_negative_counter"'] += 1
            return
        value = (value / 1000 if code == "ms" else value) * rule.scale
        is_relative = kind == "gauge" and text[:1] in "+-"
        self._store(rule, mapped, tuple(sorted({**labels, **more}.items())), kind, value, is_relative)

    def _find(self, name: str, kind: str) -> tuple[Rule, str, dict[str, str]]:
        for rule in self._rules:
            if rule.only in ("", kind) and (found := rule.pattern.match(name)):
                fill = _filler(found)
                return rule, _escape(fill(rule.name)), {key: fill(text) for key, text in rule.labels.items()}
        return self._unmapped, _escape(name), {}

    def _store(self, rule: Rule, name: str, labels: Labels, kind: str, value: float, is_relative: bool) -> None:
        stored = "histogram" if kind == "observer" else kind
        family = self._families.setdefault(name, Family(stored, rule.buckets))
        if family.kind != stored:
            self._own["events_conflict_total", f'type="{kind}"'] += 1
            return
        self._own["events_total", f'type="{kind}"'] += 1
        series = family.series.setdefault(labels, Series(counts=[0] * (len(family.buckets) + 1)))
        series.expires = self._clock() + rule.ttl if rule.ttl else math.inf
        if kind == "gauge" and not is_relative:
            series.value = value
        else:
            series.value += value
        if kind == "observer":
            series.counts[bisect.bisect_left(family.buckets, value)] += 1

    def render(self) -> str:
        """Write all series that have not expired, sorted, and what there is to say of the exporter itself."""
        with self._lock:
            now = self._clock()
            for family in self._families.values():
                for labels in [labels for labels, series in family.series.items() if series.expires < now]:
                    del family.series[labels]
            return "".join(line + "\n" for line in (*self._lines(), *self._own_lines()))

    def _lines(self) -> Iterator[str]:
        for name, family in sorted(self._families.items()):
            if not family.series:
                continue
            yield f"# HELP {name} Metric autogenerated by statsd_exporter."
            yield f"# TYPE {name} {family.kind}"
            for labels, series in sorted(family.series.items(), key=lambda item: [value for _, value in item[0]]):
                if family.kind != "histogram":
                    yield f"{name}{_braces(labels)} {number(series.value)}"
                    continue
                total = 0
                for bound, count in zip((*family.buckets, math.inf), series.counts, strict=True):
                    total += count
                    yield f"{name}_bucket{_braces((*labels, ('le', number(bound))))} {total}"
                yield f"{name}_sum{_braces(labels)} {number(series.value)}"
                yield f"{name}_count{_braces(labels)} {total}"

    def _own_lines(self) -> Iterator[str]:
        counts = self._own.copy()
        for name in ("udp_packets_total", "udp_packet_drops_total", "lines_total", "events_unmapped_total"):
            counts.setdefault((name, ""), 0)
        for name in sorted({name for name, _ in counts}):
            yield f"# TYPE statsd_exporter_{name} counter"
            for (own, label), count in sorted(counts.items()):
                if own == name:
                    yield f"statsd_exporter_{name}{'{' + label + '}' if label else ''} {count}"


def _filler(found: re.Match[str]) -> Callable[[str], str]:
    return lambda text: re.sub(r"\$\{?(\d+)\}?", lambda group: found[int(group[1])], text)


def _escape(name: str) -> str:
    escaped = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"_{escaped}" if escaped[:1].isdigit() else escaped


def _braces(labels: Labels) -> str:
    quoted = (f'{key}="{value}"' for key, value in ((k, _quote(v)) for k, v in labels))
    return "{" + ",".join(quoted) + "}" if labels else ""


def _quote(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def number(value: float) -> str:
    """Write a number as Go does (``strconv.FormatFloat(x, 'g', -1, 64)``)."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    shortest = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) + int(exponent) - 1
    minus = "-" if sign else ""
    if shortest == "0":
        return "0"
    if -_SMALL <= power < _LARGE:
        text = f"{Decimal(repr(abs(value))):f}"
        return minus + (text.rstrip("0").rstrip(".") if "." in text else text)
    return f"{minus}{shortest[0]}{'.' + shortest[1:] if len(shortest) > 1 else ''}e{power:+03d}"


class _Receiver(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.server.exporter.take(self.request[0].decode("utf-8", "replace"))  # type: ignore[attr-defined]


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.server.exporter.render().encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class RunningExporter:
    """The exporter at work on two ports of this machine; ``with RunningExporter(mapping) as exporter``."""

    def __init__(self, mapping: Path, *, host: str = "127.0.0.1", udp_port: int = 0, http_port: int = 0) -> None:
        self.exporter = StatsdExporter(mapping)
        self._udp = socketserver.UDPServer((host, udp_port), _Receiver)
        self._udp.max_packet_size = 65535
        self._http = ThreadingHTTPServer((host, http_port), _Page)
        for server in (self._udp, self._http):
            server.exporter = self.exporter  # type: ignore[attr-defined]
        self._threads = [threading.Thread(target=s.serve_forever, daemon=True) for s in (self._udp, self._http)]

    @property
    def udp_port(self) -> int:
        """Where StatsD lines go."""
        return int(self._udp.server_address[1])

    @property
    def http_port(self) -> int:
        """Where ``/metrics`` is."""
        return int(self._http.server_address[1])

    def __enter__(self) -> RunningExporter:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._udp, self._http):
            server.shutdown()
            server.server_close()


def main() -> None:
    """Serve until killed; the ports are the first line that is printed."""
    with RunningExporter(Path(sys.argv[1]), udp_port=int(sys.argv[2]), http_port=int(sys.argv[3])) as running:
        sys.stdout.write(f"{running.udp_port} {running.http_port}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
