"""`pipelines alerts`: the Prometheus rules of a folder."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.pipelines.commands.conftest import Run

ROOT = Path(__file__).resolve().parents[3]
SHOP = """\
shop:
  schedule: "@daily"
  start_date: "2026-01-01"
  dagrun_timeout: 1h
  default_args: {owner: shop-team}
  tasks: {load: {operator: DownloadData, source: sample://iris}}
quiet:
  schedule: "@daily"
  start_date: "2026-01-01"
  is_paused_upon_creation: true
  dagrun_timeout: 1h
  default_args: {owner: shop-team}
  tasks: {load: {operator: DownloadData, source: sample://iris}}
"""


@pytest.fixture(autouse=True)
def shop(folder: Path) -> Path:
    (folder.parent / "prometheus/rules").mkdir(parents=True)
    path = folder / "shop.yaml"
    path.write_text(SHOP)
    return path


@pytest.fixture
def rules(folder: Path) -> Path:
    return folder.parent / "prometheus/rules/freshness.yml"


def test_the_rules_of_this_project_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an edit of a pipeline: pipelines alerts."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("PIPELINES_ENVIRONMENT", raising=False)
    out = io.StringIO()
    assert main(["alerts", "--check"], out) == 0, out.getvalue()


def test_the_file_is_written_and_what_is_in_it_is_listed(run: Run, rules: Path) -> None:
    done = run("alerts")
    assert done.code == 0
    assert [re.split(r" {2,}", line) for line in done.out.splitlines()] == [
        ["pipeline", "a success within", "follows from", "deadlines", "file"],
        ["quiet", "no alert", "paused at first", "pipelines/shop.yaml:7"],
        ["shop", "1d1h", "1d between two runs, 1h until the timeout of a run", "pipelines/shop.yaml:1"],
        [""],
        ["prometheus/rules/freshness.yml: written"],
    ]
    text = rules.read_text()
    assert 'dag_id="shop"' in text
    assert "quiet" not in text


def test_a_second_time_nothing_is_left_to_do(run: Run, rules: Path) -> None:
    run("alerts")
    before = rules.stat().st_mtime_ns
    done = run("alerts")
    assert (done.code, done.out.splitlines()[-1]) == (0, "prometheus/rules/freshness.yml: up to date")
    assert rules.stat().st_mtime_ns == before


def test_check_writes_nothing_and_tells_what_is_old(run: Run, rules: Path, shop: Path) -> None:
    assert run("alerts", "--check").code == 1
    assert not rules.exists()
    run("alerts")
    assert run("alerts", "--check").code == 0
    text = rules.read_text()
    shop.write_text(SHOP.replace("1h", "2h"))
    done = run("alerts", "--check")
    assert done.code == 1
    assert done.out.splitlines()[-1] == (
        "prometheus/rules/freshness.yml: not up to date; write it with: pipelines alerts"
    )
    assert rules.read_text() == text


def test_what_a_pipeline_states_counts(run: Run, shop: Path, rules: Path) -> None:
    shop.write_text(SHOP.replace("is_paused_upon_creation: true", "freshness: 36h"))
    assert run("alerts").code == 0
    assert 'dag:last_success:timestamp_seconds{dag_id="quiet"} > 129600' in rules.read_text()


def test_no_file_is_written_without_the_alerts_of_a_broken_pipeline(run: Run, shop: Path, rules: Path) -> None:
    run("alerts")
    text = rules.read_text()
    shop.write_text(SHOP.replace("DownloadData, source: sample://iris}}\nquiet", "DownloadDate}}\nquiet"))
    done = run("alerts")
    assert done.code == 1
    assert "pipelines/shop.yaml:1: shop is broken: pipelines check pipelines/shop.yaml" in done.out
    assert rules.read_text() == text


def test_another_file_and_environment(run: Run, folder: Path) -> None:
    (folder / "environments").mkdir()
    (folder / "environments/test.yaml").write_text("shop: {freshness: 3d}\n")
    assert run("alerts", "--environment", "test", "-o", "test.yml").code == 0
    assert "> 259200" in (folder.parent / "test.yml").read_text()


def test_json_says_the_same(run: Run) -> None:
    document = run("alerts", "--json").document
    assert document["state"] == "written"
    assert document["problems"] == []
    assert [(each["dag_id"], each["success_within_seconds"]) for each in document["pipelines"]] == [
        ("quiet", None),
        ("shop", 90000),
    ]


def test_colours_are_only_shown_when_asked_for(run: Run) -> None:
    assert "\x1b[" in run("alerts", "--color", "always").out
    assert "\x1b[" not in run("alerts").out


def test_a_folder_that_is_not_there_is_a_matter_of_usage(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("alerts", "-o", "nowhere/rules.yml").code == 2
    assert capsys.readouterr().err == (
        "pipelines: nowhere/rules.yml: cannot be read or written: No such file or directory\n"
    )


def test_a_file_of_other_bytes_is_not_written_over(run: Run, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_bytes(b"\xff\xfe")
    assert run("alerts").code == 2
    assert "it is not UTF-8" in capsys.readouterr().err


def test_airflow_is_not_imported(folder: Path) -> None:
    code = (
        "import sys\n"
        "from pipelines.cli import main\n"
        "assert main(['alerts']) == 0\n"
        "print(sorted({'airflow', 'dagfactory', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder.parent, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
