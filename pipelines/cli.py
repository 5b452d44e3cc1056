"""The command `pipelines`; each subcommand is a function of plain arguments that returns an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from schemas.formats import FORMATS

if TYPE_CHECKING:
    from schemas.catalogue import Rule
    from schemas.checker import Report


class Exit(IntEnum):
    """What the exit code tells."""

    CLEAN = 0
    PROBLEMS = 1
    USAGE = 2
    INTERNAL = 3


class UsageError(Exception):
    """The command line cannot be carried out; the message is one line."""


SCHEMA_IN_PROJECT = Path("schemas/pipeline.schema.json")
"""Where a project keeps the schema of its own installed operators; there it is found without being named."""


def check(
    paths: Sequence[str],
    out: TextIO,
    *,
    form: str = "text",
    color: str = "auto",
    strict: bool = False,
    schema: str | None = None,
    environment: str = "",
) -> Exit:
    """Check pipeline files and print every diagnostic.

    :param paths: files and folders
    :param out: where to print
    :param form: one of ``FORMATS``
    :param color: ``auto`` (at a terminal), ``always`` or ``never``
    :param strict: whether warnings count as problems
    :param schema: the schema file; that of the project, else the packaged one, if not given
    :param environment: the only environment to check pipelines in; as they are without any, and in each, if empty
    :raises UsageError: if a path cannot be read, no YAML file is found, or the schema is none
    """
    from schemas.checker import Scope, check_files
    from schemas.formats.display import Display

    scope = Scope(environment, every_environment=not environment)
    files, schema_file = _yaml_files(paths), _schema_file(schema)
    report = check_files(files, relative_to=Path.cwd(), schema=schema_file, scope=scope, for_building=False)
    display = Display(color=_wants_color(color, out), summary=out.isatty(), strict=strict)
    text = FORMATS[form](report, display)
    if text:
        print(text, file=out)
    return _exit_code(report, strict=strict)


def _schema_file(named: str | None) -> Path:
    from schemas.contract import SCHEMA_FILE, load_contract

    path = Path(named) if named else SCHEMA_IN_PROJECT if SCHEMA_IN_PROJECT.is_file() else SCHEMA_FILE
    try:
        load_contract(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be used as schema: {reason}") from None
    return path


def write_schema(
    output: str, providers: Sequence[str] | None, out: TextIO, *, packages: Sequence[str] | None = None
) -> Exit:
    """Write the schema of this project's operators and what the installed providers have. Needs Airflow.

    :param output: the file to write
    :param providers: package names; all that are installed if not given
    :param out: where to say what was written
    :param packages: packages and modules whose functions pipelines may name, beside those of this project
    :raises UsageError: if Airflow, a provider or a package is not installed, or the file cannot be written
    """
    try:
        from pipelines import schema_document
        from pipelines.callable_schema import FUNCTION_PACKAGES
        from pipelines.operator_schema import installed_providers

        known = installed_providers()
    except ModuleNotFoundError as error:
        raise UsageError(f"the operators are read from what is installed, but {error.name} is not") from None
    unknown = sorted(set(providers or ()) - set(known))
    if unknown:
        raise UsageError(f"{', '.join(unknown)} not installed; installed: {', '.join(sorted(known))}")
    try:
        document = schema_document.pipeline_schema(
            providers or None, dict.fromkeys((*FUNCTION_PACKAGES, *(packages or ())))
        )
        schema_document.write_schema(Path(output), document)
    except ImportError as error:
        raise UsageError(f"the functions of a package cannot be read: {error}") from None
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from None
    definitions = document["$defs"]
    counts = f"{len(definitions['operators'])} operators, {len(definitions['functions'])} functions"
    print(f"{output}: {counts}", file=out)
    return Exit.CLEAN


def _exit_code(report: Report, *, strict: bool) -> Exit:
    from schemas.diagnostic import Severity

    problems = any(strict or diagnostic.severity is Severity.ERROR for diagnostic in report.diagnostics)
    return Exit.PROBLEMS if problems else Exit.CLEAN


def _wants_color(choice: str, out: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _yaml_files(paths: Sequence[str]) -> list[Path]:
    from schemas.checker import iter_yaml_files

    found: dict[str, Path] = {}
    for path in map(Path, paths):
        _require_readable(path)
        files = list(iter_yaml_files(path)) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"{path}: the folder has no YAML files")
        for file in files:
            # a file named twice, in whatever spelling, is one file; it is shown as it was named first
            found.setdefault(os.path.abspath(file), file)  # noqa: PTH100 (keeps links; resolve() is slow)
    return list(found.values())


def _require_readable(path: Path) -> None:
    if not path.exists():
        reason = "the link leads nowhere" if path.is_symlink() else "no such file or folder"
        raise UsageError(f"{path}: {reason}")
    if not os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK):
        raise UsageError(f"{path}: cannot be read: permission denied")


def explain(code: str | None, out: TextIO) -> Exit:
    """Print what a rule is about, or a list of all rules.

    :param code: e.g. ``P101``, or its name ``unknown-key``; all rules if None
    :param out: where to print
    :raises UsageError: if there is no such rule
    """
    from schemas.catalogue import CATALOGUE

    if code is None:
        lines = [f"{rule.code}  {rule.name:24}{rule.severity:9}{rule.summary}" for rule in CATALOGUE.values()]
        print("\n".join(lines), file=out)
        return Exit.CLEAN
    from schemas.explanations import facts, read_explanation

    rule = _find_rule(code)
    print(f"{rule.code} {rule.name}\n\n{facts(rule)}\n\n{read_explanation(rule.code)}", file=out, end="")
    return Exit.CLEAN


def _find_rule(wanted: str) -> Rule:
    from schemas.catalogue import CATALOGUE

    by_word = {word: rule for rule in CATALOGUE.values() for word in (rule.code, rule.name)}
    rule = by_word.get(wanted.upper()) or by_word.get(wanted.lower())
    if rule is not None:
        return rule
    from schemas.diagnostic import printable
    from schemas.spelling import nearest

    meant = nearest(wanted.upper(), list(CATALOGUE)) or nearest(wanted.lower(), list(by_word))
    hint = f'did you mean "{meant}"?' if meant else "`pipelines explain` lists the rules"
    raise UsageError(f'there is no rule "{printable(wanted)}"; {hint}')


def migrate(paths: Sequence[str], out: TextIO, *, write: bool = False) -> Exit:
    """Turn files of dag-factory into ours, and print what is left to do by hand.

    :param paths: files and folders
    :param out: where to print the difference
    :param write: whether to change the files
    :raises UsageError: if a path cannot be read, or no YAML file is found
    """
    from pipelines.migrate import run

    return Exit.CLEAN if run(_yaml_files(paths), out, sys.stderr, write=write) else Exit.PROBLEMS


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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pipelines",
        description="ML pipelines on Apache Airflow, declared in YAML.",
        epilog="exit codes: 0 no problems, 1 problems, 2 bad usage, 3 internal failure",
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands)
    _add_explain(commands)
    _add_schema(commands)
    _add_migrate(commands)
    return parser


def _add_check(commands: Any) -> None:
    command = commands.add_parser(
        "check",
        help="check pipeline files; prints path:line:col: CODE message [name]",
        description="Check pipeline files, all of them together, and print every problem. Airflow is not needed.",
    )
    command.add_argument("paths", nargs="*", default=["pipelines"], metavar="PATH", help="default: pipelines/")
    command.add_argument("--format", choices=list(FORMATS), default="text", help="default: text")
    command.add_argument(
        "--schema", metavar="FILE", help=f"default: {SCHEMA_IN_PROJECT} if there is one, else the packaged schema"
    )
    command.add_argument(
        "--environment",
        default="",
        metavar="NAME",
        help="check pipelines in this environment only (default: without one, and in each there is)",
    )
    command.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")
    command.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="default: auto, at a terminal (not NO_COLOR)",
    )
    command.set_defaults(
        run=lambda arguments, out: check(
            arguments.paths,
            out,
            form=arguments.format,
            color=arguments.color,
            strict=arguments.strict,
            schema=arguments.schema,
            environment=arguments.environment,
        )
    )


def _add_explain(commands: Any) -> None:
    command = commands.add_parser(
        "explain",
        help="explain a rule: why, a wrong and a right example",
        description="Explain a rule: why it is there, a wrong and a right example, and what the check prints.",
    )
    command.add_argument(
        "code", nargs="?", metavar="CODE", help="e.g. P101 or unknown-key; lists all rules if left out"
    )
    command.set_defaults(run=lambda arguments, out: explain(arguments.code, out))


def _add_schema(commands: Any) -> None:
    command = commands.add_parser(
        "schema",
        help="write the JSON Schema of the operators that are installed here",
        description="Write the JSON Schema that the check and editors use: this project's operators, and every one "
        "of the installed providers, read from signatures, type hints and docstrings. Needs Airflow.",
    )
    command.add_argument(
        "--output", default=str(SCHEMA_IN_PROJECT), metavar="FILE", help=f"default: {SCHEMA_IN_PROJECT}"
    )
    command.add_argument(
        "--provider", action="append", metavar="PACKAGE", help="only this provider; may be given again (default: all)"
    )
    command.add_argument(
        "--callables",
        action="append",
        metavar="PACKAGE",
        help="a package or module whose functions pipelines may name, too; may be given again",
    )
    command.set_defaults(
        run=lambda arguments, out: write_schema(arguments.output, arguments.provider, out, packages=arguments.callables)
    )


def _add_migrate(commands: Any) -> None:
    command = commands.add_parser(
        "migrate",
        help="turn files of dag-factory into ours; prints the difference",
        description="Turn files of dag-factory into ours: comments and order stay. Prints the difference to standard "
        "output, and what is left to do by hand to standard error; exits with 1 if there is something.",
    )
    command.add_argument("paths", nargs="+", metavar="PATH", help="files of dag-factory, or folders of them")
    command.add_argument("--write", action="store_true", help="change the files")
    command.set_defaults(run=lambda arguments, out: migrate(arguments.paths, out, write=arguments.write))


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the command.

    :param argv: the arguments; those of the process if not given
    :param out: standard output if not given
    :returns: 0 clean, 1 problems, 2 bad usage, 3 internal failure
    """
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments, out or _standard_output())
    except UsageError as error:
        print(f"pipelines: {error}", file=sys.stderr)
        return int(Exit.USAGE)
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
