"""Goes through YAML files, and checks those of which it is not known what they give."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.hidden import without_secrets
from pipelines.load.file_states import FileState, FileStates, read_state
from pipelines.load.scan import scan_ids
from pipelines.load.shares import WHOLE, Share
from pipelines.load.spec_cache import KnownFile, KnownPipeline, SpecCache
from pipelines.load.spec_codec import decode, encode
from schemas.diagnostic import Diagnostic
from schemas.pipeline_files import iter_pipeline_files
from schemas.report import CheckedFile
from schemas.source import decode_source, read_source
from schemas.spec import Pipeline
from schemas.surroundings import Surroundings, chosen_environment

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Findings:
    """What the check of a file said."""

    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    """Shown path -> text, of the files that they lie in."""


_NONE = Findings((), {})


@dataclass(slots=True)
class FoundPipeline:
    """A pipeline without mistakes, as its file has it now."""

    path: Path
    shown: str
    """The path as diagnostics name it."""
    known: KnownPipeline
    checked: Pipeline | None
    """What is to be built; None if that was not asked for."""

    @property
    def dag_id(self) -> str:
        """Its name."""
        return self.known.dag_id

    @property
    def spec(self) -> Pipeline:
        """What is to be built, where it was asked for."""
        assert self.checked is not None, self.dag_id  # noqa: S101 (who does not ask for it does not build)
        return without_secrets(self.checked)


@dataclass(slots=True)
class FoundFile:
    """A file as it is now."""

    path: Path
    shown: str
    """The path as diagnostics name it."""
    text: str
    """What it says, as the check left it."""
    findings: Findings
    pipelines: list[FoundPipeline]


class CheckedFiles:
    """The files of a folder, each checked only if no process has done so since it last changed."""

    def __init__(self, folder: Path, cache: SpecCache) -> None:
        """Say where the files are, and where what is known of them is kept.

        :param folder: where the YAML files are
        :param cache: the cache of this folder
        """
        self.folder = folder
        self._cache = cache
        self._states = FileStates()
        self._surroundings = Surroundings(folder.parent)
        self._texts: dict[Path, str] = {}

    def iter_files(
        self, paths: Sequence[Path], *, share: Share = WHOLE, untried: bool = False, dag_id: str | None = None
    ) -> Iterator[FoundFile]:
        """Go through files; others may be at it at the same time, and what they have checked is not checked again.

        :param paths: those of :func:`iter_pipeline_files`, in the order in which they are wanted
        :param share: files without a pipeline of this share may be left out, and specs of others are not read
        :param untried: whether only those are to be built whose build did not end well, so far as is known
        :param dag_id: the only one that is to be built, if given
        """
        for start in range(0, len(paths), _AT_ONCE):
            batch = paths[start : start + _AT_ONCE]
            known = self._cache.read(batch, share=share, untried=untried, dag_id=dag_id)
            for path in batch:
                current = self._current(path, known.get(path))
                if share != WHOLE and current is not None and not current.checked and not _has_any(current, share):
                    continue
                found = self._found(path, current) or self._check(path, share, dag_id)
                if found is not None:
                    yield found
            self._cache.write(later=True)

    def find(self, dag_id: str) -> FoundPipeline | None:
        """Find the pipeline of an id; as few files as possible are read for it."""
        likely = [path for path in self._cache.files_of(dag_id) if path.exists()]
        return self._first(dag_id, likely) or self._first(dag_id, self._candidates(dag_id, set(likely)))

    def text(self, path: Path) -> str:
        """Give the text of a file that was gone through, as its check left it."""
        return self._texts[path] if path in self._texts else self._cache.text(path)

    def _first(self, dag_id: str, paths: Sequence[Path]) -> FoundPipeline | None:
        pipelines = (pipeline for file in self.iter_files(paths, dag_id=dag_id) for pipeline in file.pipelines)
        return next((pipeline for pipeline in pipelines if pipeline.dag_id == dag_id), None)

    def _candidates(self, dag_id: str, others: set[Path]) -> list[Path]:
        """Search all files for those that may define a pipeline, and keep what they define for the next search."""
        found = []
        paths = [path for path in iter_pipeline_files(self.folder) if path not in others]
        for start in range(0, len(paths), _AT_ONCE):
            batch = paths[start : start + _AT_ONCE]
            known = self._cache.read(batch)
            for path in batch:
                current = self._current(path, known.get(path)) or self._scanned(path)
                if current is None or any(p.dag_id == dag_id for p in current.pipelines):
                    found.append(path)
            self._cache.write(later=True)
        return found

    def _scanned(self, path: Path) -> KnownFile | None:
        state, content = read_state(path)
        ids = None if content is None else scan_ids(content)
        if ids is None:
            return None
        pipelines = [KnownPipeline(dag_id, None, None) for dag_id in sorted(ids)]
        known = KnownFile(state, checked=False, pipelines=pipelines)
        self._cache.keep(path, known)
        return known

    def _current(self, path: Path, known: KnownFile | None) -> KnownFile | None:
        """Give what is known of a file if it still holds, with the states that the files have now."""
        if known is None:
            return None
        state = self._states.newer(path, known.state)
        depends_on = {other: self._states.newer(other, before) for other, before in known.depends_on.items()}
        if state is None or None in depends_on.values():
            return None
        if state is known.state and all(known.depends_on[other] is now for other, now in depends_on.items()):
            return known
        current = replace(known, state=state, depends_on={o: now for o, now in depends_on.items() if now is not None})
        self._cache.keep_states(path, current)
        return current

    def _found(self, path: Path, current: KnownFile | None) -> FoundFile | None:
        if current is None or not current.checked:
            return None
        shown = self._shown(path)
        try:
            findings = decode(Findings, current.findings) if current.findings else _NONE
            pipelines = [
                FoundPipeline(path, shown, known, decode(Pipeline, known.spec) if known.spec else None)
                for known in current.pipelines
            ]
        except ValueError:
            # nobody but a broken disk or a stranger writes such a thing
            return None
        return FoundFile(path, shown, current.text, findings, pipelines)

    def _check(self, path: Path, share: Share, dag_id: str | None) -> FoundFile | None:
        # the rules take long to import, and mostly there is nothing to check
        from schemas.checker import Scope, check_source

        state, content = read_state(path)
        ids = None if content is None or (share == WHOLE and dag_id is None) else scan_ids(content)
        if share != WHOLE and ids is not None and not any(map(share.takes, ids)):
            return None
        # of many pipelines in a file only one is wanted: the others are left to who builds them all, and keeps it
        one = dag_id if dag_id is not None and ids is not None and len(ids) > 1 else ""
        scope = Scope(chosen_environment(), dag_id=one)
        # not what the file may say by now, but what belongs to the state
        source = read_source(path) if content is None else decode_source(path, content)
        checked = check_source(source, shown_as=self._shown(path), scope=scope, surroundings=self._surroundings)
        self._texts[path] = checked.text
        depends_on = self._depends_on(checked)
        known = [KnownPipeline(pipeline.dag_id, _json(pipeline), None) for pipeline in checked.pipelines]
        findings = _NONE
        if checked.diagnostics:
            findings = Findings(checked.diagnostics, {**checked.texts, checked.shown: checked.text})
        if content is not None and not one and depends_on is not None and all(pipeline.spec for pipeline in known):
            kept = encode(Findings, findings) if checked.diagnostics else ""
            self._cache.keep(path, KnownFile(state, depends_on, True, kept, checked.text, known))
        pairs = zip(known, checked.pipelines, strict=True)
        return FoundFile(
            path, checked.shown, checked.text, findings, [FoundPipeline(path, checked.shown, k, p) for k, p in pairs]
        )

    def _depends_on(self, checked: CheckedFile) -> dict[Path, FileState] | None:
        """Give the states of the other files that decide what a file gives; None if one has changed meanwhile."""
        states = {}
        for path in checked.depends_on:
            states[path], content = self._states.read(path)
            text = None if content is None else content.removeprefix(BOM_UTF8).decode("utf-8", errors="replace")
            if text != self._surroundings.text_of(path):
                return None
        return states

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.folder.parent).as_posix()


def _has_any(file: KnownFile, share: Share) -> bool:
    return any(share.takes(pipeline.dag_id) for pipeline in file.pipelines)


def _json(pipeline: Pipeline) -> str | None:
    try:
        return encode(Pipeline, pipeline)
    except ValueError:
        # a number too long for JSON; it stays in this process
        return None
