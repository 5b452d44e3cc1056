"""Renders diagnostics as text: the one-line form, the source line, a caret under the place, and the hint."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from schemas.diagnostic import Diagnostic

_TAB = 4


def render_text(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    """Render diagnostics one after another.

    :param diagnostics: sorted
    :param texts: path -> source text; the source line is left out where there is none
    """
    lines = {path: text.splitlines() for path, text in texts.items()}
    return "\n".join(_render(diagnostic, lines.get(diagnostic.path, [])) for diagnostic in diagnostics)


def _render(diagnostic: Diagnostic, lines: list[str]) -> str:
    parts = [str(diagnostic)]
    if 0 < diagnostic.line <= len(lines):
        parts.extend(_snippet(diagnostic, lines[diagnostic.line - 1]))
    if diagnostic.hint:
        parts.append(f"  hint: {diagnostic.hint}")
    return "\n".join(parts)


def _snippet(diagnostic: Diagnostic, line: str) -> tuple[str, str, str]:
    number = str(diagnostic.line)
    before = line[: diagnostic.column - 1]
    end = diagnostic.end_column - 1 if diagnostic.end_line == diagnostic.line else diagnostic.column
    marked = line[diagnostic.column - 1 : max(end, diagnostic.column)]
    margin = " " * (len(number) + 1)
    pointer = " " * _width(before) + "^" + "~" * (_width(marked) - 1)
    return f"  {margin}|", f"  {number} | {line.expandtabs(_TAB)}", f"  {margin}| {pointer}"


def _width(text: str) -> int:
    """Count terminal columns: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text.expandtabs(_TAB)
    )
