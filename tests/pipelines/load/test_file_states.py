"""A file's state: what changed is never taken for the same; what is the same is not read without need."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.load import file_states
from pipelines.load.file_states import ABSENT, FileState, FileStates, read_state


def same(path: Path, known: FileState) -> bool:
    return FileStates().newer(path, known) is not None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text("old text")
    return path


@pytest.fixture
def settled(path: Path, monkeypatch: pytest.MonkeyPatch) -> FileState:
    """The state of a file that was written long enough ago."""
    monkeypatch.setattr(file_states, "SETTLED_AFTER", 0.02)
    time.sleep(0.05)
    state, content = read_state(path)
    assert state.settled
    assert content == b"old text"
    return state


def test_a_file_that_rests_is_the_same_without_being_read(path: Path, settled: FileState) -> None:
    path.chmod(0)
    again = read_state(path)[0]
    # only the change of the mode shows in the stat
    assert FileStates().newer(path, again._replace(digest="of whatever", settled=True)) is not None


def test_an_edit_of_the_same_length_right_after_the_check_is_noticed(path: Path) -> None:
    for number in range(200):
        state, _ = read_state(path)
        path.write_text(f"text {number:3}")
        assert not same(path, state)


def test_a_file_is_not_settled_right_after_it_was_written(path: Path) -> None:
    assert not read_state(path)[0].settled


def test_a_file_from_the_future_is_never_settled(path: Path, settled: FileState) -> None:
    os.utime(path, (time.time() + 3600,) * 2)
    assert not read_state(path)[0].settled


def test_an_edit_whose_time_is_put_back_is_noticed(path: Path, settled: FileState) -> None:
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text("new text")
    os.utime(path, ns=times)
    assert not same(path, settled)


def test_another_file_in_its_place_is_noticed(path: Path, settled: FileState) -> None:
    other = path.with_name("other")
    other.write_text("new text")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert not same(path, settled)


def test_a_file_that_was_only_touched_or_copied_is_the_same(path: Path, settled: FileState) -> None:
    path.touch()
    newer = FileStates().newer(path, settled)
    assert newer is not None
    assert newer.stat != settled.stat
    assert newer.digest == settled.digest


def test_a_file_that_is_gone_is_another(path: Path, settled: FileState) -> None:
    path.unlink()
    assert not same(path, settled)


def test_no_file_is_the_same_as_no_file_until_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "defaults.yaml"
    assert read_state(path) == (ABSENT, None)
    assert same(path, ABSENT)
    path.touch()
    assert not same(path, ABSENT)


def test_where_a_link_leads_is_what_counts(path: Path, tmp_path: Path, settled: FileState) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    state, _ = read_state(link)
    other = tmp_path / "other"
    other.write_text("new text")
    link.unlink()
    link.symlink_to(other)
    assert not same(link, state)


def test_what_cannot_be_read_is_nothing_that_could_be_the_same(tmp_path: Path) -> None:
    state, content = read_state(tmp_path)
    assert content is None
    assert not state.settled


def test_what_is_kept_belongs_to_the_content_that_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that says something else for the moment of the check only."""
    from pipelines.loader import load
    from schemas import checker
    from tests.pipelines.load.conftest import text_of

    folder = tmp_path / "pipelines"
    folder.mkdir()
    path = folder / "a.yaml"
    path.write_text(text_of("a", "one"))
    original = checker.check_source

    def check_source(source: object, **options: object) -> object:
        path.write_text(text_of("a", "two"))
        result = original(source, **options)
        path.write_text(text_of("a", "one"))
        return result

    with monkeypatch.context() as patched:
        patched.setattr(checker, "check_source", check_source)
        load(folder)
    assert load(folder).dags["a"].get_task("a").bash_command == "one"
