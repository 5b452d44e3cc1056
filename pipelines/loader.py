"""Loads a folder of YAML files: which files to read, the DAGs of those that are right, the problems of the others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.checker import Scope, check_files, iter_pipeline_files
from schemas.diagnostic import Diagnostic, Finding, Severity
from schemas.formats.text import render_text
from schemas.spec import Pipeline
from schemas.surroundings import chosen_environment

if TYPE_CHECKING:
    from airflow.sdk import DAG


class InvalidPipelineError(Exception):
    """Files that cannot become DAGs; the text is every diagnostic, as ``pipelines check`` prints it."""

    def __init__(self, diagnostics: Iterable[Diagnostic], texts: dict[str, str]) -> None:
        self.diagnostics = tuple(diagnostics)
        """The problems, sorted."""
        super().__init__("\n" + render_text(self.diagnostics, texts))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder of YAML files gives."""

    dags: dict[str, DAG]
    diagnostics: tuple[Diagnostic, ...]
    """Errors only, sorted, those of the build included."""
    texts: dict[str, str]
    """Shown path -> source text, for the files that have diagnostics."""


def load(folder: Path, *, dag_id: str | None = None) -> Loaded:
    """Build every sound pipeline of a folder, or only one.

    It never raises for what a YAML file says: a broken pipeline is left out and its problems are returned.

    :param folder: where the YAML files are
    :param dag_id: if given, only files that can define this DAG are read, and only it is built
    """
    scope = Scope(chosen_environment(), dag_id=dag_id or "")
    report = check_files(_files(folder, dag_id), relative_to=folder.parent, scope=scope)
    dags: dict[str, DAG] = {}
    diagnostics = [d for d in report.diagnostics if d.severity is Severity.ERROR]
    for file in report.files:
        for pipeline in file.pipelines:
            if dag_id in (None, pipeline.dag_id):
                diagnostics.extend(_build(pipeline, folder, dags))
    return Loaded(dags, tuple(sorted(diagnostics)), dict(report.texts))


def raise_problems(folder: Path) -> None:
    """Raise every problem of a folder as one error, for Airflow's Import Errors.

    :param folder: where the YAML files are
    :raises InvalidPipelineError: if any pipeline cannot be built
    """
    loaded = load(folder)
    if loaded.diagnostics:
        raise InvalidPipelineError(loaded.diagnostics, loaded.texts) from None


def _build(pipeline: Pipeline, folder: Path, dags: dict[str, DAG]) -> list[Diagnostic]:
    from pipelines.build import BuildError, build_dag

    try:
        dags[pipeline.dag_id] = build_dag(pipeline)
    except BuildError as error:
        shown = pipeline.path.relative_to(folder.parent).as_posix()
        message = f'pipeline "{pipeline.dag_id}" cannot be built: {error}'
        return [Finding("P900", error.place, message).in_file(shown)]
    return []


def _files(folder: Path, dag_id: str | None) -> list[Path]:
    paths = list(iter_pipeline_files(folder))
    if dag_id is None:
        return paths
    # A key of this name can only be in a file that has its text; an escaped spelling of it is not looked for.
    name = re.compile(re.escape(dag_id).encode())
    return [path for path in paths if name.search(path.read_bytes())]
