"""What a check gives: of one file, and of a set of files together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemas.diagnostic import Diagnostic, Finding
from schemas.spec import Pipeline


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What one file gives."""

    path: Path
    shown: str
    """The path as diagnostics name it."""
    text: str
    """What it says, with asterisks in the place of secrets."""
    pipelines: tuple[Pipeline, ...]
    """Those in which there is no error."""
    diagnostics: tuple[Diagnostic, ...]
    """Those too that lie in another file which has a part in its pipelines; the path of each says where."""
    depends_on: tuple[Path, ...] = ()
    """Other files that decide what it gives: defaults, environment, templates; also where one could be, and is not."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Shown path -> text, with asterisks in the place of secrets, of the other files that diagnostics lie in."""
    dag_ids: tuple[str, ...] = ()
    """All that it declares, sound or not."""
    task_ids: frozenset[str] | None = frozenset()
    """Those of all its pipelines; None where one could not be looked at."""
    silenced: frozenset[tuple[str, int, str]] = frozenset()
    """Comments in other files that silenced something: shown path, line, code."""
    was_read: bool = True
    """Whether it is YAML at all."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a set of files gives."""

    files: tuple[CheckedFile, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All diagnostics, sorted; a mistake in a file that several take is said once."""
        return said_once(diagnostic for file in self.files for diagnostic in file.diagnostics)

    @property
    def texts(self) -> Mapping[str, str]:
        """Shown path -> text, of all files that diagnostics may lie in."""
        texts = {shown: text for file in self.files for shown, text in file.texts.items()}
        return texts | {file.shown: file.text for file in self.files}

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines that can be built."""
        return tuple(pipeline for file in self.files for pipeline in file.pipelines)


def said_once(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort diagnostics; of a mistake in a file that several take, the first is kept.

    :param diagnostics: in the order of the files that were checked
    """
    first: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        first.setdefault((diagnostic.path, diagnostic.once) if diagnostic.once else diagnostic, diagnostic)
    return tuple(sorted(first.values()))


def double_diagnostic(pipeline: Pipeline, shown: str, first: str) -> Diagnostic:
    """Say of a pipeline that another file has its id already.

    :param pipeline: the later one
    :param shown: its file, as diagnostics name it
    :param first: the file and the line of the one that keeps the id
    """
    message = f'pipeline "{pipeline.dag_id}" is defined already, in {first}'
    return Finding("P206", pipeline.place, message, "rename one of the two").in_file(shown)


def join_files(files: Iterable[CheckedFile], *, for_building: bool = True) -> Report:
    """Put files together: of pipelines with the same id only the first is built.

    :param files: each checked
    :param for_building: whether to keep the pipelines, and the texts of files without diagnostics
    """
    checked = _without_doubles(files)
    return Report(tuple(checked if for_building else map(_verdict, checked)))


def _verdict(file: CheckedFile) -> CheckedFile:
    return replace(file, text=file.text if file.diagnostics else "", pipelines=())


def _without_doubles(files: Iterable[CheckedFile]) -> Iterator[CheckedFile]:
    """Keep the first pipeline of each id; the others get a diagnostic and are not built."""
    first: dict[str, str] = {}
    for file in files:
        kept, doubles = [], []
        for pipeline in file.pipelines:
            where = first.get(pipeline.dag_id)
            if where is None:
                first[pipeline.dag_id] = f"{file.shown}:{pipeline.place.line}"
                kept.append(pipeline)
                continue
            doubles.append(double_diagnostic(pipeline, file.shown, where))
        diagnostics = tuple(sorted((*file.diagnostics, *doubles)))
        yield replace(file, pipelines=tuple(kept), diagnostics=diagnostics) if doubles else file
