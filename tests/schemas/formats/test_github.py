"""GitHub annotations: one command on one line each, with nothing that ends it early."""

from __future__ import annotations

from schemas.checker import Report
from schemas.diagnostic import Diagnostic
from schemas.formats.display import Display
from schemas.formats.github import _command, render


def test_a_problem_is_one_command_with_its_place(report: Report) -> None:
    assert render(report, Display()).splitlines()[0] == (
        "::error file=broken%2C 100%25.yaml,line=2,endLine=2,col=3,endColumn=9,title=P101 unknown-key::"
        'unknown key "schedul" in pipeline "orders"%0Ahint: did you mean "schedule"?'
    )


def test_a_warning_is_a_warning(report: Report) -> None:
    assert render(report, Display()).splitlines()[1].startswith("::warning file=warned.yaml,line=3,")


def test_what_is_in_a_message_cannot_start_another_command() -> None:
    diagnostic = Diagnostic("a:b,c.yaml", 1, 1, "P104", "100%\r\n::error::owned", end_line=1, end_column=2)
    shown = _command(diagnostic)
    assert "\n" not in shown
    assert shown == (
        "::error file=a%3Ab%2Cc.yaml,line=1,endLine=1,col=1,endColumn=1,title=P104 value-not-allowed"
        "::100%25%0D%0A::error::owned"
    )


def test_a_place_over_several_lines_has_no_columns_of_its_end() -> None:
    shown = _command(Diagnostic("a.yaml", 1, 5, "P104", "m", end_line=3, end_column=2))
    assert shown == "::error file=a.yaml,line=1,col=5,title=P104 value-not-allowed::m"


def test_every_case_is_one_line_each(case_report: Report) -> None:
    assert len(render(case_report, Display()).splitlines()) == len(case_report.diagnostics)
