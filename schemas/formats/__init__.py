"""The forms in which a report can be printed; each is a module with one function `render`, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from schemas.formats import github, json_report, junit, sarif, text
from schemas.formats.display import Display

if TYPE_CHECKING:
    from schemas.checker import Report

FORMATS: Mapping[str, Callable[[Report, Display], str]] = {
    "text": text.render,
    "json": json_report.render,
    "sarif": sarif.render,
    "github": github.render,
    "junit": junit.render,
}
"""Name -> what renders a report; the command line takes its choices from here."""
