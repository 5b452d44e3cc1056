"""The texts that Airflow reads for the Code tab."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.code_tab import CodeFolder, path_in_repository

SHOWN = "pipelines/churn.yaml"


@pytest.fixture
def code(tmp_path: Path) -> CodeFolder:
    return CodeFolder(tmp_path / "pipelines-code")


def keep(code: CodeFolder, text: str) -> Path:
    path = code.keep(SHOWN, text)
    assert path is not None
    return Path(path)


def test_each_text_has_a_file_of_its_own(code: CodeFolder) -> None:
    first, second = keep(code, "one"), keep(code, "two")
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert (path_in_repository(str(first)), path_in_repository(str(second))) == (SHOWN, SHOWN)


def test_a_text_that_is_there_is_not_written_again(code: CodeFolder) -> None:
    inode = keep(code, "one").stat().st_ino
    assert keep(code, "one").stat().st_ino == inode


def test_texts_are_removed_when_they_have_not_been_in_use_for_an_hour(code: CodeFolder) -> None:
    unused, used = keep(code, "one"), keep(code, "two")
    long_ago = time.time() - 3601
    for path in (unused, used):
        os.utime(path, (long_ago, long_ago))
    keep(code, "two")
    code.remove_unused()
    assert (unused.parent.parent.exists(), used.exists()) == (False, True)


def test_without_a_place_to_write_there_is_no_file_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    code = CodeFolder(tmp_path / "file" / "pipelines-code")
    assert [code.keep(SHOWN, "one"), code.keep(SHOWN, "two")] == [None, None]
    [message] = caplog.messages
    assert message.startswith("the Code tab shows the loader instead of the YAML, for nothing can be written: ")


@pytest.mark.parametrize("fileloc", ["", "/opt/airflow/dags/dags.py", "/opt/airflow/pipelines-code"])
def test_other_paths_are_not_those_of_texts(fileloc: str) -> None:
    assert path_in_repository(fileloc) is None
