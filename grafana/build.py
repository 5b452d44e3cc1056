"""Build grafana/dashboards/airflow.json from grafana/panels.yml: `python3 grafana/build.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "panels.yml"
TARGET = HERE / "dashboards" / "airflow.json"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
"""Columns of Grafana's grid."""
SIZES = {"stat": (3, 4), "gauge": (8, 8), "bargauge": (8, 8), "timeseries": (8, 8), "table": (24, 6)}
"""Columns and rows of a panel, by its type."""
LAST_VALUE = {"reduceOptions": {"calcs": ["lastNotNull"]}}
LEGEND = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
OPTIONS = {"stat": LAST_VALUE, "gauge": LAST_VALUE, "bargauge": LAST_VALUE, "timeseries": LEGEND, "table": {}}


def panel(declared: dict[str, str], number: int, x: int, y: int) -> dict[str, Any]:
    """Give Grafana's form of one panel at a place of the grid."""
    kind = declared["type"]
    width, height = SIZES[kind]
    target: dict[str, Any] = {"refId": "A", "expr": declared["expr"], "legendFormat": declared.get("legend", "__auto")}
    if kind == "table":
        target |= {"format": "table", "instant": True}
    return {
        "id": number,
        "type": kind,
        "title": declared["title"],
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {"defaults": {"unit": declared.get("unit", "short")}, "overrides": []},
        "options": OPTIONS[kind],
        "targets": [target | {"datasource": DATASOURCE}],
    }


def heading(title: str, number: int, y: int) -> dict[str, Any]:
    """Give the row that stands above a group of panels."""
    place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def lay_out(rows: dict[str, list[dict[str, str]]]) -> Iterator[dict[str, Any]]:
    """Place the panels from left to right, each row below the one before it."""
    number, y = 1, 0
    for title, declared in rows.items():
        yield heading(title, number, y)
        number, x, y, tallest = number + 1, 0, y + 1, 0
        for one in declared:
            width, height = SIZES[one["type"]]
            if x + width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            yield panel(one, number, x, y)
            number, x, tallest = number + 1, x + width, max(tallest, height)
        y += tallest


def choice(name: str, label: str, query: str) -> dict[str, Any]:
    """Give a variable whose values are the labels that a query finds."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def dashboard(rows: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    """Give the whole dashboard."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": "airflow-pipelines",
        "title": "Airflow pipelines",
        "tags": ["airflow"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                source,
                choice("dag_id", "DAG", "label_values(airflow_ti_start, dag_id)"),
                choice("pool_name", "Pool", "label_values(airflow_pool_open_slots, pool_name)"),
            ]
        },
        "panels": list(lay_out(rows)),
    }


def build() -> str:
    """Give the text of the dashboard file."""
    rows = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return json.dumps(dashboard(rows), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
