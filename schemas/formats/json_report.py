"""The form for programs: one JSON object with the counts and every diagnostic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.diagnostic import Severity
from schemas.formats.display import Display

if TYPE_CHECKING:
    from schemas.checker import Report

VERSION = 1
"""Grows when a key goes away or changes its meaning; new keys may come at any time."""


def render(report: Report, display: Display) -> str:
    """Render the report as JSON."""
    import json

    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in report.diagnostics)
    document = {
        "version": VERSION,
        "files": len(report.files),
        "errors": errors,
        "warnings": len(report.diagnostics) - errors,
        "diagnostics": [diagnostic.to_json() for diagnostic in report.diagnostics],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
