"""`pipelines migrate`: files of dag-factory into ours."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from pipelines.commands.arguments import add_json, print_json
from pipelines.commands.inputs import yaml_files
from pipelines.commands.outcome import Exit


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "migrate",
        help="turn files of dag-factory into ours; prints the difference",
        description="Turn files of dag-factory into ours: comments and order stay. Prints the difference to standard "
        "output, and what is left to do by hand to standard error; exits with 1 if there is something.",
    )
    command.add_argument("paths", nargs="+", metavar="PATH", help="files of dag-factory, or folders of them")
    command.add_argument("--write", action="store_true", help="change the files")
    add_json(command, "print both as JSON, for programs")
    command.set_defaults(
        run=lambda arguments, out: migrate(arguments.paths, out, write=arguments.write, as_json=arguments.json)
    )


def migrate(paths: Sequence[str], out: TextIO, *, write: bool = False, as_json: bool = False) -> Exit:
    """Turn files of dag-factory into ours, and print what is left to do by hand.

    :param paths: files and folders
    :param out: where to print the difference
    :param write: whether to change the files
    :param as_json: whether to print all of it for programs
    :raises UsageError: if a path cannot be read, or no YAML file is found
    """
    from pipelines.migrate import as_plain_data, run

    files = yaml_files(paths)
    if not as_json:
        return Exit.CLEAN if run(files, out, sys.stderr, write=write) else Exit.PROBLEMS
    document = as_plain_data(files, write=write)
    print_json(document, out)
    return Exit.CLEAN if document["done"] else Exit.PROBLEMS
