"""`pipelines new`: what it writes checks clean; it writes over nothing, and refuses bad names as the check does."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.starts import STARTS, start, to_edit
from tests.pipelines.commands.conftest import Run


@pytest.mark.parametrize("which", STARTS)
@pytest.mark.parametrize("name", ["churn", "a.b-c", "1", "yes", "Null"])
def test_what_is_written_checks_clean_and_is_that_pipeline(run: Run, which: str, name: str) -> None:
    assert run("new", name, "--template", which).code == 0
    assert run("check", "--strict", f"pipelines/{name}.yaml") == (0, "")
    assert [p["dag_id"] for p in run("list", "--json").document["pipelines"]] == [name]


def test_it_tells_what_to_edit_and_where(run: Run, folder: Path) -> None:
    assert (
        run("new", "churn", "--template", "minimal").out
        == """\
pipelines/churn.yaml is written, and checks clean. Edit:
  pipelines/churn.yaml:2: one line, shown in Airflow's list
  pipelines/churn.yaml:3: cron or a preset; null for runs by hand
  pipelines/churn.yaml:8: who answers for it
  pipelines/churn.yaml:15: what it does
then: pipelines check, pipelines show churn, pipelines run churn
"""
    )
    assert "# edit: what it does" in (folder / "churn.yaml").read_text().splitlines()[14]


def test_editors_are_led_to_the_schema_of_the_project(run: Run, folder: Path) -> None:
    schema = folder.parent / "schemas" / "pipeline.schema.json"
    schema.parent.mkdir()
    schema.write_bytes((Path(__file__).parents[3] / "schemas" / "pipeline.schema.json").read_bytes())
    run("new", "churn", "--output", "pipelines/team/churn.yaml")
    first = (folder / "team" / "churn.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schemas/pipeline.schema.json"


def test_no_file_is_written_over(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "churn.yaml").write_text("# mine\n")
    assert run("new", "churn").code == 2
    assert capsys.readouterr().err == (
        "pipelines: pipelines/churn.yaml: there is a file already, and it is not written over\n"
    )
    assert (folder / "churn.yaml").read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my churn", 'pipelines/my churn.yaml:1:1: P108 "my churn" is no name for a pipeline'),
        ("", 'pipelines/new.yaml:1:1: P108 "" is no name for a pipeline'),
        ("../churn", 'pipelines/new.yaml:1:1: P108 "../churn" is no name for a pipeline'),
        ("a: {b\n", 'pipelines/a: {b\\n.yaml:1:1: P108 "a: {b\\n" is no name for a pipeline'),
        ("default", "pipelines/default.yaml:"),
        ("x" * 121, f'pipelines/{"x" * 121}.yaml:1:1: P108 "{"x" * 121}" is no name for a pipeline'),
    ],
)
def test_a_bad_name_is_refused_with_the_checks_words(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    assert run("new", name).code == 1
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.endswith("nothing is written\n")
    assert list(folder.rglob("*.yaml")) == []


def test_a_name_that_is_taken_is_refused(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("new", "churn", "--output", "pipelines/a.yaml")
    assert run("new", "churn").code == 1
    assert capsys.readouterr().err.startswith(
        'pipelines/churn.yaml:1:1: P206 pipeline "churn" is defined already, in pipelines/a.yaml'
    )
    assert not (folder / "churn.yaml").exists()


def test_json_for_programs(run: Run, folder: Path) -> None:
    document = run("new", "churn", "--template", "minimal", "--json").document
    assert document["edit"][0] == {"line": 2, "what": "one line, shown in Airflow's list"}
    assert (document["file"], document["written"]) == ("pipelines/churn.yaml", True)
    refused = run("new", "my churn", "--json")
    assert (refused.code, refused.document["written"]) == (1, False)
    assert [d["code"] for d in refused.document["diagnostics"]] == ["P108"]


TEMPLATE = """\
parameters:
  table: {type: string, description: where the table is, enum: [wine, iris]}
  rows: {type: integer, minimum: 10, description: how many there must be}
  owner: {type: string, default: shop, description: who answers for it}
pipeline:
  schedule: "@daily"
  start_date: "2026-01-01"
  default_args: {owner: "${{ parameters.owner }}", execution_timeout: 1h}
  tasks:
    load: {operator: DownloadData, source: "sample://${{ parameters.table }}"}
    judge: {operator: ValidateData, dependencies: [load], data: load, rows: {min: "${{ parameters.rows }}"}}
"""


def test_a_template_of_the_project_gives_an_instance(run: Run, folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "train.yaml").write_text(TEMPLATE)
    assert (
        run("new", "churn", "--template", "train").out
        == """\
pipelines/churn.yaml is written, and checks clean. Edit:
  pipelines/churn.yaml:4: where the table is
  pipelines/churn.yaml:5: how many there must be
then: pipelines check, pipelines show churn, pipelines run churn
"""
    )
    assert (
        (folder / "churn.yaml").read_text()
        == """\
churn:
  template: train
  parameters:
    table: "wine"  # edit: where the table is
    rows: 10  # edit: how many there must be
"""
    )
    assert run("check", "--strict").code == 0


def test_a_template_that_does_not_exist(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", "churn", "--template", "mll").code == 2
    assert capsys.readouterr().err == 'pipelines: there is no template "mll"; did you mean "ml"?\n'


def test_every_start_says_what_to_edit() -> None:
    for which in STARTS:
        assert len(to_edit(start("x", which))) >= 4


@pytest.mark.airflow
@pytest.mark.parametrize("which", STARTS)
def test_what_it_begins_as_builds(tmp_path: Path, which: str) -> None:
    from pipelines.build import build_dag
    from schemas.checker import check_file

    path = tmp_path / "x.yaml"
    path.write_text(start("churn", which))
    (pipeline,) = check_file(path).pipelines
    assert len(build_dag(pipeline).tasks) == len(pipeline.tasks)
