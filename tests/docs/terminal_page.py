"""Writes the outputs in docs/terminal.md anew, each by the command above it, and the picture beside it.

    python -m tests.docs.terminal_page

The commands run in the order of the page, in a repository that holds the pipelines of this one. A difference on the
page is an edit that is made before the next command. What `pipelines run` prints is left as it is: it tells times.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import chdir
from pathlib import Path

from pipelines.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "terminal.md"
PICTURE = REPOSITORY / "docs" / "images" / "ml_pipeline.svg"
PIPELINES = ("census_income", "ml_pipeline", "monitoring")
_BLOCK = re.compile(r"^```(?P<info>console|diff)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# of a commit of this moment, so that it is the same each time
_IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
    ("NAME", "a"), ("EMAIL", "a@example.com"), ("DATE", "2026-03-01T12:00:00Z"))}  # fmt: skip


def git(*arguments: str, text: str | None = None) -> str:
    environment = {**os.environ, **_IDENTITY}
    command = ["git", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(command, input=text, env=environment, check=True, capture_output=True, text=True).stdout


def prepare(folder: Path) -> None:
    """Make a repository with the pipelines of this one."""
    (folder / "pipelines").mkdir()
    for name in PIPELINES:
        shutil.copy(REPOSITORY / "pipelines" / f"{name}.yaml", folder / "pipelines")
    git("init", "--quiet", "--object-format=sha1", ".")
    _commit()


def _commit() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", "as it is")


def page_as_printed(page: str) -> str:
    """Give the page with what its commands print here and now, in the current folder, which was prepared.

    :param page: the page as it is
    """
    return _BLOCK.sub(_printed_block, page)


def _printed_block(block: re.Match[str]) -> str:
    if block["info"] == "diff":
        _commit()
        git("apply", "-", text=block["text"])
        return block[0]
    command = block["text"].partition("\n")[0]
    arguments = command.removeprefix("$ pipelines ").split()
    if arguments[0] == "run":
        return block[0]
    return f"```console\n{command}\n{printed(arguments)}```"


def printed(arguments: list[str]) -> str:
    out = io.StringIO()
    main(arguments, out)
    return out.getvalue()


def picture() -> str:
    return printed(["show", "ml_pipeline", str(REPOSITORY / "pipelines"), "--format", "svg"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, chdir(name):
        prepare(Path(name))
        PAGE.write_text(page_as_printed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
