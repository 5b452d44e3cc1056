"""`--json` of the commands that have other output besides; programs read it, so its keys are held here."""

from __future__ import annotations

from pathlib import Path

from schemas.catalogue import CATALOGUE
from schemas.explanations import read_explanation
from tests.pipelines.commands.conftest import Run

OLD = """\
orders:
  schedule_interval: "@daily"
  default_args: {owner: a, start_date: 2026-01-01}
  tasks:
    load: {operator: airflow.operators.bash.BashOperator, bash_command: "true"}
"""


def test_check_gives_the_format_json(run: Run, folder: Path) -> None:
    (folder / "orders.yaml").write_text("")
    done = run("check", "--json")
    assert done == run("check", "--format", "json")
    assert (done.code, done.document["errors"]) == (1, 1)


def test_explain_gives_one_rule_with_its_explanation(run: Run) -> None:
    assert run("explain", "unknown-key", "--json").document == {
        "version": 1,
        "code": "P101",
        "name": "unknown-key",
        "severity": "error",
        "summary": CATALOGUE["P101"].summary,
        "ignorable": False,
        "explanation": read_explanation("P101"),
    }


def test_explain_gives_all_rules(run: Run) -> None:
    document = run("explain", "--json").document
    assert [rule["code"] for rule in document["rules"]] == list(CATALOGUE)
    assert set(document["rules"][0]) == {"code", "name", "severity", "summary", "ignorable"}


def test_migrate_gives_the_difference_and_what_is_left_to_do(run: Run, folder: Path) -> None:
    (folder / "orders.yaml").write_text(OLD)
    done = run("migrate", "pipelines/orders.yaml", "--json")
    (file,) = done.document["files"]
    assert (done.document["written"], done.document["done"], done.code) == (False, file["done"], 0)
    assert '+  schedule: "@daily"\n' in file["difference"]
    assert (folder / "orders.yaml").read_text() == OLD


def test_migrate_writes_and_gives_the_same_difference(run: Run, folder: Path) -> None:
    (folder / "orders.yaml").write_text(OLD)
    before = run("migrate", "pipelines/orders.yaml", "--json").document
    after = run("migrate", "pipelines/orders.yaml", "--json", "--write").document
    assert after["files"][0]["difference"] == before["files"][0]["difference"]
    assert run("check", "pipelines/orders.yaml").code == 0


def test_migrate_gives_diagnostics_where_something_is_left(run: Run, folder: Path) -> None:
    (folder / "orders.yaml").write_text(OLD.replace("bash_command", "bash_comand"))
    done = run("migrate", "pipelines/orders.yaml", "--json")
    assert done.code == 1
    assert "P101" in [d["code"] for d in done.document["files"][0]["diagnostics"]]
