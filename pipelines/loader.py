"""Loads a folder of YAML files: the DAGs of those that are right, the problems of the others.

Airflow does so every few seconds, each time in a new process; what is known of a file is kept for the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.build import BuildError, build_dag
from pipelines.hidden import mask_for_tasks
from pipelines.load.checked_files import CheckedFiles, FoundFile, FoundPipeline
from pipelines.load.clock import Clock, clock_of
from pipelines.load.shares import WHOLE, loaders, share_of
from pipelines.load.spec_cache import SpecCache, open_cache
from pipelines.load.spec_codec import decode, encode
from pipelines.load.trial import diagnostic_of, try_out
from pipelines.metrics import send_findings
from schemas.collection import without_collection
from schemas.diagnostic import Diagnostic, Severity
from schemas.formats.text import render_text
from schemas.pipeline_files import iter_pipeline_files
from schemas.report import double_diagnostic, said_once

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from pipelines.presentation import Presentation

_MORE_LOADERS = (
    "`pipelines shards NUMBER` lets so many loader files share the pipelines; Airflow reads them side by side"
)


class InvalidPipelineError(Exception):
    """Files that cannot become DAGs; the text is every diagnostic, as ``pipelines check`` prints it."""

    def __init__(self, diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], notes: Iterable[str] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        """The problems, sorted."""
        self.notes = tuple(notes)
        """What is wrong with no file in particular."""
        rendered = [render_text(self.diagnostics, texts)] if self.diagnostics else []
        super().__init__("\n" + "\n".join([*rendered, *self.notes]))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder of YAML files gives."""

    dags: dict[str, DAG]
    diagnostics: tuple[Diagnostic, ...]
    """Errors only, sorted, those of the build included."""
    texts: Mapping[str, str]
    """Shown path -> source text, for the files that have diagnostics."""


def load(
    folder: Path, *, dag_id: str | None = None, loader: Path | None = None, presentation: Presentation | None = None
) -> Loaded:
    """Build the sound pipelines of a folder, or only one.

    It never raises for what a YAML file says: a broken pipeline is left out and its problems are returned.

    :param folder: where the YAML files are
    :param dag_id: if given, only this DAG is built, and no more is read than it takes to find it
    :param loader: the file that Airflow imports; where there are several, each builds its share
    :param presentation: what the UI shows of the DAGs; needed only where Airflow writes them to its database
    """
    with open_cache(folder) as cache, without_collection():
        loading = _Loading(folder, cache, clock_of(loader), presentation)
        dags = loading.build_all(loader) if dag_id is None else loading.build_one(dag_id)
        return Loaded(dags, said_once(loading.errors), loading.texts)


def raise_problems(folder: Path, *, reporter: Path | None = None) -> None:
    """Raise every problem of a folder as one error, for Airflow's Import Errors.

    :param folder: where the YAML files are
    :param reporter: the file that Airflow imports
    :raises InvalidPipelineError: if any pipeline cannot be built
    """
    with open_cache(folder) as cache, without_collection():
        loading = _Loading(folder, cache, clock_of(reporter))
        notes = loading.find_problems()
    send_findings(loading.files, len({diagnostic.path for diagnostic in loading.errors}), loading.problems)
    if loading.errors or notes:
        # they were found from the last file to the first
        raise InvalidPipelineError(said_once(reversed(loading.errors)), loading.texts, notes) from None


@dataclass(frozen=True, slots=True)
class _Definition:
    """Where a pipeline is defined, and why it cannot be built there if that is so."""

    path: Path
    shown: str
    refusal: Diagnostic | None


def _refusal_of(outcome: str) -> Diagnostic | None:
    return decode(Diagnostic, outcome) if outcome else None


class _Loading:
    """One load of a folder: what it has found so far."""

    def __init__(self, folder: Path, cache: SpecCache, clock: Clock, presentation: Presentation | None = None) -> None:
        self.errors: list[Diagnostic] = []
        """In the order in which they were found, perhaps the same one twice."""
        self.warnings: list[Diagnostic] = []
        self.files = 0
        """Those that were looked for problems."""
        self.texts: dict[str, str] = {}
        self._folder = folder
        self._cache = cache
        self._clock = clock
        self._presentation = presentation
        self._files = CheckedFiles(folder, cache)

    @property
    def problems(self) -> dict[str, int]:
        """Severity -> how many there are."""
        found = {Severity.ERROR: self.errors, Severity.WARNING: self.warnings}
        return {str(severity): len(said_once(diagnostics)) for severity, diagnostics in found.items()}

    def build_one(self, dag_id: str) -> dict[str, DAG]:
        """Build the DAG of an id, if there is one. Nothing is tried out: Airflow has run it before."""
        found = self._files.find(dag_id)
        if found is None:
            return {}
        spec = found.spec
        mask_for_tasks(spec.secrets)
        try:
            return {dag_id: build_dag(spec, is_known=found.known.outcome == "")}
        except BuildError as error:
            self._note_refusal(found, diagnostic_of(error, spec, found.shown))
            return {}

    def build_all(self, loader: Path | None) -> dict[str, DAG]:
        """Build the DAGs of a loader file."""
        share = share_of(loader) if loader else WHOLE
        dags: dict[str, DAG] = {}
        first: dict[str, FoundPipeline] = {}
        untried: list[FoundPipeline] = []
        left_out = ""
        for file in self._files.iter_files(list(iter_pipeline_files(self._folder)), share=share):
            if self._clock.is_up:
                left_out = file.shown
                break
            self._note_file(file)
            for pipeline in file.pipelines:
                if not share.takes(pipeline.dag_id):
                    continue
                if first.setdefault(pipeline.dag_id, pipeline) is not pipeline:
                    self._note_double(pipeline, first[pipeline.dag_id])
                    continue
                dag, refusal = self._build(pipeline)
                self._note_refusal(pipeline, refusal)
                if dag is not None:
                    dags[pipeline.dag_id] = dag
                    self._present(dag, pipeline, file.text)
                    untried += [pipeline] * (pipeline.known.outcome is None)
        if self._presentation:
            self._presentation.finish()
        if loader:
            self._cache.keep_left_out(loader.name, left_out)
        self._try_out(untried, dags)
        return dags

    def _try_out(self, pipelines: Iterable[FoundPipeline], dags: dict[str, DAG]) -> None:
        """Try out new DAGs and take out those that are refused; what there is no time for waits for the next parse."""
        for pipeline in pipelines:
            if self._clock.is_up:
                break
            # another process may have done it
            pipeline.known.outcome = self._cache.outcome(pipeline.path, pipeline.known)
            if pipeline.known.outcome is None:
                refusal = self._tried(pipeline, dags[pipeline.dag_id])
            else:
                refusal = _refusal_of(pipeline.known.outcome)
            if refusal is not None:
                del dags[pipeline.dag_id]
                self._note_refusal(pipeline, refusal)

    def find_problems(self) -> list[str]:
        """Find all problems, without building what is known to build.

        :returns: what is wrong with no file in particular
        """
        paths = list(iter_pipeline_files(self._folder))
        self.files = len(paths)
        self._cache.forget_others(paths)
        notes = self._notes_of_loaders()
        defined: dict[str, list[_Definition]] = {}
        # from the end: loader files go from the beginning, and each checks only what the other has not
        for number, file in enumerate(self._files.iter_files(paths[::-1], untried=True)):
            if self._clock.is_up:
                notes.append(f"{len(paths) - number} of {len(paths)} files are looked at the next time: time was up")
                break
            self._note_file(file)
            for pipeline in file.pipelines:
                definition = _Definition(file.path, file.shown, self._refusal(pipeline))
                defined.setdefault(pipeline.dag_id, []).append(definition)
        for dag_id, definitions in defined.items():
            self._note_refusal(definitions[-1], definitions[-1].refusal)
            if len(definitions) > 1:
                self._note_doubles(dag_id, [definition.path for definition in reversed(definitions)])
        return notes

    def _notes_of_loaders(self) -> list[str]:
        left_out = self._cache.left_out()
        return [
            f"{self._folder.name}/{loader}: {left_out[loader]} and the files after it were left out, "
            f"for Airflow allows a DAG file only so much time (dagbag_import_timeout)\n  hint: {_MORE_LOADERS}"
            for loader in loaders(self._folder)
            if loader in left_out
        ]

    def _refusal(self, pipeline: FoundPipeline) -> Diagnostic | None:
        """Say why a pipeline cannot be built; one of which that is known is not built for it."""
        if pipeline.known.outcome is not None:
            return _refusal_of(pipeline.known.outcome)
        dag, refusal = self._build(pipeline)
        return refusal if dag is None else self._tried(pipeline, dag)

    def _build(self, pipeline: FoundPipeline) -> tuple[DAG | None, Diagnostic | None]:
        """Build a pipeline; one that has failed before is tried out at once.

        :returns: the DAG, or else why there is none
        """
        try:
            dag = build_dag(pipeline.spec, is_known=pipeline.known.outcome == "")
        except BuildError as error:
            return None, self._refused(pipeline, error)
        refusal = self._tried(pipeline, dag) if pipeline.known.outcome else None
        return (dag, None) if refusal is None else (None, refusal)

    def _tried(self, pipeline: FoundPipeline, dag: DAG) -> Diagnostic | None:
        """Try out a DAG and keep how it ended."""
        try:
            try_out(dag, pipeline.spec)
        except BuildError as error:
            return self._refused(pipeline, error)
        self._cache.keep_outcome(pipeline.path, pipeline.known, "")
        return None

    def _refused(self, pipeline: FoundPipeline, error: BuildError) -> Diagnostic:
        refusal = diagnostic_of(error, pipeline.spec, pipeline.shown)
        self._cache.keep_outcome(pipeline.path, pipeline.known, encode(Diagnostic, refusal))
        return refusal

    def _present(self, dag: DAG, pipeline: FoundPipeline, text: str) -> None:
        if self._presentation:
            self._presentation.add(dag, pipeline.spec, pipeline.shown, text)

    def _note_refusal(self, of: FoundPipeline | _Definition, refusal: Diagnostic | None) -> None:
        if refusal is not None:
            self._note([refusal], {of.shown: self._files.text(of.path)})

    def _note_doubles(self, dag_id: str, paths: list[Path]) -> None:
        # with where each stands in its file, which was not asked for before
        files = self._files.iter_files(paths, dag_id=dag_id)
        found = [pipeline for file in files for pipeline in file.pipelines if pipeline.dag_id == dag_id]
        for pipeline in found[1:]:
            self._note_double(pipeline, found[0])

    def _note_double(self, pipeline: FoundPipeline, first: FoundPipeline) -> None:
        diagnostic = double_diagnostic(pipeline.spec, pipeline.shown, f"{first.shown}:{first.spec.place.line}")
        self._note([diagnostic], {pipeline.shown: self._files.text(pipeline.path)})

    def _note_file(self, file: FoundFile) -> None:
        self._note(file.findings.diagnostics, file.findings.texts)

    def _note(self, diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
        errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
        self.errors.extend(errors)
        self.warnings.extend(diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.WARNING)
        if errors:
            self.texts.update(texts)
