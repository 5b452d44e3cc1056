"""`pipelines alerts`: the Prometheus alerts that follow from the YAML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipelines.commands.arguments import (
    add_color,
    add_json,
    add_reading,
    json_text,
    print_text,
    reading,
    wants_color,
)
from pipelines.commands.inputs import Reading, pipeline_files
from pipelines.commands.outcome import Exit, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.overview.inventory import Entry

RULES = Path("prometheus/rules/freshness.yml")
"""Where Prometheus reads them, if no other file is named."""


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "alerts",
        help="write the Prometheus alerts of the pipelines: too long without a success, a deadline missed",
        description="Write the Prometheus rules that follow from the YAML: an alert for each pipeline that runs by "
        "time, or says `freshness`, when its last success is too old, and one for each with a deadline. Airflow is not "
        "needed.",
    )
    add_reading(command)
    command.add_argument("-o", "--output", default=str(RULES), metavar="FILE", help=f"default: {RULES}")
    command.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is old")
    add_json(command)
    add_color(command)
    command.set_defaults(
        run=lambda arguments, out: alerts(
            reading(arguments),
            arguments.output,
            out,
            check=arguments.check,
            as_json=arguments.json,
            color=arguments.color,
        )
    )


def alerts(
    what: Reading, output: str, out: TextIO, *, check: bool = False, as_json: bool = False, color: str = "auto"
) -> Exit:
    """Write the rules, or tell whether they are up to date, and list what they hold.

    :param what: which pipelines
    :param output: the file with the rules
    :param out: where to say what is in it
    :param check: whether to write nothing
    :param as_json: whether to say it for programs
    :param color: ``auto`` (at a terminal), ``always`` or ``never``
    :raises UsageError: if a file cannot be read or written, no YAML file is found, or the schema is none
    """
    from pipelines.alerts.listing import as_plain_data, as_text
    from pipelines.alerts.rules import alerts_of, rule_file
    from pipelines.overview.inventory import take_inventory
    from pipelines.overview.written import hidden
    from schemas.checker import Scope

    entries = take_inventory(pipeline_files(what.paths), what.schema_file, Scope(what.environment)).entries
    found = alerts_of(entries)
    problems = list(_iter_problems(entries))
    state = _NOT_WRITTEN if problems else _put(Path(output), rule_file(found), check=check)
    if as_json:
        document = {"version": 1, "output": output, "state": state, "problems": problems}
        text = json_text({**document, "pipelines": as_plain_data(found)})
    else:
        hint = "; write it with: pipelines alerts" if state == _OUTDATED else ""
        text = "\n".join([as_text(found, color=wants_color(color, out)), "", *problems, f"{output}: {state}{hint}"])
    print_text(hidden(text, (each.pipeline for each in found)), out)
    return Exit.PROBLEMS if problems or state == _OUTDATED else Exit.CLEAN


_NOT_WRITTEN, _OUTDATED, _WRITTEN, _UP_TO_DATE = "not written", "not up to date", "written", "up to date"


def _iter_problems(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield why there cannot be a file: without the alerts of a broken pipeline, nobody would miss it."""
    for entry in entries:
        if entry.pipeline is None:
            yield f"{entry.file}:{entry.line}: {entry.dag_id or 'the file'} is broken: pipelines check {entry.file}"


def _put(path: Path, text: str, *, check: bool) -> str:
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return _UP_TO_DATE
        if check:
            return _OUTDATED
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: cannot be read or written: {reason}") from None
    return _WRITTEN
