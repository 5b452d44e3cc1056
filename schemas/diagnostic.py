"""Diagnostics: what a rule says of a place in a YAML file; the value that every output format is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from schemas.catalogue import Severity, rule_of
from schemas.spelling import did_you_mean

__all__ = ["START", "Diagnostic", "Finding", "Place", "Severity", "did_you_mean", "joined", "printable"]

# Control characters, line ends and marks that reverse the direction of text: never printed as they are.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

_LONGEST = 3000


def printable(text: str) -> str:
    """Write out the characters of a text that would not print, or would move what stands beside them."""
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def joined(*hints: str) -> str:
    """Put hints together, those that are given."""
    text = ""
    for hint in filter(None, hints):
        text += f"{' ' if text.endswith('?') else '; '}{hint}" if text else hint
    return text


def _short(text: str) -> str:
    """Leave out the middle of a text that nobody would read to its end: it quotes a value of a megabyte."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a source text; lines and columns count from 1, in characters, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    file: str = ""
    """The file as diagnostics name it, if it is another than the one that is checked: defaults, a template …"""
    note: str = field(default="", compare=False)
    """What the hint of a finding here says besides: where the other part of it stands."""


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
    end_line: int = 0
    end_column: int = 0
    once: str = field(default="", compare=False, repr=False)
    """What is the same for a mistake in a file that several pipelines take, whoever is named in the message."""

    @property
    def name(self) -> str:
        """What people call the rule, e.g. ``unknown-dependency``."""
        return rule_of(self.code).name

    @property
    def severity(self) -> Severity:
        """How grave it is; the catalogue decides, not the rule."""
        return rule_of(self.code).severity

    def __str__(self) -> str:
        """``path:line:col: CODE message [name]``, which editors and matchers understand."""
        grave = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        position = f"{printable(self.path)}:{self.line}:{self.column}"
        return f"{position}: {self.code} {grave}{self.message} [{self.name}]"

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "code": self.code,
            "name": self.name,
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

    @property
    def severity(self) -> Severity:
        """How grave it is; the catalogue decides, not the rule."""
        return rule_of(self.code).severity

    @property
    def is_error(self) -> bool:
        """Whether nothing may be built because of it."""
        return self.severity is Severity.ERROR

    def in_file(self, path: str) -> Diagnostic:
        """Name the file, unless the place is in another one; what would not print in the words is written out.

        :param path: of the file that is checked
        """
        at = self.place
        message, hint = _short(printable(self.message)), _short(printable(joined(self.hint, at.note)))
        return Diagnostic(at.file or path, at.line, at.column, self.code, message, hint, at.end_line, at.end_column)
