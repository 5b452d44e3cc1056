"""Writes docs/metrics.md from operators/stats.py: ``.venv/bin/python -m tests.docs.metrics_page > docs/metrics.md``."""

from __future__ import annotations

import sys

from operators.stats import METRICS, TAGS

_INTRODUCTION = """\
# Metrics of this project

<!-- Made by tests/docs/metrics_page.py from operators/stats.py; do not edit. -->

What the operators send beside Airflow's own metrics, through Airflow's own stats: `[metrics] statsd_on` (and
`statsd_influxdb_enabled`, for the tags) turns them on. The names are those in Prometheus; on the wire `ml_data_rows` is
`airflow.ml.data_rows`. A tag never holds a run, a text or an address, so the number of series is bounded by the YAML:
the column *series* says how many there are at most, and [capacity](capacity.md) what they cost. A verdict is a number:
0 pass, 1 warn, 2 inconclusive, 3 fail. Higher is worse, so `max` gives the worst.
"""


def metrics_page() -> str:
    """Give the page, in Markdown."""
    lines = [_INTRODUCTION, "| metric | kind | labels | series | unit | meaning |", "|---|---|---|---|---|---|"]
    for metric in METRICS.values():
        labels = ", ".join(f"`{tag}`" for tag in metric.tags)
        cells = (f"`{metric.series}`", metric.kind, labels, metric.bound, metric.unit, metric.description)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## What bounds the labels", "", "| label | counts | values |", "|---|---|---|"]
    for name, tag in TAGS.items():
        values = f" {', '.join(f'`{value}`' for value in tag.values)}" if tag.values else ""
        lines.append(f"| `{name}` | {tag.counts} | {tag.source}{values} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
