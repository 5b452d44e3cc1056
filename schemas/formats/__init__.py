"""The forms in which a report can be printed; each is a module with one function `render`, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from schemas.formats.display import Display

if TYPE_CHECKING:
    from schemas.report import Report


def _form(module: str) -> Callable[[Report, Display], str]:
    """Give what renders a form; its module is imported when it is used."""

    def render(report: Report, display: Display) -> str:
        text: str = import_module(f"schemas.formats.{module}").render(report, display)
        return text

    return render


FORMATS: Mapping[str, Callable[[Report, Display], str]] = {
    "text": _form("text"),
    "json": _form("json_report"),
    "sarif": _form("sarif"),
    "github": _form("github"),
    "junit": _form("junit"),
}
"""Name -> what renders a report; the command line takes its choices from here."""
