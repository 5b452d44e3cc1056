"""`pipelines list`: every pipeline of a folder, the broken ones too."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TextIO

from pipelines.commands.arguments import (
    add_after,
    add_color,
    add_json,
    add_reading,
    json_text,
    moment,
    print_text,
    reading,
    wants_color,
)
from pipelines.commands.inputs import Reading, pipeline_files
from pipelines.commands.outcome import Exit


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "list",
        help="list the pipelines: schedule, next run, tasks, owner, tags, file, problems",
        description="List the pipelines of files and folders: schedule, next run, tasks, owner, tags, file. A broken "
        "one is listed with the number of its problems. Airflow is not needed, nor asked what is paused there.",
    )
    add_reading(command)
    add_json(command)
    add_after(command)
    add_color(command)
    command.set_defaults(
        run=lambda arguments, out: list_pipelines(
            reading(arguments), out, after=moment(arguments.after), as_json=arguments.json, color=arguments.color
        )
    )


def list_pipelines(what: Reading, out: TextIO, *, after: datetime, as_json: bool = False, color: str = "auto") -> Exit:
    """Print a line for each pipeline.

    :param what: which pipelines
    :param out: where to print
    :param after: next runs are those after this moment
    :param as_json: whether to print it for programs
    :param color: ``auto`` (at a terminal), ``always`` or ``never``
    :raises UsageError: if a path cannot be read, no YAML file is found, or the schema is none
    """
    from pipelines.overview.inventory import take_inventory
    from pipelines.overview.listing import as_plain_data, as_text
    from pipelines.overview.written import hidden
    from schemas.checker import Scope

    entries = take_inventory(pipeline_files(what.paths), what.schema_file, Scope(what.environment)).entries
    if as_json:
        text = json_text({"version": 1, "pipelines": as_plain_data(entries, after)})
    else:
        text = as_text(entries, after, color=wants_color(color, out))
    print_text(hidden(text, (entry.pipeline for entry in entries if entry.pipeline is not None)), out)
    return Exit.CLEAN
