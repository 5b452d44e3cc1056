"""`pipelines show`: one pipeline in full; whatever the YAML has, it appears."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.pipelines.commands.conftest import Run

AFTER = ("--after", "2026-03-01T12:00")
ORDERS = """\
default:
  default_args: {owner: shop, retries: 2, execution_timeout: 30m, depends_on_past: false}
orders:
  description: What was sold
  schedule: "0 6 * * 1-5"
  timezone: Europe/Berlin
  start_date: "2026-01-01"
  catchup: false
  tags: [shop]
  params: {size: 3}
  tasks:
    load: {operator: DownloadData, source: sample://wine, retries: 5}
    judge:
      operator: ValidateData
      dependencies: [load]
      data: load
      rows: {min: 100}
      duplicates: {warn: 0, fail: 1%}
      columns: {hue: {type: number, between: [0, 2], bad: {fail: 0}}}
    split: {operator: PreprocessData, dependencies: [judge], data: judge, target: target}
"""


@pytest.fixture
def orders(folder: Path) -> Path:
    path = folder / "orders.yaml"
    path.write_text(ORDERS)
    return path


def test_all_of_it(run: Run, orders: Path) -> None:
    done = run("show", "orders", *AFTER)
    assert done.code == 0
    assert (
        done.out
        == """\
orders  pipelines/orders.yaml:3
What was sold

schedule      from Monday to Friday at 06:00 Europe/Berlin (0 6 * * 1-5)
next runs     Mon 2026-03-02 06:00 CET, in 17 hours
              Tue 2026-03-03 06:00 CET, in 2 days
              Wed 2026-03-04 06:00 CET, in 3 days
owner         shop
tags          shop
start_date    2026-01-01
catchup       false
params        {size: 3}
default_args  {depends_on_past: false}

graph
●  load   DownloadData
●  judge  ValidateData
●  split  PreprocessData

thresholds
task   what             bounds
judge  rows             min 100
       duplicates       warn 0, fail 1%
       columns.hue      between 0 to 2
       columns.hue.bad  fail 0

retries and limits
task              retries  execution_timeout
every other task  2        30m
load              5        30m
"""
    )


def test_mermaid_and_svg_have_the_graph_alone(run: Run, orders: Path) -> None:
    assert run("show", "orders", "--format", "mermaid").out.startswith("flowchart LR\n  task_load[")
    root = ET.fromstring(run("show", "orders", "--format", "svg").out)  # noqa: S314 (made a line above)
    assert root.get("aria-label") == "the graph of orders"


def test_json_has_what_was_resolved(run: Run, orders: Path) -> None:
    document = run("show", "orders", "--json", *AFTER).document
    assert document["arguments"]["default_args"]["owner"] == "shop"
    assert document["next_runs"][0] == "2026-03-02T05:00:00+00:00"
    assert document["edges"] == [
        {"source": "load", "target": "judge", "label": ""},
        {"source": "judge", "target": "split", "label": ""},
    ]
    assert document["thresholds"]["judge"]["duplicates"] == "warn 0, fail 1%"
    assert document["tasks"][0] == {
        "task_id": "load",
        "line": 12,
        "parameters": {"operator": "DownloadData", "source": "sample://wine", "retries": 5},
    }


def test_only_files_that_can_have_it_are_checked(run: Run, orders: Path) -> None:
    orders.with_name("other.yaml").write_text("{")
    assert run("show", "orders").code == 0


def test_a_name_may_be_escaped_in_the_file(run: Run, orders: Path) -> None:
    orders.write_text(ORDERS.replace("orders:", '"order\\u0073":'))
    assert run("show", "orders").code == 0


def test_the_problems_of_a_broken_one_are_printed(run: Run, orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders.write_text(ORDERS.replace("[judge]", "[jugde]") + "other:\n  task: {}\n")
    done = run("show", "orders")
    assert (done.code, done.out) == (1, "")
    error = capsys.readouterr().err
    assert 'pipelines/orders.yaml:20:54: P201 "split" depends on "jugde", which is not defined' in error
    assert "other" not in error


def test_a_name_that_does_not_exist(run: Run, orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "oders").code == 2
    assert capsys.readouterr().err == ('pipelines: there is no pipeline "oders" in pipelines; did you mean "orders"?\n')


def test_a_secret_is_not_shown(run: Run, orders: Path) -> None:
    bash = "airflow.providers.standard.operators.bash.BashOperator"
    orders.write_text(
        f"orders:\n  # pipelines: ignore=P721 a test\n  params: {{api_token: hunter2hunter2}}\n"
        f"  tasks: {{load: {{operator: {bash}, bash_command: x}}}}\n"
    )
    for form in (["--json"], []):
        text = run("show", "orders", *form).out
        assert "hunter2" not in text
        assert "***" in text


def test_a_secret_is_hidden_wherever_it_is_repeated(run: Run, orders: Path) -> None:
    bash = "airflow.providers.standard.operators.bash.BashOperator"
    orders.write_text(
        f"orders:\n  description: use hunter2hunter2\n  # pipelines: ignore=P721 a test\n"
        f"  params: {{api_token: hunter2hunter2}}\n  tasks: {{load: {{operator: {bash}, bash_command: x}}}}\n"
    )
    for form in (["show", "orders", "--json"], ["show", "orders"], ["list", "--json"]):
        assert "hunter2" not in run(*form).out


def test_colours_change_nothing_else(run: Run, orders: Path) -> None:
    plain = run("show", "orders", *AFTER).out
    coloured = run("show", "orders", *AFTER, "--color", "always").out
    assert coloured != plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_a_terminal_without_unicode_has_it_in_ascii(orders: Path) -> None:
    command = [sys.executable, "-m", "pipelines.cli", "show", "orders", *AFTER]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=orders.parents[1], env=environment, capture_output=True, check=True)
    assert b"*  load   DownloadData\n" in done.stdout
    assert b"*  split  PreprocessData\n" in done.stdout
    assert b"\\u" not in done.stdout
