"""`pipelines plan`: what the changes of the working tree change in Airflow."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from pipelines.commands.arguments import (
    add_after,
    add_color,
    add_json,
    add_reading,
    moment,
    print_text,
    reading,
    wants_color,
)
from pipelines.commands.inputs import Reading
from pipelines.commands.outcome import Exit, UsageError

FORMATS = ("text", "json", "markdown")


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "plan",
        help="say what the changes since a git revision change in Airflow",
        description="Compare the files here with those of a git revision by what would be built of them: pipelines, "
        "tasks, edges, schedules, retries, thresholds, every argument. Comments, order, and other ways to write the "
        "same value are no change. The checkout is not touched, and Airflow is not needed.",
    )
    add_reading(command)
    command.add_argument("--against", default="HEAD", metavar="REV", help="the git revision (default: HEAD)")
    form = command.add_mutually_exclusive_group()
    form.add_argument(
        "--format", choices=FORMATS, default="text", help="default: text; markdown is for review comments"
    )
    add_json(form, "the same as --format json")
    command.add_argument("--exit-code", action="store_true", help="exit with 1 if Airflow would do anything else")
    add_after(command)
    add_color(command)
    command.set_defaults(
        run=lambda arguments, out: plan(
            reading(arguments),
            out,
            against=arguments.against,
            after=moment(arguments.after),
            form="json" if arguments.json else arguments.format,
            exit_code=arguments.exit_code,
            color=arguments.color,
        )
    )


def plan(
    what: Reading,
    out: TextIO,
    *,
    after: datetime,
    against: str = "HEAD",
    form: str = "text",
    exit_code: bool = False,
    color: str = "auto",
) -> Exit:
    """Print what would become of each pipeline.

    :param what: which pipelines
    :param out: where to print
    :param after: next runs are those after this moment
    :param against: a git revision
    :param form: one of ``FORMATS``
    :param exit_code: whether changes give the exit code 1
    :param color: ``auto`` (at a terminal), ``always`` or ``never``
    :raises UsageError: if there is no repository, revision or path of that name, or the schema is none
    """
    from pipelines.overview.written import hidden
    from pipelines.plan import json_report, markdown, text
    from pipelines.plan.plan import make_plan
    from pipelines.plan.revision import RevisionError

    try:
        made = make_plan([Path(path) for path in what.paths], against, what.schema_file, what.environment)
    except RevisionError as error:
        raise UsageError(str(error)) from None
    if form == "json":
        shown = json_report.render(made, after)
    elif form == "markdown":
        shown = markdown.render(made, after)
    else:
        shown = text.render(made, after, color=wants_color(color, out))
    sides = (entry.pipeline for one in made.pipelines for entry in one.sides)
    print_text(hidden(shown, (pipeline for pipeline in sides if pipeline is not None)), out)
    return Exit.PROBLEMS if exit_code and made.has_changes else Exit.CLEAN
