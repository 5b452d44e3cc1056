"""docs/many-pipelines.md: its files are checked in the folders it says, and come out as it says."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cli import main
from schemas.checker import Scope, check_files, iter_yaml_files
from schemas.spec import Pipeline

PAGE = Path(__file__).parent.parent.parent / "docs" / "many-pipelines.md"
FENCE = re.compile(r"^```(?P<info>[^\n]+)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Section:
    """The blocks under one heading."""

    title: str
    blocks: list[tuple[str, str]]

    def write(self, folder: Path) -> Path:
        for info, text in self.blocks:
            name = info.removeprefix("yaml ").removesuffix(" wrong")
            if name.startswith("pipelines/"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
        (folder / "pipelines" / ".airflowignore").touch()
        return folder / "pipelines"

    @property
    def results(self) -> dict[str, Any]:
        """Environment -> what comes out."""
        return {
            info.removeprefix("yaml result").strip(): yaml.safe_load(text)
            for info, text in self.blocks
            if info.startswith("yaml result")
        }


SECTIONS = [
    Section(title, [(match["info"], match["text"]) for match in FENCE.finditer(text)])
    for title, _, text in (part.partition("\n") for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:])
]


def laid_out(pipeline: Pipeline) -> dict[str, Any]:
    """What a pipeline is, as one would write it into a file."""
    return {**pipeline.config, "tasks": {task.id: dict(task.config) for task in pipeline.tasks}}


@pytest.mark.parametrize("section", [s for s in SECTIONS if s.results], ids=lambda section: section.title)
def test_files_come_out_as_the_page_says(section: Section, tmp_path: Path) -> None:
    files = list(iter_yaml_files(section.write(tmp_path)))
    assert check_files(files, scope=Scope(every_environment=True)).diagnostics == ()
    for environment, expected in section.results.items():
        pipelines = check_files(files, scope=Scope(environment)).pipelines
        found = {pipeline.dag_id: laid_out(pipeline) for pipeline in pipelines if pipeline.dag_id in expected}
        assert found == expected


@pytest.mark.parametrize("section", [s for s in SECTIONS if not s.results and s.blocks], ids=lambda s: s.title)
def test_a_mistake_is_printed_as_the_page_says(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 1
    printed = capsys.readouterr().out
    if os.environ.get("ACCEPT"):
        page = PAGE.read_text(encoding="utf-8")
        start = page.index("$ pipelines check\n", page.index(f"## {section.title}")) + len("$ pipelines check\n")
        PAGE.write_text(page[:start] + printed + page[page.index("```", start) :], encoding="utf-8")
        return
    (console,) = (text for info, text in section.blocks if info == "console")
    assert console == f"$ pipelines check\n{printed}"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_files_name_their_schemas(section: Section, repository: Path) -> None:
    for info, text in section.blocks:
        name = info.removeprefix("yaml ")
        if name.startswith("pipelines/") and not name.endswith(" wrong"):
            (schema,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", text, re.M)
            assert (repository / name).parent.joinpath(schema).resolve().is_file()
