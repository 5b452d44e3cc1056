"""Messages: lays facts and tables out once as text for logs and chats and once as HTML that mail clients can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from operators.notify.message_value import Incident, Message, one_line
from operators.report import Table

_TEMPLATE = Path(__file__).with_name("message.html")


def build_message(
    subject: str,
    state: str,
    facts: Mapping[str, Any],
    tables: Sequence[Table],
    data: Mapping[str, Any] | None = None,
    *,
    incident: Incident | None = None,
) -> Message:
    """Render a message.

    :param subject: what it is about; the state is added
    :param state: one word: success, failed, pass, warn, fail …
    :param facts: name and value pairs shown first
    :param tables: shown below; cells in columns named ``state`` or ``verdict`` are coloured
    :param data: plain JSON values for programs; the facts if not given
    :param incident: what begins or ends with it
    """
    return Message(
        subject=one_line(f"{subject}: {state}"),
        text=_to_text(subject, state, facts, tables),
        html=_to_html(subject, state, facts, tables),
        facts={"state": state, **(facts if data is None else data)},
        severity=incident.severity if incident else "info",
        incidents=(incident,) if incident else (),
    )


def _to_text(subject: str, state: str, facts: Mapping[str, Any], tables: Sequence[Table]) -> str:
    width = max((len(name) for name in facts), default=0)
    lines = [f"{name.replace('_', ' ').ljust(width)}  {value}" for name, value in facts.items()]
    parts = [one_line(f"{subject}: {state}"), "\n".join(lines)]
    parts += [f"{table.title}\n{table.to_text()}" for table in tables if table.rows]
    return "\n\n".join(part for part in parts if part) + "\n"


def _to_html(subject: str, state: str, facts: Mapping[str, Any], tables: Sequence[Table]) -> str:
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    shown = [table for table in tables if table.rows]
    return template.render(subject=subject, state=state, facts=facts, tables=shown)
