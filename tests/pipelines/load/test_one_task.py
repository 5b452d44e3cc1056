"""Parsing for one task: the time and the files read do not grow with the number of pipelines."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pipelines.load.spec_cache import cache_file
from pipelines.loader import load
from schemas.checker import iter_pipeline_files
from tests.pipelines.load.conftest import BASH, text_of

pytestmark = pytest.mark.airflow

Opened = Callable[[], AbstractContextManager[list[str]]]
EVERY_FILE = sorted(f"file_{number}.yaml" for number in range(20))


def test_after_a_parse_one_file_is_read_and_after_a_change_too(folder: Path, opened: Opened) -> None:
    load(folder)
    with opened() as names:
        assert list(load(folder, dag_id="dag_7").dags) == ["dag_7"]
    assert set(names) == {"file_7.yaml"}
    (folder / "file_7.yaml").write_text(text_of("dag_7", "changed"))
    with opened() as names:
        assert load(folder, dag_id="dag_7").dags["dag_7"].get_task("a").bash_command == "changed"
    assert set(names) == {"file_7.yaml"}


def test_where_no_dag_file_was_parsed_before_all_are_searched_once(folder: Path, opened: Opened) -> None:
    """A worker on a machine of its own, or in a fresh container."""
    with opened() as names:
        assert list(load(folder, dag_id="dag_7").dags) == ["dag_7"]
    assert sorted(set(names)) == EVERY_FILE
    for number in (7, 8):
        with opened() as names:
            assert list(load(folder, dag_id=f"dag_{number}").dags) == [f"dag_{number}"]
        assert set(names) == {f"file_{number}.yaml"}


def test_the_search_checks_no_file_but_the_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from schemas import checker

    checked: list[str] = []
    original = checker.check_source
    monkeypatch.setattr(checker, "check_source", lambda s, **o: checked.append(s.path.name) or original(s, **o))
    load(folder, dag_id="dag_7")
    assert checked == ["file_7.yaml"]


def test_a_pipeline_that_moved_to_another_file_is_found(folder: Path) -> None:
    load(folder)
    (folder / "file_7.yaml").rename(folder / "0.yaml")
    assert load(folder, dag_id="dag_7").dags["dag_7"].pipeline_file == str(folder / "0.yaml")
    (folder / "file_8.yaml").write_text(text_of("dag_9"))
    (folder / "file_9.yaml").write_text(text_of("dag_8"))
    assert load(folder, dag_id="dag_8").dags["dag_8"].pipeline_file == str(folder / "file_9.yaml")


def test_of_two_definitions_the_first_counts_here_too(folder: Path) -> None:
    (folder / "a.yaml").write_text(text_of("dag_7", "first"))
    for _ in range(2):
        assert load(folder, dag_id="dag_7").dags["dag_7"].get_task("a").bash_command == "first"
    load(folder)
    assert load(folder, dag_id="dag_7").dags["dag_7"].get_task("a").bash_command == "first"
    (folder / "a.yaml").write_text(text_of("dag_7").replace("tasks", "taskz"))
    assert load(folder, dag_id="dag_7").dags["dag_7"].get_task("a").bash_command == "echo"


@pytest.mark.parametrize(
    "key", ["{dag_x", '{"dag_x"', "{'dag_x'", '{"\\u0064ag_x"', "{? dag_x ", "{&x dag_x", "{!!str dag_x"]
)
def test_a_name_in_another_spelling_is_found(folder: Path, key: str) -> None:
    (folder / "other.yaml").write_text(f"{key}: {{tasks: {{a: {{operator: {BASH}, bash_command: x}}}}}}}}")
    for _ in range(2):
        assert list(load(folder, dag_id="dag_x").dags) == ["dag_x"]


def test_one_that_is_not_there_gives_nothing(folder: Path) -> None:
    for _ in range(2):
        assert load(folder, dag_id="nobody").dags == {}
    load(folder)
    assert load(folder, dag_id="nobody").dags == {}


def test_one_of_many_in_a_file_is_the_only_one_that_is_built(tmp_path: Path) -> None:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "many.yaml").write_text("".join(text_of(f"dag_{number}") for number in range(30)))
    load(folder)
    assert list(load(folder, dag_id="dag_29").dags) == ["dag_29"]


def test_without_a_cache_the_right_one_is_built_all_the_same(folder: Path) -> None:
    load(folder)
    cache_file(folder).unlink()
    cache_file(folder).mkdir()
    assert list(load(folder, dag_id="dag_7").dags) == ["dag_7"]
    cache_file(folder).rmdir()


def test_the_folder_is_not_even_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.load import checked_files

    load(folder)
    monkeypatch.setattr(checked_files, "iter_pipeline_files", lambda _: pytest.fail("listed"))
    assert list(load(folder, dag_id="dag_7").dags) == ["dag_7"]
    assert len(list(iter_pipeline_files(folder))) == 20
