"""docs/runbook.md: a heading for each alert, and in it only commands, addresses and metrics that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from pipelines.alerts.rules import DEADLINE_MISSED, RUNBOOK
from pipelines.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
PARTS = ("Meaning", "Impact", "Diagnosis", "Fix")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
COMMAND_LINES = sorted(
    {
        line.removeprefix("$ ")
        for block in re.findall(r"^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    }
)
QUERIES = sorted(
    {
        line
        for block in re.findall(r"^```promql\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    }
)
PROMETHEUS = {f"http://localhost:9090/api/v1/{name}" for name in ("alerts", "alertmanagers", "rules", "targets")}
ALERTMANAGER = {"http://localhost:9093/api/v2/alerts"}
HEALTH = "http://localhost:8080/api/v2/monitor/health"


def test_each_alert_has_a_heading_and_each_heading_an_alert(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    alerts = {rule["alert"] for rules in rule_files.values() for rule in rules if "alert" in rule}
    # of pipelines with a deadline; whether there is one here or not
    assert set(SECTIONS) == alerts | {DEADLINE_MISSED}
    assert len(re.findall(r"^### ", TEXT, re.MULTILINE)) == len(SECTIONS)


@pytest.mark.parametrize("alert", SECTIONS)
def test_a_heading_has_meaning_impact_diagnosis_and_fix(alert: str) -> None:
    section = SECTIONS[alert]
    shared = re.search(r"^Impact, diagnosis and fix: as for \[(\w+)\]", section, re.MULTILINE)
    wanted = ("Meaning", "Impact") if shared else PARTS
    assert [part for part in wanted if not re.search(rf"^{part}\b.*:", section, re.MULTILINE)] == []
    assert "```console\n" in section or "```promql\n" in section
    assert not shared or shared[1] in SECTIONS


def test_links_lead_somewhere() -> None:
    anchors = {heading.lower() for heading in SECTIONS}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        if file:
            text = (ROOT / "docs" / file).read_text(encoding="utf-8")
            headings = {
                re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-")
                for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            }
            assert not anchor or anchor in headings, target
        else:
            assert anchor in anchors, target


def test_the_address_is_that_of_the_dashboards() -> None:
    assert RUNBOOK in (ROOT / "grafana/boards/panel.py").read_text(encoding="utf-8")
    assert RUNBOOK.removesuffix("/blob/main/docs/runbook.md") in TEXT


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_exists(
    query: str, known_names: set[str], series_names: Callable[[str], list[str]]
) -> None:
    names = series_names(query)
    assert names or "{job=" in query, "all series of a job have no name"
    assert set(names) - known_names == set()


class Commands:
    """What may stand behind a prompt, and what holds it to be right."""

    def __init__(self, compose: dict[str, Any], airflow_file: Callable[[str], Any]) -> None:
        self.services = set(compose["services"])
        openapi = airflow_file("api_fastapi/core_api/openapi/v2-rest-api-generated.yaml")
        self.paths: dict[str, Any] = openapi["paths"]

    def check(self, words: list[str]) -> None:
        check = {
            "airflow": self.airflow,
            "alias": self.alias,
            "api": self.api,
            "curl": self.curl,
            "docker": self.docker,
            "pipelines": self.pipelines,
            "promtool": self.promtool,
        }[words[0]]
        check(words[1:])

    def airflow(self, words: list[str]) -> None:
        from airflow.cli.cli_parser import get_parser

        parsed = get_parser().parse_args(words)
        assert callable(parsed.func)

    def alias(self, words: list[str]) -> None:
        [assigned] = words
        name, _, command = assigned.partition("=")
        assert name in ("airflow", "pipelines")
        assert command.endswith(f"/{name}") or command == f"docker compose exec scheduler {name}"

    def api(self, words: list[str]) -> None:
        [address] = words
        path, _, query = address.partition("?")
        fitting = [
            known
            for known in self.paths
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), f"/api/v2/{path}") and "get" in self.paths[known]
        ]
        assert fitting, f"there is no {path}"
        parameters = {each["name"] for known in fitting for each in self.paths[known]["get"]["parameters"]}
        assert set(parse_qs(query)) <= parameters

    def curl(self, words: list[str]) -> None:
        assert words[0] == "-s"
        assert words[1] in PROMETHEUS | ALERTMANAGER | {HEALTH}

    def docker(self, words: list[str]) -> None:
        compose, action, *rest = words
        assert compose == "compose"
        if action == "exec":
            service, *inner = rest
            assert service in self.services
            assert inner[0] in ("amtool", "promtool")
        elif action == "logs":
            assert rest[0] == "--tail"
            assert rest[1].isdigit()
            assert set(rest[2:]) <= self.services
        else:
            assert action in ("ps", "restart")
            assert set(rest) <= self.services

    def pipelines(self, words: list[str]) -> None:
        from pipelines.cli import _parser

        assert words[0] in COMMANDS
        assert callable(_parser(words).parse_args(words).run)

    def promtool(self, words: list[str]) -> None:
        assert words[:2] == ["check", "rules"]
        assert all((ROOT / path).is_file() for path in words[2:])


@pytest.fixture(scope="module")
def commands(compose: dict[str, Any], airflow_file: Callable[[str], Any]) -> Commands:
    return Commands(compose, airflow_file)


@pytest.mark.airflow
@pytest.mark.parametrize("line", [line for line in COMMAND_LINES if not line.startswith(("export ", "api() "))])
def test_a_command_exists(line: str, commands: Commands) -> None:
    commands.check(shlex.split(line, comments=True))


@pytest.mark.airflow
def test_commands_within_a_sentence_exist(commands: Commands) -> None:
    spans = re.findall(r"`((?:airflow|pipelines|docker compose) [a-z][^`]*)`", TEXT)
    assert len(spans) > 5
    for span in spans:
        words = shlex.split(span)
        if words[0] == "airflow" and words[1:] == ["db", "clean"]:
            words += ["--clean-before-timestamp", "2026-01-01"]
        if words[-1] == "--against" or words[1:] == ["compose", "logs"]:
            continue
        commands.check(words)
