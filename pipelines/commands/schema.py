"""`pipelines schema`: the JSON Schema of the operators that are installed here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from pipelines.commands.arguments import add_json, print_json
from pipelines.commands.inputs import SCHEMA_IN_PROJECT
from pipelines.commands.outcome import Exit, UsageError


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
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
    add_json(command, "say what was written as JSON, for programs")
    command.set_defaults(
        run=lambda arguments, out: write_schema(
            arguments.output, arguments.provider, out, packages=arguments.callables, as_json=arguments.json
        )
    )


def write_schema(
    output: str,
    providers: Sequence[str] | None,
    out: TextIO,
    *,
    packages: Sequence[str] | None = None,
    as_json: bool = False,
) -> Exit:
    """Write the schema of this project's operators and what the installed providers have. Needs Airflow.

    :param output: the file to write
    :param providers: package names; all that are installed if not given
    :param out: where to say what was written
    :param packages: packages and modules whose functions pipelines may name, beside those of this project
    :param as_json: whether to say it for programs
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
    names = {kind: list(document["$defs"][kind]) for kind in ("operators", "functions")}
    if as_json:
        print_json({"version": 1, "output": output, **names}, out)
    else:
        print(f"{output}: {', '.join(f'{len(found)} {kind}' for kind, found in names.items())}", file=out)
    return Exit.CLEAN
