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
    add_json(command, "say what was written as JSON, for programs")
    command.set_defaults(
        run=lambda arguments, out: write_schema(arguments.output, arguments.provider, out, as_json=arguments.json)
    )


def write_schema(output: str, providers: Sequence[str] | None, out: TextIO, *, as_json: bool = False) -> Exit:
    """Write the schema of this project's operators and those of the installed providers. Needs Airflow.

    :param output: the file to write
    :param providers: package names; all that are installed if not given
    :param out: where to say what was written
    :param as_json: whether to say it for programs
    :raises UsageError: if Airflow or a provider is not installed, or the file cannot be written
    """
    try:
        from pipelines import schema_document
        from pipelines.operator_schema import installed_providers

        known = installed_providers()
    except ModuleNotFoundError as error:
        raise UsageError(f"the operators are read from what is installed, but {error.name} is not") from None
    unknown = sorted(set(providers or ()) - set(known))
    if unknown:
        raise UsageError(f"{', '.join(unknown)} not installed; installed: {', '.join(sorted(known))}")
    document = schema_document.pipeline_schema(schema_document.installed_operator_schemas(providers or None))
    try:
        schema_document.write_schema(Path(output), document)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from None
    operators = document["$defs"]["operators"]
    if as_json:
        print_json({"version": 1, "output": output, "operators": list(operators)}, out)
    else:
        print(f"{output}: {len(operators)} operators", file=out)
    return Exit.CLEAN
