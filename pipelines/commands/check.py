"""`pipelines check`: every problem of every file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipelines.commands.arguments import add_color, add_json, add_paths, add_schema, wants_color
from pipelines.commands.inputs import schema_file, yaml_files
from pipelines.commands.outcome import Exit
from schemas.formats import FORMATS

if TYPE_CHECKING:
    from schemas.checker import Report


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "check",
        help="check pipeline files; prints path:line:col: CODE message [name]",
        description="Check pipeline files, all of them together, and print every problem. Airflow is not needed.",
    )
    add_paths(command)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--format", choices=list(FORMATS), default="text", help="default: text")
    add_json(form, "the same as --format json")
    add_schema(command)
    command.add_argument(
        "--environment",
        default="",
        metavar="NAME",
        help="check pipelines in this environment only (default: without one, and in each there is)",
    )
    command.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")
    add_color(command)
    command.set_defaults(
        run=lambda arguments, out: check(
            arguments.paths,
            out,
            form="json" if arguments.json else arguments.format,
            color=arguments.color,
            strict=arguments.strict,
            schema=arguments.schema,
            environment=arguments.environment,
        )
    )


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
    files, used = yaml_files(paths), schema_file(schema)
    report = check_files(files, relative_to=Path.cwd(), schema=used, scope=scope, for_building=False)
    display = Display(color=wants_color(color, out), summary=out.isatty(), strict=strict)
    text = FORMATS[form](report, display)
    if text:
        print(text, file=out)
    return _exit_code(report, strict=strict)


def _exit_code(report: Report, *, strict: bool) -> Exit:
    from schemas.diagnostic import Severity

    problems = any(strict or diagnostic.severity is Severity.ERROR for diagnostic in report.diagnostics)
    return Exit.PROBLEMS if problems else Exit.CLEAN
