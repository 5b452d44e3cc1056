"""grafana/: the dashboards are what their source gives, ask for what exists, and keep the rules of a good dashboard."""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "grafana/dashboards").glob("*.json"))}
BUILT_IN = {"__all", "__data", "__field", "__rate_interval"}
UNITS = {"short", "s", "percentunit"}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


PANELS = [
    pytest.param(name, panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in panels(board)
]
each_panel = pytest.mark.parametrize(("name", "panel"), PANELS)
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))


def expressions(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def as_promql(expression: str) -> str:
    """Fill in what Grafana would."""
    return re.sub(r"\$\w+", "x", expression.replace("$__rate_interval", "2m"))


def iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from iter_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from iter_texts(item)
    elif isinstance(value, str):
        yield value


def test_the_files_are_what_their_source_gives() -> None:
    """After an edit of grafana/boards: make dashboards."""
    built = runpy.run_path(str(ROOT / "grafana/build.py"))["build"]()
    assert {path.name: path.read_text() for path in (ROOT / "grafana/dashboards").iterdir()} == built


def test_there_is_a_board_for_each_part() -> None:
    assert list(BOARDS) == [
        "airflow-dag-processing",
        "airflow-dags",
        "airflow-ml",
        "airflow-monitoring",
        "airflow-overview",
        "airflow-scheduler",
    ]


@each_panel
def test_a_panel_asks_for_metrics_that_exist(
    name: str, panel: dict[str, Any], known_names: set[str], series_names: Callable[[str], list[str]]
) -> None:
    names = [found for expression in expressions(panel) for found in series_names(as_promql(expression))]
    assert names
    assert [found for found in names if found not in known_names] == []


@each_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(name: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@each_panel
def test_a_rate_over_time_follows_the_zoom(name: str, panel: dict[str, Any]) -> None:
    """A short fixed window in a graph would miss what happens between two of its points."""
    if panel["type"] != "timeseries":
        return
    windows = [
        w for expression in expressions(panel) for w in re.findall(r"(?:rate|increase)\([^\[]*\[(.+?)\]", expression)
    ]
    assert [window for window in windows if window not in {"$__rate_interval", "5m", "1h", "24h"}] == []


@each_panel
def test_series_that_stand_together_have_names_of_their_own(name: str, panel: dict[str, Any]) -> None:
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert len(set(legends)) == len(legends)
    if len(legends) > 1:
        assert "__auto" not in legends


@each_board
def test_a_board_uses_declared_variables(board: dict[str, Any]) -> None:
    declared = {variable["name"] for variable in board["templating"]["list"]}
    used = {found for text in iter_texts(board) for found in re.findall(r"\$\{?(\w+)", text)}
    assert used - BUILT_IN <= declared
    # the addresses and the source are used by every board, through links and panels
    assert declared <= used
    assert all(variable["label"] for variable in board["templating"]["list"])


@each_board
def test_a_board_links_to_airflow_the_runbook_and_the_other_boards(board: dict[str, Any]) -> None:
    assert [link["title"] for link in board["links"]] == ["Dashboards", "Airflow", "Runbook"]
    assert [mark["name"] for mark in board["annotations"]["list"]] == ["Deployments", "Failed runs"]
    assert "pipelines" in board["tags"]
    assert not board["editable"]


@each_board
def test_annotations_ask_for_metrics_that_exist(
    board: dict[str, Any], known_names: set[str], series_names: Callable[[str], list[str]]
) -> None:
    for mark in board["annotations"]["list"]:
        assert set(series_names(mark["target"]["expr"])) <= known_names


def test_runbook_links_name_alerts_that_exist(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    alerts = {rule["alert"].lower() for rules in rule_files.values() for rule in rules if "alert" in rule}
    linked = {
        link["url"].rpartition("#")[2]
        for board in BOARDS.values()
        for panel in panels(board)
        for link in panel["fieldConfig"]["defaults"].get("links", [])
        if link["title"] == "Runbook" and "$" not in link["url"].rpartition("#")[2]
    }
    assert len(linked) > 20
    assert linked - alerts == set()


def test_every_metric_of_this_project_is_on_a_board(own_metrics: dict[str, str]) -> None:
    shown = " ".join(text for board in BOARDS.values() for text in iter_texts(board))
    assert [name for name in own_metrics if name.replace(".", "_") not in shown] == []


@each_board
def test_ids_and_titles_are_unique(board: dict[str, Any]) -> None:
    for key in ("id", "title"):
        counts = Counter(panel[key] for panel in board["panels"])
        assert [value for value, count in counts.items() if count > 1] == []


@each_board
def test_panels_stay_in_the_grid_and_never_overlap(board: dict[str, Any]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
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
