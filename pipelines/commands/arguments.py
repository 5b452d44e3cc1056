"""Arguments that several commands have, and what they mean."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any, TextIO

from pipelines.commands.inputs import PIPELINES, SCHEMA_IN_PROJECT, Reading
from pipelines.commands.outcome import UsageError


def add_paths(command: ArgumentParser) -> None:
    """Add the files and folders to read."""
    command.add_argument("paths", nargs="*", default=[PIPELINES], metavar="PATH", help=f"default: {PIPELINES}/")


def add_schema(command: ArgumentParser) -> None:
    """Add the schema to check with."""
    help_text = f"default: {SCHEMA_IN_PROJECT} if there is one, else the packaged schema"
    command.add_argument("--schema", metavar="FILE", help=help_text)


def add_reading(command: ArgumentParser) -> None:
    """Add what pipelines are read, and how; see :func:`reading`."""
    add_paths(command)
    help_text = "the environment that pipelines are in (default: $PIPELINES_ENVIRONMENT, as for Airflow; else none)"
    command.add_argument("--environment", metavar="NAME", help=help_text)
    add_schema(command)


def reading(arguments: Namespace) -> Reading:
    """Give what pipelines are read, and how."""
    return Reading(arguments.paths, arguments.schema, arguments.environment)


def add_color(command: ArgumentParser) -> None:
    """Add the choice of colours."""
    choices = ("auto", "always", "never")
    help_text = "default: auto, at a terminal (not NO_COLOR)"
    command.add_argument("--color", choices=choices, default="auto", help=help_text)


def add_json(command: Any, meaning: str = "print JSON, for programs") -> None:
    """Add the form for programs."""
    command.add_argument("--json", action="store_true", help=meaning)


def add_after(command: ArgumentParser) -> None:
    """Add the moment after which the next runs are."""
    command.add_argument(
        "--after",
        metavar="MOMENT",
        help='next runs are those after this moment, e.g. 2026-03-01 or "2026-03-01T06:00+01:00" (default: now)',
    )


def moment(text: str | None) -> datetime:
    """Read a moment; without a zone it is in UTC. Now, if it is not given.

    :raises UsageError: if it is none
    """
    if text is None:
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        from schemas.diagnostic import printable

        raise UsageError(
            f'--after: "{printable(text)}" is not a moment; write 2026-03-01 or 2026-03-01T06:00'
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def wants_color(choice: str, out: TextIO) -> bool:
    """Tell whether to print colours."""
    if choice != "auto":
        return choice == "always"
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_text(text: str, out: TextIO) -> None:
    """Print a text for people."""
    from schemas.formats.terminal import writable

    print(writable(text, getattr(out, "encoding", None)), file=out)


def json_text(document: Any) -> str:
    """Give a document for programs."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def print_json(document: Any, out: TextIO) -> None:
    """Print a document for programs."""
    print(json_text(document), file=out)
