"""docs/terminal.md: every output on it is printed by the command above it, in the order of the page."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.docs.terminal_page import PAGE, PICTURE, page_as_printed, picture, prepare


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the pipelines of this one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPELINES_ENVIRONMENT", raising=False)
    prepare(tmp_path)
    return tmp_path


def test_the_outputs_of_the_page(checkout: Path) -> None:
    """Write them anew with `make docs`."""
    page = PAGE.read_text(encoding="utf-8")
    assert page_as_printed(page) == page


def test_the_picture_of_the_page(checkout: Path) -> None:
    """Write it anew with `make docs`."""
    assert PICTURE.read_text(encoding="utf-8") == picture()


@pytest.mark.airflow
@pytest.mark.slow
def test_the_run_of_the_page(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = PAGE.read_text(encoding="utf-8").partition("$ pipelines run churn\n")[2].partition("```")[0]
    main(["new", "churn", "--template", "minimal"], io.StringIO())
    capfd.readouterr()
    assert main(["run", "churn"]) == 0
    assert measured(capfd.readouterr().out) == measured(output)


def measured(text: str) -> list[str]:
    """Leave out what differs in each run: times, the id of the run, the name of the folder, and the blanks around."""
    plain = re.sub(r"\d+\.\d+|manual__\S+|/\S+?pipelines-run-churn-\w+", "…", text)
    return [re.sub(r"\s+", " ", line) for line in plain.strip().splitlines()]
