"""`pipelines show`: one pipeline in full, or its graph as a picture."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

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
from pipelines.commands.inputs import Reading, pipeline_files
from pipelines.commands.outcome import Exit, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.overview.inventory import Entry, Inventory
    from schemas.spec import Pipeline

FORMATS = ("text", "mermaid", "svg")


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "show",
        help="show one pipeline: schedule and next runs, graph, thresholds, retries; or its graph as Mermaid or SVG",
        description="Show one pipeline, as it is after its defaults: schedule and next runs, graph, thresholds, "
        "retries and limits; or its graph alone, as Mermaid or SVG. Airflow is not needed.",
    )
    command.add_argument("name", metavar="NAME", help="the pipeline's id")
    add_reading(command)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    add_json(form)
    add_after(command)
    add_color(command)
    command.set_defaults(
        run=lambda arguments, out: show(
            arguments.name,
            reading(arguments),
            out,
            after=moment(arguments.after),
            form="json" if arguments.json else arguments.format,
            color=arguments.color,
        )
    )


def show(
    name: str,
    what: Reading,
    out: TextIO,
    *,
    after: datetime,
    form: str = "text",
    color: str = "auto",
) -> Exit:
    """Print a pipeline; of a broken one its problems.

    :param name: its id
    :param what: where it is looked for
    :param out: where to print
    :param after: next runs are those after this moment
    :param form: one of ``FORMATS``, or ``json``
    :param color: ``auto`` (at a terminal), ``always`` or ``never``
    :raises UsageError: if there is no such pipeline, a path cannot be read, or the schema is none
    """
    from pipelines.overview.written import hidden

    entry, pipeline = sound_pipeline(name, what)
    if pipeline is None:
        return Exit.PROBLEMS
    text = _RENDERERS[form](entry, pipeline, after, wants_color(color, out))
    print_text(hidden(text, [pipeline]), out)
    return Exit.CLEAN


def sound_pipeline(name: str, what: Reading) -> tuple[Entry, Pipeline | None]:
    """Find a pipeline by its name; if it is broken, its problems go to standard error.

    :raises UsageError: if there is none
    """
    from pipelines.overview.inventory import find, iter_names
    from schemas.diagnostic import printable
    from schemas.spelling import did_you_mean

    files = pipeline_files(what.paths)
    entry, inventory = find(name, files, what.schema_file, what.environment)
    if entry is None:
        hint = did_you_mean(name, list(iter_names(files)))
        raise UsageError(f'there is no pipeline "{printable(name)}" in {", ".join(what.paths)}; {hint}')
    if entry.pipeline is None:
        _print_problems(entry, inventory)
    return entry, entry.pipeline


def _print_problems(entry: Entry, inventory: Inventory) -> None:
    from schemas.formats.text import render_text

    text = render_text(sorted(entry.problems), inventory.texts, color=wants_color("auto", sys.stderr))
    print(text, file=sys.stderr)


def _as_text(entry: Entry, pipeline: Pipeline, after: datetime, color: bool) -> str:
    from pipelines.overview.details import as_text

    return as_text(entry, pipeline, after, color=color)


def _as_json(entry: Entry, pipeline: Pipeline, after: datetime, _: bool) -> str:
    import json

    from pipelines.overview.details import as_plain_data

    return json.dumps({"version": 1, **as_plain_data(entry, pipeline, after)}, indent=2, ensure_ascii=False)


def _as_mermaid(_: Entry, pipeline: Pipeline, __: datetime, ___: bool) -> str:
    from pipelines.graph import mermaid
    from pipelines.graph.model import build_graph

    return mermaid.render(build_graph(pipeline))


def _as_svg(_: Entry, pipeline: Pipeline, __: datetime, ___: bool) -> str:
    from pipelines.graph import svg
    from pipelines.graph.model import build_graph

    return svg.render(build_graph(pipeline), f"the graph of {pipeline.dag_id}")


_RENDERERS: dict[str, Callable[[Entry, Pipeline, datetime, bool], str]] = {
    "text": _as_text,
    "json": _as_json,
    "mermaid": _as_mermaid,
    "svg": _as_svg,
}
