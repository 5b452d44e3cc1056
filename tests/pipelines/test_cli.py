"""The command `pipelines`: what is printed and which exit code comes back."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipelines.cli import main

GOOD = "orders:\n  tasks:\n    a: {operator: airflow.providers.standard.operators.empty.EmptyOperator}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines").mkdir()
    return tmp_path / "pipelines"


def run(*argv: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(argv, out), out.getvalue()


def test_a_clean_folder_prints_nothing_and_exits_0(folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD)
    assert run("check") == (0, "")


def test_problems_are_printed_with_their_place_and_exit_1(folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD.replace("tasks", "task"))
    code, text = run("check", "pipelines/orders.yaml")
    assert code == 1
    assert text.splitlines()[0] == 'pipelines/orders.yaml:1:1: P102 pipeline "orders" lacks the key "tasks"'


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.yaml", "nowhere.yaml: no such file or folder"),
        ("pipelines", "pipelines: the folder has no YAML files"),
    ],
)
def test_bad_usage_is_one_line_and_exits_2(
    folder: Path, capsys: pytest.CaptureFixture[str], path: str, message: str
) -> None:
    assert run("check", path)[0] == 2
    assert capsys.readouterr().err == f"pipelines: {message}\n"


def test_an_unknown_option_exits_2() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["check", "--nonsense"])
    assert caught.value.code == 2
