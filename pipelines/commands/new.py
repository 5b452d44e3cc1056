"""`pipelines new`: a file for a new pipeline that checks clean, and what to change in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipelines.commands.arguments import add_json, print_json, wants_color
from pipelines.commands.inputs import PIPELINES, SCHEMA_IN_PROJECT, schema_file
from pipelines.commands.outcome import Exit, UsageError

if TYPE_CHECKING:
    from schemas.diagnostic import Diagnostic


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    from schemas.starts import STARTS

    command = commands.add_parser(
        "new",
        help="write a file for a new pipeline, and say what to edit in it",
        description="Write a file for a new pipeline that checks clean, and say what to edit in it. No file is ever "
        "written over.",
    )
    command.add_argument("name", metavar="NAME", help="the pipeline's id")
    command.add_argument(
        "--template",
        default="ml",
        help=f"what it begins as: {', '.join(STARTS)}, or a template of the project, in templates/ (default: ml)",
    )
    command.add_argument("--output", metavar="FILE", help=f"default: {PIPELINES}/NAME.yaml")
    add_json(command, "say what was written as JSON, for programs")
    command.set_defaults(
        run=lambda arguments, out: new(
            arguments.name, out, template=arguments.template, output=arguments.output, as_json=arguments.json
        )
    )


def new(name: str, out: TextIO, *, template: str = "ml", output: str | None = None, as_json: bool = False) -> Exit:
    """Write a file for a new pipeline.

    :param name: its id
    :param out: where to say what to edit
    :param template: one of ``STARTS``, or a template of the project
    :param output: the file
    :param as_json: whether to say it for programs
    :raises UsageError: if there is no such template, or the file is there already or cannot be written
    """
    from schemas.starts import to_edit

    path = Path(output) if output else _file_of(name)
    text = _first_line(path) + _start(name, template, path)
    problems = _problems(path, name, text)
    if problems:
        _refuse(problems, path, text, out, as_json=as_json)
        return Exit.PROBLEMS
    _write(path, text)
    edits = to_edit(text)
    if as_json:
        document = {"file": path.as_posix(), "written": True, "diagnostics": []}
        print_json({"version": 1, **document, "edit": [{"line": line, "what": what} for line, what in edits]}, out)
        return Exit.CLEAN
    print(f"{path.as_posix()} is written, and checks clean. Edit:", file=out)
    for line, what in edits:
        print(f"  {path.as_posix()}:{line}: {what}", file=out)
    print(f"then: pipelines check, pipelines show {name}, pipelines run {name}", file=out)
    return Exit.CLEAN


def _start(name: str, template: str, path: Path) -> str:
    """Give the text that the pipeline begins as; of a template of the project an instance."""
    from schemas.contract import load_contract
    from schemas.diagnostic import printable
    from schemas.instances import template_of
    from schemas.spelling import did_you_mean
    from schemas.starts import STARTS, start, start_instance
    from schemas.surroundings import Kind, Surroundings

    if template in STARTS:
        return start(name, template)
    around = Surroundings().of(path.absolute())
    found = around.template(template)
    if found is None:
        hint = did_you_mean(template, [*STARTS, *around.names(Kind.TEMPLATE)])
        raise UsageError(f'there is no template "{printable(template)}"; {hint}')
    return start_instance(name, template_of(found, load_contract(schema_file(None))))


def _file_of(name: str) -> Path:
    """Give the file of a pipeline; a name that would lead elsewhere has a problem, which is told with a plain one."""
    plain = name if name and name == os.path.basename(name) else "new"  # noqa: PTH119 (whatever the text is)
    return Path(PIPELINES) / f"{plain}.yaml"


def _first_line(path: Path) -> str:
    """Lead editors to the schema of the project, where it has one."""
    if not SCHEMA_IN_PROJECT.is_file():
        return ""
    schema = os.path.relpath(SCHEMA_IN_PROJECT.absolute(), path.absolute().parent)
    return f"# yaml-language-server: $schema={Path(schema).as_posix()}\n"


def _problems(path: Path, name: str, text: str) -> list[Diagnostic]:
    from pipelines.overview.inventory import iter_names
    from schemas.checker import check_source, iter_pipeline_files
    from schemas.contract import load_contract
    from schemas.diagnostic import Finding
    from schemas.source import parse_source

    source = parse_source(path, text)
    checked = check_source(source, shown_as=path.as_posix(), contract=load_contract(schema_file(None)))
    found = list(checked.diagnostics)
    if not found and not any(pipeline.dag_id == name for pipeline in checked.pipelines):
        message = f'"{name}" is no name for a pipeline: it stands for what the pipelines of a file share'
        found.append(Finding("P108", source.tree.key((name,)), message).in_file(path.as_posix()))
    for other in iter_pipeline_files(path.parent) if path.parent.is_dir() else ():
        if other != path and name in iter_names([other]):
            message = f'pipeline "{name}" is defined already, in {other.as_posix()}'
            place = source.tree.key((name,))
            found.append(Finding("P206", place, message, "choose another name").in_file(path.as_posix()))
    return found


def _refuse(problems: list[Diagnostic], path: Path, text: str, out: TextIO, *, as_json: bool) -> None:
    from schemas.formats.text import render_text

    if as_json:
        diagnostics = [problem.to_json() for problem in problems]
        print_json(
            {"version": 1, "file": path.as_posix(), "written": False, "diagnostics": diagnostics, "edit": []}, out
        )
        return
    print(render_text(problems, {path.as_posix(): text}, color=wants_color("auto", sys.stderr)), file=sys.stderr)
    print("nothing is written", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path}: there is a file already, and it is not written over") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
