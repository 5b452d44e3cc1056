"""grafana/: the dashboard is the one that its source gives, and every panel asks for something that exists."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "grafana/dashboards/airflow.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
BUILT_IN = {"__rate_interval", "__range", "__interval", "datasource"}

each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])


def expressions(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def as_promql(expression: str) -> str:
    """Fill in what Grafana would."""
    return re.sub(r"\$\w+", "x", expression.replace("$__rate_interval", "2m"))


def test_the_file_is_what_its_source_gives() -> None:
    """After an edit of panels.yml: python3 grafana/build.py."""
    build = runpy.run_path(str(ROOT / "grafana/build.py"))["build"]
    assert (ROOT / "grafana/dashboards/airflow.json").read_text(encoding="utf-8") == build()


@each_panel
def test_a_panel_asks_for_metrics_that_exist(
    panel: dict[str, Any], known_names: set[str], series_names: Callable[[str], list[str]]
) -> None:
    names = [name for expression in expressions(panel) for name in series_names(as_promql(expression))]
    assert names
    assert [name for name in names if name not in known_names] == []


@each_panel
def test_a_panel_uses_declared_variables_and_the_chosen_data_source(panel: dict[str, Any]) -> None:
    declared = {variable["name"] for variable in DASHBOARD["templating"]["list"]} | BUILT_IN
    used = {name for expression in expressions(panel) for name in re.findall(r"\$(\w+)", expression)}
    assert used <= declared
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "s", "percentunit"}


def test_ids_and_titles_are_unique() -> None:
    for key in ("id", "title"):
        values = [panel[key] for panel in DASHBOARD["panels"]]
        assert len(values) == len(set(values))


def test_panels_stay_in_the_grid_and_never_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in ((place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])):
            assert taken.setdefault(cell, panel["title"]) == panel["title"]


def test_provisioning_names_what_compose_mounts_and_runs(compose: dict[str, Any]) -> None:
    volumes = compose["services"]["grafana"]["volumes"]
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/files.yml").read_text())["providers"][0]
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in volumes
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in volumes
    hosts = {source["url"].removeprefix("http://").split(":")[0] for source in sources}
    assert hosts == {"prometheus", "alertmanager"}
    assert all("monitoring" in compose["services"][host]["networks"] for host in hosts)
