"""`pipelines shards`: the loader files of a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import pipelines
from pipelines.cli import main
from tests.pipelines.commands.conftest import Run

PACKAGE = Path(pipelines.__file__).parent


@pytest.fixture
def folder(folder: Path) -> Path:
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(PACKAGE / name, folder / name)
    return folder


def test_copies_of_the_loader_file_are_written(run: Run, folder: Path) -> None:
    done = run("shards", "3")
    assert done == (0, "pipelines/dags_2.py: written\npipelines/dags_3.py: written\n")
    text = (folder / "dags.py").read_text()
    assert [path.read_text() for path in sorted(folder.glob("dags*.py"))] == [text] * 3


def test_a_second_time_nothing_is_left_to_do(run: Run) -> None:
    run("shards", "3")
    assert run("shards", "3") == (0, "pipelines: has 3 already\n")


def test_those_that_are_too_many_are_removed_and_old_ones_renewed(run: Run, folder: Path) -> None:
    run("shards", "4")
    (folder / "dags_2.py").write_text("from pipelines.loader import load  # of an older version\n")
    done = run("shards", "2")
    assert done.out.splitlines() == [
        "pipelines/dags_2.py: written",
        "pipelines/dags_3.py: removed",
        "pipelines/dags_4.py: removed",
    ]
    assert run("shards", "1").out == "pipelines/dags_2.py: removed\n"
    assert sorted(path.name for path in folder.glob("*.py")) == ["dags.py", "problems.py"]


def test_airflow_is_made_to_see_them(run: Run, folder: Path) -> None:
    (folder / ".airflowignore").write_text("*\n!dags.py\n!problems.py\n")
    assert "pipelines/.airflowignore: written" in run("shards", "2").out
    assert (folder / ".airflowignore").read_text() == "*\n!dags.py\n!dags_*.py\n!problems.py\n"


def test_json_says_what_was_done(run: Run) -> None:
    assert run("shards", "2", "--json").document == {
        "version": 1,
        "loaders": 2,
        "written": ["pipelines/dags_2.py"],
        "removed": [],
    }


def test_a_file_of_another_purpose_is_not_written_over(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dags_2.py").write_text("mine = 1\n")
    for number in ("1", "3"):
        assert run("shards", number).code == 2
        assert (folder / "dags_2.py").read_text() == "mine = 1\n"
        assert not (folder / "dags_3.py").exists()
    assert "pipelines/dags_2.py: is no copy of dags.py; give it another name" in capsys.readouterr().err


def test_a_folder_without_a_loader_file_is_told(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dags.py").unlink()
    assert run("shards", "2").code == 2
    assert capsys.readouterr().err.startswith("pipelines: pipelines/dags.py: there is no such file")


@pytest.mark.parametrize("number", ["0", "100", "-1", "two", "٣"])
def test_what_is_no_number_of_files_is_told(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["shards", number])
    assert caught.value.code == 2
    assert "NUMBER" in capsys.readouterr().err


@pytest.mark.airflow
def test_airflow_finds_every_pipeline_once_whatever_the_number(run: Run, folder: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    bash = "airflow.providers.standard.operators.bash.BashOperator"
    names = [f"dag_{number}" for number in range(20)]
    for name in names:
        (folder / f"{name}.yaml").write_text(f"{name}: {{tasks: {{a: {{operator: {bash}, bash_command: x}}}}}}\n")
    (folder / "zz.yaml").write_text((folder / "dag_3.yaml").read_text().replace("bash_command: x", "bash_command: y"))
    for number in (1, 3, 8, 2):
        run("shards", str(number))
        bag = DagBag(str(folder), bundle_path=folder, bundle_name="test")
        assert sorted(bag.dags) == sorted(names)
        assert bag.dags["dag_3"].get_task("a").bash_command == "x"
        loaders = {path.name for path in folder.glob("dags*.py")}
        assert len(loaders) == number
        assert len({dag.relative_fileloc for dag in bag.dags.values()} & loaders) > number / 2
        assert list(bag.import_errors) == ["problems.py"]
        assert "P206" in bag.import_errors["problems.py"]


@pytest.mark.airflow
def test_a_worker_finds_a_pipeline_through_any_of_them(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task may wait since a time when another file had its pipeline."""
    from airflow.dag_processing.dagbag import DagBag

    bash = "airflow.providers.standard.operators.bash.BashOperator"
    (folder / "a.yaml").write_text(f"a: {{tasks: {{b: {{operator: {bash}, bash_command: x}}}}}}\n")
    run("shards", "4")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "a")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "b")
    for path in sorted(folder.glob("dags*.py")):
        assert list(DagBag(str(path), bundle_path=folder, bundle_name="test").dags) == ["a"]
