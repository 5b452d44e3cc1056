"""The rules for Prometheus: accepted by it, firing and silent as they should be, whatever stands in the YAML."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.alerts.rules import DEADLINE_MISSED, NOT_FRESH, alerts_of, rule_file
from pipelines.commands.inputs import Reading
from pipelines.overview.inventory import take_inventory

DAILY = """
daily:
  schedule: "@daily"
  start_date: "2026-01-01"
  dagrun_timeout: 1h
  default_args: {owner: shop-team}
  tasks: {load: {operator: DownloadData, source: sample://iris}}
"""
LATE = """
late:
  schedule: null
  deadline:
    reference: dagrun_queued_at
    interval: 1h
    name: "{{ it's late }}: now"
    callback: {callback: operators.functions.log_event, event: late}
  default_args: {owner: "{{ nobody }}"}
  tasks: {load: {operator: DownloadData, source: sample://iris}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Make the rules of pipelines, as Prometheus reads them; the file is rules.yml."""

    def make(*texts: str) -> list[dict[str, Any]]:
        (tmp_path / "p.yaml").write_text("".join(texts))
        entries = take_inventory([tmp_path / "p.yaml"], Reading().schema_file).entries
        assert [entry.problems for entry in entries if entry.pipeline is None] == []
        text = rule_file(alerts_of(entries))
        (tmp_path / "rules.yml").write_text(text)
        [group] = yaml.safe_load(text)["groups"]
        return list(group["rules"])

    return make


def promtool(folder: Path, tool: Callable[[str], str], *arguments: str) -> None:
    done = subprocess.run(
        [tool("promtool"), *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pipeline_that_runs_by_time_has_one_alert(rules: Callable[..., list[dict[str, Any]]]) -> None:
    recorded, alert = rules(DAILY)
    assert recorded["record"] == "dag:last_success:timestamp_seconds"
    assert alert["alert"] == NOT_FRESH
    assert alert["expr"] == 'time() - dag:last_success:timestamp_seconds{dag_id="daily"} > 90000'
    assert alert["labels"] == {"severity": "warning", "component": "freshness", "owner": "shop-team"}
    assert alert["annotations"]["runbook_url"].endswith("/docs/runbook.md#pipelinenotfresh")


@pytest.mark.parametrize("owner", ["yes", "Null", "12", "a: b", "it's", "data team", "daten-\u00fc"])
def test_an_owner_is_a_text_whatever_yaml_makes_of_it(
    owner: str, rules: Callable[..., list[dict[str, Any]]], tmp_path: Path, tool: Callable[[str], str]
) -> None:
    _, alert = rules(DAILY.replace("shop-team", json.dumps(owner)))
    assert alert["labels"]["owner"] == owner
    promtool(tmp_path, tool, "check", "rules", "rules.yml")


def test_pipelines_without_alerts_leave_what_boards_show(rules: Callable[..., list[dict[str, Any]]]) -> None:
    [recorded] = rules(DAILY.replace('"@daily"', "null"))
    assert recorded["record"] == "dag:last_success:timestamp_seconds"


def test_prometheus_accepts_whatever_the_yaml_says(
    rules: Callable[..., list[dict[str, Any]]], tmp_path: Path, tool: Callable[[str], str]
) -> None:
    rules(DAILY, LATE)
    promtool(tmp_path, tool, "check", "rules", "rules.yml")


def test_a_missed_deadline_is_told_once_and_in_the_words_of_the_yaml(
    rules: Callable[..., list[dict[str, Any]]], tmp_path: Path, tool: Callable[[str], str]
) -> None:
    rules(LATE)
    series = 'airflow_deadline_alerts_deadline_missed{dag_id="%s"}'
    firing = {
        "exp_labels": {
            "severity": "warning",
            "component": "freshness",
            "dag_id": "late",
            "owner": "{{ nobody }}",
        },
        "exp_annotations": {
            "summary": "A pipeline was not done by its deadline",
            "description": 'late: a run was not done 1h after the run was queued ("{{ it\'s late }}: now").',
            "runbook_url": "https://github.com/your-org/your-repo/blob/main/docs/runbook.md#pipelinedeadlinemissed",
        },
    }
    held = [("4m30s", []), ("5m", [firing]), ("14m30s", [firing]), ("15m", []), ("30m", [])]
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [
                    {"series": series % "late", "values": "_x10 1x100"},
                    {"series": series % "other", "values": "_x10 1x100"},
                ],
                "alert_rule_test": [
                    {"eval_time": at, "alertname": DEADLINE_MISSED, "exp_alerts": expected} for at, expected in held
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tests))
    promtool(tmp_path, tool, "test", "rules", "test.yml")
