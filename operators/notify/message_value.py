"""A message as a value, in every form that a channel needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that begins and ends, for services that keep track of such: they know it again by its key."""

    key: str
    summary: str
    severity: str
    """critical, warning or info."""
    source: str
    """Which pipeline tells of it."""
    is_over: bool = False
    links: Mapping[str, str] = field(default_factory=dict)
    """Text -> address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message."""

    subject: str
    text: str
    """Plain text, for the log and for chats."""
    html: str
    """A whole HTML document, for mail."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values for programs; an http channel sends them beside subject and text."""
    severity: str = "info"
    """Of the worst that it tells."""
    incidents: tuple[Incident, ...] = ()
    """What begins or ends with this message."""


def one_line(text: str) -> str:
    """Put a subject on one line: in a mail header, a line break would start another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
