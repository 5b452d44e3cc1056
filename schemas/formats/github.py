"""The form for GitHub Actions: workflow commands, which it shows as annotations at the lines of a pull request.

Source of the form and its escapes: GitHub's documentation "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.diagnostic import Diagnostic
from schemas.formats.display import Display

if TYPE_CHECKING:
    from schemas.checker import Report


def render(report: Report, display: Display) -> str:
    """Render one command for each diagnostic."""
    return "\n".join(_command(diagnostic) for diagnostic in report.diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = {
        "file": diagnostic.path,
        "line": diagnostic.line,
        "endLine": diagnostic.end_line,
        "col": diagnostic.column,
        # the end is exclusive here and inclusive there
        "endColumn": diagnostic.end_column - 1,
        "title": f"{diagnostic.code} {diagnostic.name}",
    }
    if diagnostic.end_line != diagnostic.line or diagnostic.end_column <= diagnostic.column:
        # GitHub takes columns only for a place within one line
        del properties["endLine"], properties["endColumn"]
    shown = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    message = f"{diagnostic.message}\nhint: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    return f"::{diagnostic.severity} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
