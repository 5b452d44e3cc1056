"""docs/terminal.md: every output on it is printed by the command above it, in the order of the page."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "terminal.md").read_text(encoding="utf-8")
PIPELINES = ("census_income", "ml_pipeline", "monitoring")


class Block(NamedTuple):
    info: str
    text: str


BLOCKS = [Block(*found) for found in re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def git(*arguments: str, text: str | None = None) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *arguments], input=text, check=True, capture_output=True, text=True).stdout


def commit(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the pipelines of this one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines").mkdir()
    for name in PIPELINES:
        shutil.copy(REPOSITORY / "pipelines" / f"{name}.yaml", tmp_path / "pipelines")
    git("init", "--quiet", ".")
    commit("first")
    return tmp_path


def command_and_output(block: Block) -> tuple[list[str], str]:
    command, _, output = block.text.partition("\n")
    return command.removeprefix("$ pipelines ").split(), output


def printed(arguments: list[str]) -> str:
    out = io.StringIO()
    main(arguments, out)
    return out.getvalue()


def without_commit(text: str) -> str:
    return re.sub(r"against HEAD \(\w+\)", "against HEAD", text)


def test_the_outputs_of_the_page(checkout: Path) -> None:
    told = 0
    for block in BLOCKS:
        if block.info == "diff":
            commit("before the next edit") if git("status", "--porcelain") else None
            git("apply", "-", text=block.text)
        elif block.info == "console":
            arguments, output = command_and_output(block)
            if arguments[0] != "run":
                assert without_commit(printed(arguments)) == without_commit(output), arguments
                told += 1
    assert told == 6


@pytest.mark.airflow
@pytest.mark.slow
def test_the_run_of_the_page(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments, output = next(
        found
        for block in BLOCKS
        if block.info == "console"
        for found in [command_and_output(block)]
        if found[0][0] == "run"
    )
    main(["new", "churn", "--template", "minimal"], io.StringIO())
    capfd.readouterr()
    assert main(arguments) == 0
    assert measured(capfd.readouterr().out) == measured(output)


def measured(text: str) -> list[str]:
    """Leave out what differs in each run: times, the id of the run, the name of the folder, and the blanks around."""
    plain = re.sub(r"\d+\.\d+|manual__\S+|/\S+?pipelines-run-churn-\w+", "…", text)
    return [re.sub(r"\s+", " ", line) for line in plain.strip().splitlines()]


def test_the_picture_of_the_page_is_the_one_that_show_draws() -> None:
    """Write it anew with `pipelines show ml_pipeline --format svg > docs/images/ml_pipeline.svg`."""
    drawn = printed(["show", "ml_pipeline", str(REPOSITORY / "pipelines"), "--format", "svg"])
    assert (REPOSITORY / "docs" / "images" / "ml_pipeline.svg").read_text(encoding="utf-8") == drawn
