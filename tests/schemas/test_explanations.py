"""The explanations: a wrong example prints exactly what its page says, a right one is clean, docs/rules.md is new.

``make accept`` (ACCEPT=1) writes the outputs and the page anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.catalogue import CATALOGUE
from schemas.checker import Scope, check_files, iter_yaml_files
from schemas.explanations import FOLDER, read_explanation, rules_page
from schemas.formats.text import render_text

ONLY_THE_LOADER = ("P900",)
SHOWN_BESIDE = {"P012": {"P201"}}
CODES = list(CATALOGUE)
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<name>[\w./-]+\.[\w.]+))?(?: PIPELINES_ENVIRONMENT=(?P<environment>\w+))?"
    r"(?: (?P<form>[\w-]+))?\n(?P<text>.*?)^```$",
    re.M | re.S,
)


@dataclass(frozen=True)
class Page:
    wrong: list[re.Match[str]]
    output: re.Match[str]
    right: list[re.Match[str]]


def page(code: str) -> Page:
    text = read_explanation(code)
    reason, *rest = re.split(r"^### (?:Wrong|Output|Right)\n", text, flags=re.M)
    assert reason.strip(), f"{code}.md starts with the reason for the rule"
    assert len(rest) == 3, f"{code}.md has the sections Wrong, Output and Right"
    wrong, (output,), right = (list(BLOCK.finditer(section)) for section in rest)
    return Page(wrong, output, right)


def write(blocks: list[re.Match[str]], folder: Path) -> list[Path]:
    (folder / ".airflowignore").touch()  # the folder of the DAGs
    for block in blocks:
        path = folder / (block["name"] or "example.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        if block["form"] == "link":
            path.symlink_to(folder / "gone.yaml")
        else:
            path.write_text(block["text"], encoding=block["form"] or "utf-8")
    return list(iter_yaml_files(folder))


def printed(blocks: list[re.Match[str]], folder: Path) -> str:
    report = check_files(write(blocks, folder), relative_to=folder, scope=scope_of(blocks))
    return "".join(f"{render_text([diagnostic], report.texts)}\n" for diagnostic in report.diagnostics)


def scope_of(blocks: list[re.Match[str]]) -> Scope:
    """What the check is asked for: everything, or where a page has a command, what that says."""
    (environment,) = {block["environment"] for block in blocks if block["environment"]} or {""}
    return Scope(environment, every_environment=not environment)


def accept_or_compare(code: str, now: str) -> None:
    if os.environ.get("ACCEPT"):
        before, fence, rest = read_explanation(code).partition("### Output\n\n```text\n")
        after = rest[rest.index("```\n\n### Right") :]
        (FOLDER / f"{code}.md").write_text(before + fence + now + after, encoding="utf-8")
    assert now == page(code).output["text"]


@pytest.mark.parametrize("code", [code for code in CODES if code not in ONLY_THE_LOADER])
def test_a_wrong_example_prints_what_its_page_says(code: str, tmp_path: Path) -> None:
    now = printed(page(code).wrong, tmp_path)
    shown = set(re.findall(r"^\S+: (P\d{3}) ", now, flags=re.M))
    assert shown - SHOWN_BESIDE.get(code, set()) == {code}, "an example shows its own rule, and no other"
    accept_or_compare(code, now)


@pytest.mark.airflow
def test_the_wrong_example_of_a_refused_pipeline_prints_what_its_page_says(tmp_path: Path) -> None:
    from pipelines.loader import load

    folder = tmp_path / "pipelines"
    folder.mkdir()
    write(page("P900").wrong, folder)
    loaded = load(folder)
    accept_or_compare("P900", render_text(loaded.diagnostics, loaded.texts) + "\n")


@pytest.mark.parametrize("code", CODES)
def test_a_right_example_is_clean(code: str, tmp_path: Path) -> None:
    assert page(code).right
    assert printed(page(code).right, tmp_path) == ""


def test_the_page_of_all_rules_is_made_of_the_explanations(repository: Path) -> None:
    path = repository / "docs" / "rules.md"
    if os.environ.get("ACCEPT"):
        path.write_text(rules_page(), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == rules_page(), "docs/rules.md is old: run `make docs`"


def test_no_explanation_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(CATALOGUE)


def links(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(#([^)]+)\)", text)


def test_every_row_of_the_page_leads_to_its_section() -> None:
    text = rules_page()
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", text, flags=re.M)}
    assert set(links(text)) == anchors
