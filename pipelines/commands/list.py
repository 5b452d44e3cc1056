"""`pipelines list`: every pipeline of a folder, the broken ones too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TextIO

from pipelines.commands.arguments import (
    add_after,
    add_color,
    add_json,
    add_paths,
    add_schema,
    moment,
    print_json,
    wants_color,
)
from pipelines.commands.inputs import pipeline_files, schema_file
from pipelines.commands.outcome import Exit


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "list",
        help="list the pipelines: schedule, next run, tasks, owner, tags, file, problems",
        description="List the pipelines of files and folders: schedule, next run, tasks, owner, tags, file. A broken "
        "one is listed with the number of its problems. Airflow is not needed, nor asked what is paused there.",
    )
    add_paths(command)
    add_json(command)
    add_after(command)
    add_schema(command)
    add_color(command)
    command.set_defaults(
        run=lambda arguments, out: list_pipelines(
            arguments.paths,
            out,
            after=moment(arguments.after),
            as_json=arguments.json,
            color=arguments.color,
            schema=arguments.schema,
        )
    )


def list_pipelines(
    paths: Sequence[str],
    out: TextIO,
    *,
    after: datetime,
    as_json: bool = False,
    color: str = "auto",
    schema: str | None = None,
) -> Exit:
    """Print a line for each pipeline.

    :param paths: files and folders
    :param out: where to print
    :param after: next runs are those after this moment
    :param as_json: whether to print it for programs
    :param color: ``auto`` (at a terminal), ``always`` or ``never``
    :param schema: the schema file; that of the project, else the packaged one, if not given
    :raises UsageError: if a path cannot be read, no YAML file is found, or the schema is none
    """
    from pipelines.overview.inventory import take_inventory
    from pipelines.overview.listing import as_plain_data, as_text

    entries = take_inventory(pipeline_files(paths), schema_file(schema)).entries
    if as_json:
        print_json({"version": 1, "pipelines": as_plain_data(entries, after)}, out)
    else:
        print(as_text(entries, after, color=wants_color(color, out)), file=out)
    return Exit.CLEAN
