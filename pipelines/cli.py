"""The command `pipelines`: finds the subcommand, runs it, and turns what happens into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn, TextIO

from pipelines.commands import COMMANDS
from pipelines.commands.outcome import Exit, UsageError


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line."""

    def __init__(self, **options: Any) -> None:
        # argparse would ask shutil for the terminal's width, even where no help is shown; that takes milliseconds
        super().__init__(formatter_class=lambda prog: argparse.HelpFormatter(prog, width=100), **options)

    def error(self, message: str) -> NoReturn:
        self.exit(int(Exit.USAGE), f"{self.prog}: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: reading the metadata takes longer than a check."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from schemas.version import installed_version

        print(f"pipelines {installed_version()}")
        parser.exit()


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pipelines",
        description="ML pipelines on Apache Airflow, declared in YAML.",
        epilog="exit codes: 0 no problems, 1 problems, 2 bad usage, 3 internal failure",
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # only what was asked for is imported; where it is not clear what was, all of them
    for name in argv[:1] if argv and argv[0] in COMMANDS else COMMANDS:
        import_module(f"pipelines.commands.{name}").add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the command.

    :param argv: the arguments; those of the process if not given
    :param out: standard output if not given
    :returns: 0 clean, 1 problems, 2 bad usage, 3 internal failure, 130 interrupted
    """
    argv = sys.argv[1:] if argv is None else argv
    arguments = _parser(argv).parse_args(argv)
    try:
        return _run(arguments, out or _standard_output())
    except UsageError as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return int(Exit.USAGE)
    except KeyboardInterrupt:
        print("pipelines: interrupted", file=sys.stderr)
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        # whoever read has seen enough; Python would complain once more when it closes the stream at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.PROBLEMS)
    except Exception:  # noqa: BLE001 (a bug of ours: the only place that catches everything)
        import traceback

        traceback.print_exc()
        print("pipelines: internal failure; please report the lines above with the file", file=sys.stderr)
        return int(Exit.INTERNAL)


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    code = int(arguments.run(arguments, out))
    out.flush()
    return code


def _standard_output() -> TextIO:
    # a path or a message that the terminal's encoding cannot show must not end the check
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return sys.stdout


if __name__ == "__main__":
    sys.exit(main())
