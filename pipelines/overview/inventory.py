"""Which pipelines there are in files and folders, the broken ones too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.checker import BASE, CheckedFile, Report, Scope, check_files
from schemas.diagnostic import Diagnostic, Severity
from schemas.source import Source, read_source
from schemas.spec import Pipeline


@dataclass(frozen=True, slots=True)
class Entry:
    """A pipeline, sound or broken, or a file of which nothing is known."""

    dag_id: str
    """Empty for a file that holds none, because it cannot be read or is written as something else."""
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
    def texts(self) -> Mapping[str, str]:
        """File -> its text, for diagnostics."""
        return self.report.texts


def take_inventory(
    paths: Iterable[Path], schema: Path, scope: Scope = BASE, *, relative_to: Path | None = None
) -> Inventory:
    """Read files and tell what is in them.

    :param paths: the YAML files
    :param schema: the schema file in use
    :param scope: in which environment
    :param relative_to: files are named relative to this folder; the current one if not given
    """
    report = check_files(paths, relative_to=relative_to or Path.cwd(), schema=schema, scope=scope)
    return Inventory(report, tuple(entry for file in report.files for entry in _iter_entries(file)))


def find(name: str, paths: Sequence[Path], schema: Path, environment: str) -> tuple[Entry | None, Inventory]:
    """Find a pipeline without checking files that cannot have it.

    :param name: a DAG id
    :param paths: the YAML files
    :param schema: the schema file in use
    :param environment: the one that it is in; none if empty
    :returns: it, if there is one, and what the files hold that were read
    """
    scope = Scope(environment, dag_id=name)
    inventory = take_inventory([path for path in paths if _may_hold(path, name)], schema, scope)
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
    if not file.dag_ids and file.diagnostics:
        yield Entry("", file.shown, 1, None, file.diagnostics)
        return
    starts = {name: sound[name].place.line for name in file.dag_ids if name in sound}
    if len(starts) < len(file.dag_ids):
        source = read_source(file.path)
        starts = {name: source.tree.key((name,)).line for name in file.dag_ids}
    for name, start in starts.items():
        end = min((other for other in starts.values() if other > start), default=None)
        own = [d for d in file.diagnostics if d.path == file.shown and d.line >= start and not (end and d.line >= end)]
        found = sound.get(name)
        # what is wrong with a broken pipeline may stand in what all of the file's pipelines share
        problems = own if found or any(d.severity is Severity.ERROR for d in own) else file.diagnostics
        yield Entry(name, file.shown, start, found, tuple(problems))


def _declared(source: Source) -> list[str]:
    return [name for name in source.data if name != "default"] if isinstance(source.data, dict) else []
