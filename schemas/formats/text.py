"""The form for people: the one-line form, the source line, a caret under the place, and the hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from schemas.diagnostic import Diagnostic, Severity
from schemas.formats.display import Display
from schemas.formats.terminal import BLUE, BOLD, GREEN, RED, YELLOW, paint, shown, width
from schemas.lines import split_lines

if TYPE_CHECKING:
    from schemas.checker import Report

_LONGEST = 240
"""Longer source lines are shown in part."""
_COLOR_OF = {Severity.ERROR: RED, Severity.WARNING: YELLOW}


def render(report: Report, display: Display) -> str:
    """Render all diagnostics, and for a person at a terminal a line that counts them."""
    parts = [render_text(report.diagnostics, report.texts, color=display.color)] if report.diagnostics else []
    if display.summary:
        parts.append(_summary(report, display))
    return "\n".join(parts)


def render_text(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], *, color: bool = False) -> str:
    """Render diagnostics one after another.

    :param diagnostics: sorted
    :param texts: path -> source text; the source line is left out where there is none
    :param color: whether to print escape sequences for colours
    """
    return "\n".join(_iter_rendered(diagnostics, texts, color=color))


def _iter_rendered(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], *, color: bool) -> Iterator[str]:
    for path, group in groupby(diagnostics, key=attrgetter("path")):
        lines = split_lines(texts.get(path, ""))
        for diagnostic in group:
            yield _render(diagnostic, lines, color=color)


def _render(diagnostic: Diagnostic, lines: list[str], *, color: bool) -> str:
    parts = [_headline(diagnostic) if color else str(diagnostic)]
    if 0 < diagnostic.line <= len(lines):
        parts.extend(_snippet(diagnostic, lines[diagnostic.line - 1], color=color))
    if diagnostic.hint:
        parts.append(f"  {paint('hint:', GREEN, color)} {diagnostic.hint}")
    return "\n".join(parts)


def _headline(diagnostic: Diagnostic) -> str:
    """Colour the one-line form; without the colours it is the same text."""
    position, code, rest = str(diagnostic).partition(f": {diagnostic.code} ")
    message, _, name = rest.rpartition(" ")
    code = paint(code[2:-1], _COLOR_OF[diagnostic.severity], True)
    return f"{paint(position, BOLD, True)}: {code} {message} {paint(name, BLUE, True)}"


def _snippet(diagnostic: Diagnostic, line: str, *, color: bool) -> Iterator[str]:
    number = str(diagnostic.line)
    start = diagnostic.column - 1
    end = diagnostic.end_column - 1 if diagnostic.end_line == diagnostic.line else diagnostic.column
    before, marked, after = _window(
        line[:start], line[start : max(end, diagnostic.column)], line[max(end, start + 1) :]
    )
    margin = " " * (len(number) + 1)
    pointer = "^" + "~" * (width(marked) - 1)
    bar = paint("|", BLUE, color)
    yield f"  {margin}{bar}"
    yield f"  {paint(number, BLUE, color)} {bar} {shown(before + marked + after)}"
    yield f"  {margin}{bar} {' ' * width(before)}{paint(pointer, _COLOR_OF[diagnostic.severity], color)}"


def _window(before: str, marked: str, after: str) -> tuple[str, str, str]:
    """Cut a line that is too long to be read down to what stands around the mark."""
    if len(before) + len(marked) + len(after) <= _LONGEST:
        return before, marked, after
    part = _LONGEST // 3
    return (
        before if len(before) <= part else f"…{before[-part:]}",
        marked[:part],
        after if len(marked) <= part and len(after) <= part else f"{after[: part if len(marked) <= part else 0]}…",
    )


def _summary(report: Report, display: Display) -> str:
    files = _count(len(report.files), "file")
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    if not report.diagnostics:
        return paint(f"{files} checked, no problems", GREEN, display.color)
    counts = [_count(errors, "error")] if errors else []
    counts += [_count(warnings, "warning")] if warnings else []
    return paint(f"{' and '.join(counts)} in {files}", RED if errors else YELLOW, display.color)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
