"""`pipelines list`: one line for each pipeline, the broken ones too; Airflow is not imported."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.commands.conftest import Run

AFTER = ("--after", "2026-03-01T12:00")
TWO_YAML = "pipelines/two.yaml"
TWO = """\
default:
  schedule: "@daily"
  start_date: "2026-01-01"
  timezone: Europe/Berlin
  default_args: {owner: shop, execution_timeout: 1h}
orders:
  tags: [shop, daily]
  tasks:
    load: {operator: DownloadData, source: sample://wine}
    send: {operator: SendNotification, dependencies: [load], owner: office}
bills:
  schedule: null
  is_paused_upon_creation: true
  tasks: {load: {operator: DownloadData, source: sample://wine}}
"""


def test_the_list(run: Run, folder: Path) -> None:
    (folder / "two.yaml").write_text(TWO)
    (folder / "weekly.yaml").write_text(
        'weekly:\n  schedule: "@weekly"\n  start_date: "2026-01-01"\n  is_paused_upon_creation: true\n'
        "  tasks: {load: {operator: DownloadData, source: sample://wine}}\n"
    )
    done = run("list", *AFTER)
    assert done.code == 0
    # columns are at least two blanks apart
    assert [re.split(r" {2,}", line) for line in done.out.splitlines()] == [
        ["pipeline", "schedule", "next run", "tasks", "owner", "tags", "file", "problems"],
        ["orders", "@daily", "in 11 hours, Mon 2026-03-02 00:00 CET", "2", "shop, office", "shop, daily",
         f"{TWO_YAML}:6"],
        ["bills", "none", "only when it is triggered", "1", "shop", f"{TWO_YAML}:11"],
        ["weekly", "@weekly", "in 6 days, Sun 2026-03-08 00:00 UTC (paused at first)", "1", "pipelines/weekly.yaml:1",
         "2 warnings"],
    ]  # fmt: skip
    assert {line.index("pipelines/") for line in done.out.splitlines()[1:]} == {done.out.index("file")}


def test_what_is_broken_is_listed_with_its_count_beside_what_is_not(run: Run, folder: Path) -> None:
    (folder / "two.yaml").write_text(TWO.replace("dependencies: [load]", "dependencies: [laod, lod]"))
    (folder / "z.yaml").write_text("{")
    lines = run("list", *AFTER).out.splitlines()
    assert [line.split()[0] for line in lines] == ["pipeline", "orders", "bills", "?"]
    assert lines[1].split()[1:] == ["broken", "pipelines/two.yaml:6", "2", "errors"]
    assert lines[2].split()[-1] == "pipelines/two.yaml:11"
    assert lines[3].split()[1:] == ["broken", "pipelines/z.yaml:1", "1", "error"]


def test_a_problem_of_what_all_share_counts_for_all(run: Run, folder: Path) -> None:
    (folder / "two.yaml").write_text(TWO.replace("timezone", "timezoon"))
    lines = run("list", *AFTER).out.splitlines()
    assert [line.endswith("1 error") for line in lines] == [False, True, True]


def test_a_double_is_broken_and_the_first_is_not(run: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(TWO)
    (folder / "b.yaml").write_text(TWO)
    document = run("list", "--json").document
    assert [(p["dag_id"], p["file"], p["broken"]) for p in document["pipelines"]] == [
        ("orders", "pipelines/a.yaml", False),
        ("bills", "pipelines/a.yaml", False),
        ("orders", "pipelines/b.yaml", True),
        ("bills", "pipelines/b.yaml", True),
    ]


def test_json_for_programs(run: Run, folder: Path) -> None:
    (folder / "two.yaml").write_text(TWO)
    document = run("list", "--json", *AFTER).document
    assert document["version"] == 1
    assert document["pipelines"][0] == {
        "dag_id": "orders",
        "file": "pipelines/two.yaml",
        "line": 6,
        "broken": False,
        "description": None,
        "schedule": "@daily",
        "timezone": "Europe/Berlin",
        "next_run": "2026-03-01T23:00:00+00:00",
        "paused_at_first": False,
        "tasks": 2,
        "owners": ["shop", "office"],
        "tags": ["shop", "daily"],
        "errors": 0,
        "warnings": 0,
    }


def test_airflow_and_rich_are_not_imported(folder: Path) -> None:
    (folder / "two.yaml").write_text(TWO)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    program = (
        "import sys, io; from pipelines.cli import main\n"
        "for argv in (['list'], ['show', 'orders'], ['show', 'orders', '--format', 'svg'], ['plan']):\n"
        "    main(argv, io.StringIO())\n"
        "print(sorted({'airflow', 'rich', 'dagfactory', 'pandas', 'operators'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_pipelines_are_listed_as_they_are_in_an_environment(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".airflowignore").touch()
    (folder / "two.yaml").write_text(TWO)
    (folder / "environments").mkdir()
    (folder / "environments" / "prod.yaml").write_text('orders:\n  schedule: "@hourly"\n')

    def schedules(*argv: str) -> list[str]:
        return [pipeline["schedule"] for pipeline in run("list", "--json", *argv).document["pipelines"]]

    assert schedules() == ["@daily", None]
    assert schedules("--environment", "prod") == ["@hourly", None]
    monkeypatch.setenv("PIPELINES_ENVIRONMENT", "prod")
    assert schedules() == ["@hourly", None]
    assert schedules("--environment", "") == ["@daily", None]


def test_an_environment_that_does_not_exist_is_a_problem_of_each_pipeline(run: Run, folder: Path) -> None:
    (folder / "two.yaml").write_text(TWO)
    assert [p["broken"] for p in run("list", "--json", "--environment", "prdo").document["pipelines"]] == [True, True]
