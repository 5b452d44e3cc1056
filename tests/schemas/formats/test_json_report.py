"""JSON: the counts, and every diagnostic with all its fields."""

from __future__ import annotations

import json

from schemas.checker import Report
from schemas.formats.display import Display
from schemas.formats.json_report import render


def test_the_report_counts_and_lists(report: Report) -> None:
    document = json.loads(render(report, Display()))
    assert {key: value for key, value in document.items() if key != "diagnostics"} == {
        "version": 1,
        "files": 3,
        "errors": 1,
        "warnings": 1,
    }
    assert document["diagnostics"][0] == {
        "path": "broken, 100%.yaml",
        "line": 2,
        "column": 3,
        "end_line": 2,
        "end_column": 10,
        "code": "P101",
        "name": "unknown-key",
        "severity": "error",
        "message": 'unknown key "schedul" in pipeline "orders"',
        "hint": 'did you mean "schedule"?',
    }


def test_a_clean_report_is_an_empty_list(clean_report: Report) -> None:
    assert json.loads(render(clean_report, Display()))["diagnostics"] == []
