"""`pipelines shards`: as many loader files as there are to share the pipelines."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, TextIO

from pipelines.commands.arguments import add_json, print_json
from pipelines.commands.inputs import PIPELINES
from pipelines.commands.outcome import Exit, UsageError

_MOST = 99


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "shards",
        help="let several loader files share thousands of pipelines",
        description="Write copies of the loader file, dags_2.py, dags_3.py and so on, beside it, and remove those that "
        "are too many. Each builds its share of the pipelines, and Airflow parses them side by side.",
    )
    command.add_argument("number", type=_number, metavar="NUMBER", help="of loader files; 1 is dags.py alone")
    command.add_argument(
        "folder", nargs="?", default=PIPELINES, metavar="FOLDER", help=f"where dags.py is (default: {PIPELINES}/)"
    )
    add_json(command, "say what was done as JSON, for programs")
    command.set_defaults(
        run=lambda arguments, out: shards(arguments.number, arguments.folder, out, as_json=arguments.json)
    )


def shards(number: int, folder: str, out: TextIO, *, as_json: bool = False) -> Exit:
    """Give a folder so many loader files.

    :param number: of loader files
    :param folder: where the first is
    :param out: where to say what was done
    :param as_json: whether to say it for programs
    :raises UsageError: if the folder cannot be given them
    """
    from pipelines.load.loader_files import LoaderFilesError, write_loaders

    try:
        changes = write_loaders(Path(folder), number)
    except LoaderFilesError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written: {error.strerror}") from None
    written, removed = ([path.as_posix() for path in paths] for paths in (changes.written, changes.removed))
    if as_json:
        print_json({"version": 1, "loaders": number, "written": written, "removed": removed}, out)
        return Exit.CLEAN
    for path in written:
        print(f"{path}: written", file=out)
    for path in removed:
        print(f"{path}: removed", file=out)
    if not written and not removed:
        print(f"{folder}: has {number} already", file=out)
    return Exit.CLEAN


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST:
        return int(text)
    raise ArgumentTypeError(f'"{text}" is not a number from 1 to {_MOST}')
