"""The command `pipelines`; each subcommand is a function of plain arguments that returns an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import TextIO


class Exit(IntEnum):
    """What the exit code tells."""

    CLEAN = 0
    PROBLEMS = 1
    USAGE = 2
    INTERNAL = 3


class UsageError(Exception):
    """The command line cannot be carried out; the message is one line."""


def check(paths: Sequence[str], out: TextIO) -> Exit:
    """Check pipeline files and print every diagnostic.

    :param paths: files and folders
    :param out: where to print
    :raises UsageError: if a path does not exist, or no YAML file is found
    """
    from schemas.checker import check_files
    from schemas.diagnostic import Severity
    from schemas.text import render_text

    report = check_files(_pipeline_files(paths), relative_to=Path.cwd())
    texts = {file.diagnostics[0].path: file.text for file in report.files if file.diagnostics}
    if report.diagnostics:
        print(render_text(report.diagnostics, texts), file=out)
    errors = [d for d in report.diagnostics if d.severity is Severity.ERROR]
    return Exit.PROBLEMS if errors else Exit.CLEAN


def _pipeline_files(paths: Sequence[str]) -> list[Path]:
    from schemas.checker import iter_pipeline_files

    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files = list(iter_pipeline_files(path))
            if not files:
                raise UsageError(f"{path}: the folder has no YAML files")
            found.extend(files)
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"{path}: no such file or folder")
    return [path.resolve() for path in found]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipelines", description="ML pipelines on Apache Airflow, declared in YAML.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("check", help="check pipeline files; prints path:line:col: CODE message")
    command.add_argument("paths", nargs="*", default=["pipelines"], metavar="PATH", help="default: pipelines/")
    return parser


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the command.

    :param argv: the arguments; those of the process if not given
    :param out: standard output if not given
    :returns: 0 clean, 1 problems, 2 bad usage, 3 internal failure
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(check(arguments.paths, out or sys.stdout))
    except UsageError as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return int(Exit.USAGE)
    except BrokenPipeError:
        return int(Exit.PROBLEMS)
    except Exception:  # noqa: BLE001 (a bug of ours: the only place that catches everything)
        import traceback

        traceback.print_exc()
        print("pipelines: internal failure; please report the lines above with the file", file=sys.stderr)
        return int(Exit.INTERNAL)


if __name__ == "__main__":
    sys.exit(main())
