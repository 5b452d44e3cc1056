"""Text: what a person reads, with and without colours; the caret stands under the token on any terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.checker import Report, check_files
from schemas.diagnostic import Diagnostic
from schemas.formats.display import Display
from schemas.formats.text import render, render_text

ESCAPES = re.compile("\x1b\\[[0-9;]*m")


def test_a_clean_report_prints_nothing_into_a_pipe(clean_report: Report) -> None:
    assert render(clean_report, Display()) == ""


def test_a_person_at_a_terminal_reads_that_all_is_well(clean_report: Report) -> None:
    assert render(clean_report, Display(summary=True)) == "1 file checked, no problems"


def test_a_person_at_a_terminal_reads_the_counts_last(report: Report) -> None:
    assert render(report, Display(summary=True)).splitlines()[-1] == "1 error and 1 warning in 3 files"


def test_a_warning_says_that_it_is_one(report: Report) -> None:
    lines = render(report, Display()).splitlines()
    assert next(line for line in lines if "P403" in line).startswith("warned.yaml:3:19: P403 warning: operator ")


def test_colours_change_nothing_but_colours(case_report: Report) -> None:
    coloured = render(case_report, Display(color=True))
    assert "\x1b[" in coloured
    assert ESCAPES.sub("", coloured) == render(case_report, Display())


def test_errors_are_red_and_warnings_yellow(report: Report) -> None:
    coloured = render(report, Display(color=True))
    assert "\x1b[1;31mP101\x1b[0m" in coloured
    assert "\x1b[1;33mP403\x1b[0m" in coloured


@pytest.mark.parametrize(
    ("line", "column", "before"),
    [
        ("key: value", 6, "     "),
        ("\tkey: value", 7, " " * 9),
        ("キー: value", 5, " " * 6),
        ("e\u0301: value", 5, " " * 3),
    ],
)
def test_the_caret_counts_terminal_columns(line: str, column: int, before: str) -> None:
    diagnostic = Diagnostic("x.yaml", 1, column, "P103", "m", "", 1, column + 5)
    assert render_text([diagnostic], {"x.yaml": line}).splitlines()[-1] == f"    | {before}^~~~~"


def test_of_a_line_of_a_megabyte_only_the_part_around_the_mark_is_shown() -> None:
    line = "x" * 500_000 + "HERE" + "y" * 500_000
    diagnostic = Diagnostic("x.yaml", 1, 500_001, "P103", "m", "", 1, 500_005)
    _, _, shown, pointer = render_text([diagnostic], {"x.yaml": line}).splitlines()
    assert len(shown) < 300
    assert shown[pointer.index("^") :].startswith("HERE")
    assert pointer.endswith("^~~~")


def test_a_mark_of_a_megabyte_is_shown_in_part() -> None:
    diagnostic = Diagnostic("x.yaml", 1, 1, "P103", "m", "", 1, 500_001)
    assert all(len(part) < 300 for part in render_text([diagnostic], {"x.yaml": "x" * 1_000_000}).splitlines())


def test_a_file_cannot_move_the_cursor_or_reverse_text(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text(
        'orders:\n  tasks:\n    a: {operator: "\\e[31mred\\n\\u202eder"}  # \u202e\n# \x1b[2J\n', encoding="utf-8"
    )
    report = check_files([path], relative_to=tmp_path)
    assert report.diagnostics
    shown = render(report, Display())
    assert not re.search("[\x1b\u202e\r]", shown)
    path.write_text(path.read_text(encoding="utf-8").replace("\x1b[2J", ""), encoding="utf-8")
    shown = render(check_files([path], relative_to=tmp_path), Display())
    assert not re.search("[\x1b\u202e\r]", shown)
    assert "\\x1b[31mred\\n\\u202eder" in shown


def test_a_file_name_with_a_line_end_stays_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.yaml"
    path.write_text("")
    assert render(check_files([path], relative_to=tmp_path), Display()).startswith("two\\nlines.yaml:1:1: P010 ")
