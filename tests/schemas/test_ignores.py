"""Comments that ignore: found only where they are comments, and only where there is something to ignore."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.checker import check_files
from schemas.ignores import iter_ignores

SSH = "airflow.providers.ssh.operators.ssh.SSHOperator"


def spoken_of(text: str) -> list[tuple[str, int]]:
    return [(ignore.code, ignore.line) for ignore in iter_ignores(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1  # pipelines: ignore=P403\n", [("P403", 1)]),
        ("a: 1  #pipelines:ignore=P403\n", [("P403", 1)]),
        ("a: 1  # pipelines: ignore = P403 , P601 because\n", [("P403", 1), ("P601", 1)]),
        ("a: 1  # other words # pipelines: ignore=P403", [("P403", 1)]),
        ("# pipelines: ignore=P403\na: 1\n", [("P403", 2)]),
        ("# pipelines: ignore=P403\n  # pipelines: ignore=P601\n# words\na: 1\n", [("P403", 4), ("P601", 4)]),
        ("# pipelines: ignore=P403\r\na: 1\r\n", [("P403", 2)]),
        ("a: |  # pipelines: ignore=P403\n  text\n", [("P403", 1)]),
        ("a: >-  # pipelines: ignore=P403\n  text\n# pipelines: ignore=P601\nb: 1\n", [("P403", 1), ("P601", 4)]),
        ("a: |\n  text\n# pipelines: ignore=P403\nb: 1\n", [("P403", 4)]),
        ("a: |\n  text\n\n\n  # pipelines: ignore=P403\nb: 1\n", []),
        ("a: plain\n  text # pipelines: ignore=P403\n", [("P403", 2)]),
        ("a: 'über' # pipelines: ignore=P403\n", [("P403", 1)]),
        ("a: &x !!str 1 # pipelines: ignore=P403\nb: *x # pipelines: ignore=P403\n", [("P403", 1), ("P403", 2)]),
        ("a: [1, # pipelines: ignore=P403\n  2] # pipelines: ignore=P601\n", [("P403", 1), ("P601", 2)]),
        ("a: 1 # pipelines: ignore\n", [("", 1)]),
        ("a: 1 # pipelines: ignore P403\n", [("", 1)]),
        ("a: 1 # pipelines: ignored\n", []),
        ("a: b# pipelines: ignore=P403\n", []),
        ("a: ' # pipelines: ignore=P403'\n", []),
        ('a: " # pipelines: ignore=P403\n  # pipelines: ignore=P403"\n', []),
        ("a: |\n  # pipelines: ignore=P403\n  text # pipelines: ignore=P403\n", []),
        ("a: >\n  text # pipelines: ignore=P403\n", []),
        ("# pipelines: ignore=P403 - ? [", [("P403", 1)]),
    ],
)
def test_only_comments_ignore(text: str, found: list[tuple[str, int]]) -> None:
    assert spoken_of(text) == found


def test_the_place_is_that_of_the_code() -> None:
    (first, second) = (ignore.place for ignore in iter_ignores("\nä: 1  # pipelines: ignore=P403, P601\n"))
    assert (first.line, first.column, first.end_column) == (2, 27, 31)
    assert (second.column, second.end_column) == (33, 37)


def check(folder: Path, *lines: str) -> list[str]:
    (folder / "a.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [f"{d.line}:{d.code}" for d in check_files([folder / "a.yaml"]).diagnostics]


def test_an_ignored_warning_is_gone(tmp_path: Path) -> None:
    task = f"    a: {{operator: {SSH}}}"
    assert check(tmp_path, "a:", "  tasks:", task) == ["3:P403"]
    assert check(tmp_path, "a:", "  tasks:", f"{task}  # pipelines: ignore=P403") == []


def test_it_speaks_of_one_line_only(tmp_path: Path) -> None:
    tasks = [f"    {name}: {{operator: {SSH}}}" for name in "ab"]
    assert check(tmp_path, "a:", "  tasks:", f"{tasks[0]}  # pipelines: ignore=P403", tasks[1]) == ["4:P403"]


def test_an_error_that_stops_the_dag_cannot_be_ignored_and_the_pipeline_is_not_built(tmp_path: Path) -> None:
    lines = ("a:", "  tasks:", "    a: {operator: Nothing}  # pipelines: ignore=P104")
    assert check(tmp_path, *lines) == ["3:P104", "3:P012"]
    assert check_files([tmp_path / "a.yaml"]).pipelines == ()


def test_a_file_that_is_not_yaml_says_nothing_of_its_comments(tmp_path: Path) -> None:
    assert check(tmp_path, "a: [1", "b: 2  # pipelines: ignore=P403") == ["2:P003"]


def test_a_megabyte_of_comments_is_read_in_a_second(tmp_path: Path) -> None:
    import time

    start = time.process_time()
    lines = ["# pipelines: ignore=P403", "# pipelines: ignore=nonsense"] * 18_000
    assert (
        len(check(tmp_path, "a:", *lines, "  tasks:", "    a: {operator: DownloadData, source: sample://iris}")) > 100
    )
    assert time.process_time() - start < 5
