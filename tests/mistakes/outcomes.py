"""What is said of a mistake: by `pipelines check`, and by Airflow where dag-factory loads the file."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.checker import check_files
from schemas.formats.text import render_text

FILES = Path(__file__).parent / "files"
MISTAKES = tuple(sorted(FILES.glob("*.yaml")))
FILE = "orders.yaml"
"""What each is called where it is loaded."""
SECRET = "hunter2"
"""The value of the environment variable that one of the files names."""
MODES = ("config_filepath", "dags_folder")
"""The two arguments by which dag-factory is told what to load."""
NOTHING = "no DAG, and no import error"
OURS = ("DAG ", "no DAG", "its documentation", "the command")
"""How the lines begin that are not Airflow's or dag-factory's."""
_LOADER = """\
# what makes Airflow read this file: airflow, dag
from dagfactory import load_yaml_dags
load_yaml_dags(globals_dict=globals(), {mode}={path!r})
"""
_ERROR = re.compile(r"^(?:[a-z_]\w*\.)*[A-Z]\w*(?:: .*)?$", re.MULTILINE)
_LONGEST = 300


def title(path: Path) -> str:
    """Give what a file is about: its first line."""
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def of_check(path: Path) -> str:
    """Give what `pipelines check` prints, and which of the file's pipelines are built all the same."""
    report = check_files([path], relative_to=path.parent)
    text = render_text(report.diagnostics, {file.shown: file.text for file in report.files})
    sound = ", ".join(pipeline.dag_id for pipeline in report.pipelines)
    if not text:
        return f"no problem; built: {sound}\n"
    return f"{text}\n" + (f"built all the same: {sound}\n" if sound else "")


def of_dag_factory(path: Path, folder: Path) -> str:
    """Have dag-factory load a file, by both of its ways, and Airflow say what came of it.

    :param path: the file
    :param folder: an empty folder to work in
    """
    return "".join(_loaded(path, mode, folder / mode) for mode in MODES)


def _loaded(path: Path, mode: str, folder: Path) -> str:
    from airflow.dag_processing.dagbag import DagBag

    folder.mkdir()
    given = folder / FILE if mode == "config_filepath" else folder
    shutil.copy(path, folder / FILE)
    (folder / "loader.py").write_text(_LOADER.format(mode=mode, path=str(given)), encoding="utf-8")
    os.chdir(folder)
    bag = DagBag(str(folder / "loader.py"))
    return "\n".join([f"{mode}:", *(f"  {line}" for line in _iter_outcome(bag, folder)), ""])


def _iter_outcome(bag: Any, folder: Path) -> Iterator[str]:
    errors = list(bag.import_errors.values())
    for dag in bag.dags.values():
        yield f"DAG {dag.dag_id}: schedule {dag.schedule}, tasks {', '.join(dag.task_ids) or 'none'}"
        if SECRET in (dag.doc_md or ""):
            yield "its documentation in the UI shows the value of the variable"
    for error in errors:
        yield from _last_error(error.replace(str(folder), "…"))
    if not bag.dags:
        yield "no DAG" if errors else NOTHING
    if (folder / "executed").exists():
        yield "the command of the YAML was executed when the file was loaded"


def _last_error(text: str) -> list[str]:
    """Give the error itself; the lines above it name places in dag-factory and Airflow."""
    *_, last = _ERROR.finditer(text)
    lines = re.sub(r"0x[0-9a-f]+", "0x…", text[last.start() :]).rstrip().splitlines()
    return [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… ({len(line)} characters)" for line in lines]
