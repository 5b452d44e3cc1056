"""How a report is shown, apart from what is in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Display:
    """Choices of the person who runs the check; a format takes those that mean something to it."""

    color: bool = False
    """Whether to print escape sequences for colours."""
    summary: bool = False
    """Whether to end with a line that counts; files and pipes stay without it."""
    strict: bool = False
    """Whether warnings count as problems."""
