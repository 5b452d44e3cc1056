"""Diagnostics: what a rule says of a place in a YAML file; the value that every output format is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error stops the file from becoming a DAG; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a source text; lines and columns count from 1, in characters, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Place(1, 1, 1, 1)
"""For diagnostics on a whole file."""


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One problem; sorts by file, then position, then code.

    The fields map one to one onto Airflow's ``DagImportError``: path, line, column, code (error_type), message, hint
    (suggestion).
    """

    path: str
    line: int
    column: int
    code: str
    """Stable, e.g. ``P201``; never reused for another rule."""
    message: str
    """Lower case, no full stop; quotes what was found and says what is allowed."""
    hint: str = ""
    """The fix, where one is known."""
    severity: Severity = Severity.ERROR
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        """``path:line:col: CODE message``, which editors and matchers understand."""
        return f"{self.path}:{self.line}:{self.column}: {self.code} {self.message}"

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic that does not know its file yet; rules yield these."""

    code: str
    place: Place
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def in_file(self, path: str) -> Diagnostic:
        """Name the file."""
        place = self.place
        return Diagnostic(
            path,
            place.line,
            place.column,
            self.code,
            self.message,
            self.hint,
            self.severity,
            place.end_line,
            place.end_column,
        )


def did_you_mean(found: str, allowed: list[str]) -> str:
    """Give the hint for a name that does not exist: the nearest one, or all that are allowed if none is near.

    :param found: what the YAML says
    :param allowed: what it could say
    """
    import difflib

    nearest = difflib.get_close_matches(found, allowed, n=1, cutoff=0.6)
    if nearest:
        return f'did you mean "{nearest[0]}"?'
    return f"allowed: {', '.join(sorted(allowed))}" if allowed else ""
