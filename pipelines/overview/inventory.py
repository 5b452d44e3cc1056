"""Which pipelines there are in files and folders, the broken ones too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.checker import CheckedFile, Report, check_files
from schemas.diagnostic import Diagnostic, Severity
from schemas.source import Source, read_source
from schemas.spec import Pipeline


@dataclass(frozen=True, slots=True)
class Entry:
    """A pipeline, sound or broken, or a file of which nothing is known."""

    dag_id: str
    """Empty for a file that cannot be read."""
    file: str
    """As diagnostics name it."""
    line: int
    pipeline: Pipeline | None
    """None if it is broken."""
    problems: tuple[Diagnostic, ...]
    """Why it is broken, and its warnings."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What files hold."""

    report: Report
    entries: tuple[Entry, ...]
    """In the order of the files, and of the pipelines in them."""

    @property
    def texts(self) -> dict[str, str]:
        """File -> its text, for diagnostics."""
        return {file.shown: file.text for file in self.report.files}


def take_inventory(paths: Iterable[Path], schema: Path, relative_to: Path | None = None) -> Inventory:
    """Read files and tell what is in them.

    :param paths: the YAML files
    :param schema: the schema file in use
    :param relative_to: files are named relative to this folder; the current one if not given
    """
    report = check_files(paths, relative_to=relative_to or Path.cwd(), schema=schema)
    return Inventory(report, tuple(entry for file in report.files for entry in _iter_entries(file)))


def find(name: str, paths: Sequence[Path], schema: Path) -> tuple[Entry | None, Inventory]:
    """Find a pipeline without checking files that cannot have it.

    :param name: a DAG id
    :param paths: the YAML files
    :param schema: the schema file in use
    :returns: it, if there is one, and what the files hold that were read
    """
    inventory = take_inventory([path for path in paths if _may_hold(path, name)], schema)
    return next((entry for entry in inventory.entries if entry.dag_id == name), None), inventory


def iter_names(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the name of every pipeline of files, without checking them."""
    for path in paths:
        yield from _declared(read_source(path))


def _may_hold(path: Path, name: str) -> bool:
    try:
        # a key of this name can only be in a file that has its text, or an escape in its place
        return re.search(re.escape(name).encode() + rb"|\\", path.read_bytes()) is not None
    except OSError:
        return True


def _iter_entries(file: CheckedFile) -> Iterator[Entry]:
    sound = {pipeline.dag_id: pipeline for pipeline in file.pipelines}
    errors = [d for d in file.diagnostics if d.severity is Severity.ERROR]
    if not errors and len(sound) == 1:
        (pipeline,) = sound.values()
        yield Entry(pipeline.dag_id, file.shown, pipeline.place.line, pipeline, file.diagnostics)
        return
    source = read_source(file.path)
    names = _declared(source)
    if not names:
        yield Entry("", file.shown, 1, None, file.diagnostics)
    starts = [source.tree.key((name,)).line for name in names]
    for name, start in zip(names, starts, strict=True):
        end = min((other for other in starts if other > start), default=None)
        own = [d for d in file.diagnostics if d.line >= start and (end is None or d.line < end)]
        found = sound.get(name)
        # what is wrong with a broken pipeline may stand in what all of the file's pipelines share
        problems = own if found or any(d.severity is Severity.ERROR for d in own) else file.diagnostics
        yield Entry(name, file.shown, start, found, tuple(problems))


def _declared(source: Source) -> list[str]:
    return [name for name in source.data if name != "default"] if isinstance(source.data, dict) else []
