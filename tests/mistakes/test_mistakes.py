"""The mistakes people make: what the check says of each, and what Airflow shows where dag-factory loads the file.

``make accept`` (ACCEPT=1) writes the outputs and docs/mistakes.md anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.mistakes.outcomes import MISTAKES, SECRET, of_check, of_dag_factory, title
from tests.mistakes.page import PAGE, mistakes_page

NO_MISTAKE_HERE = {"02-dag-argument-not-forwarded", "22-no-start-date", "42-environment-variable"}
"""Of these, dag-factory makes what is not meant, and this project what is meant; or Airflow allows it."""


def mistakes() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)


def accepted(path: Path, now: str) -> str:
    if os.environ.get("ACCEPT"):
        path.write_text(now, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@mistakes()
def test_the_check_says(path: Path) -> None:
    now = of_check(path)
    assert now == accepted(path.with_suffix(".check.out"), now)
    assert now.startswith("no problem") == (path.stem in NO_MISTAKE_HERE)


@mistakes()
@pytest.mark.airflow
@pytest.mark.filterwarnings("ignore")
def test_dag_factory_says(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTAKES_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    now = of_dag_factory(path, tmp_path)
    assert now == accepted(path.with_suffix(".dag-factory.out"), now)


def test_each_file_says_what_it_is_about_and_none_has_the_number_of_another() -> None:
    assert all(title(path) for path in MISTAKES)
    assert [path.stem.partition("-")[0] for path in MISTAKES] == [f"{n:02}" for n in range(1, len(MISTAKES) + 1)]


def test_the_page_is_made_of_the_outputs() -> None:
    assert accepted(PAGE, mistakes_page()) == mistakes_page(), "docs/mistakes.md is old: run `make accept`"
