"""The command `pipelines migrate`: dag-factory's files in, ours out, and what is left to do by hand."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from schemas.checker import check_source
from schemas.contract import load_contract
from schemas.diagnostic import Diagnostic, Severity
from schemas.file_check import diagnostic_of
from schemas.formats.text import render_text
from schemas.migrate.edits import Layout, place_after, place_before
from schemas.migrate.migration import Migration, Note, migrate
from schemas.side_checks import check_side_file
from schemas.source import Source, parse_source, read_source
from schemas.surroundings import SUFFIXES, Kind, SideFile, Surroundings, absolute_path

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()


@dataclass(frozen=True, slots=True)
class Migrated:
    """One file, and what there is to say of it."""

    path: Path
    source: Source
    migration: Migration
    diagnostics: tuple[Diagnostic, ...]
    """What `pipelines check` finds in the new text, at the places of the text that the reader sees."""
    notes: tuple[Note, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do by hand."""
        errors = any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)
        return not errors and not any(note.to_do for note in self.notes)


def run(paths: Sequence[Path], out: TextIO, err: TextIO, *, write: bool = False) -> bool:
    """Migrate files: print the difference, or write it; print what is left to do, and what to know.

    :param paths: files of dag-factory
    :param out: where the difference goes; it can be given to ``git apply``
    :param err: where all else goes
    :param write: whether to change the files
    :returns: whether nothing is left to do
    """
    done = True
    for path in paths:
        migrated = _migrated(path, as_written=write)
        if write:
            _write(migrated)
        else:
            out.write("".join(_iter_difference(migrated)))
        _tell(migrated, migrated.migration.text if write else migrated.source.text, err)
        done = done and migrated.is_done
    return done


def as_plain_data(paths: Sequence[Path], *, write: bool = False) -> dict[str, Any]:
    """Migrate files as :func:`run` does, and give what it prints as plain data.

    :param paths: files of dag-factory
    :param write: whether to change the files
    """
    files = []
    for path in paths:
        migrated = _migrated(path, as_written=write)
        if write:
            _write(migrated)
        files.append(
            {
                "path": path.as_posix(),
                "done": migrated.is_done,
                "difference": "".join(_iter_difference(migrated)),
                "notes": [asdict(note) for note in migrated.notes],
                "diagnostics": [diagnostic.to_json() for diagnostic in migrated.diagnostics],
            }
        )
    return {"version": 1, "written": write, "done": all(file["done"] for file in files), "files": files}


def _migrated(path: Path, *, as_written: bool) -> Migrated:
    source = read_source(path)
    if source.data is None:
        diagnostics = check_source(source, shown_as=path.as_posix()).diagnostics
        return Migrated(path, source, Migration(source.text, (), ()), diagnostics, ())
    surroundings = Surroundings()
    only_defaults = surroundings.kind_of(path) is Kind.DEFAULTS
    migration = migrate(source, load_contract(), only_defaults=only_defaults)
    notes = (*_notes_on_defaults(path, surroundings), *migration.notes)
    check = _check_defaults if only_defaults else _check_pipelines
    diagnostics = tuple(check(path, migration.text))
    if as_written:
        notes = tuple(_in_new_text(note, source.text, migration) for note in notes)
    else:
        diagnostics = tuple(_in_old_text(d, source.text, migration) for d in diagnostics)
    return Migrated(path, source, migration, tuple(sorted(diagnostics)), tuple(sorted(notes)))


def _check_pipelines(path: Path, text: str) -> Iterator[Diagnostic]:
    """Yield what is wrong in the file itself; those around it may not be migrated yet."""
    shown = path.as_posix()
    checked = check_source(parse_source(path, text), shown_as=shown)
    yield from (diagnostic for diagnostic in checked.diagnostics if diagnostic.path == shown)


def _check_defaults(path: Path, text: str) -> Iterator[Diagnostic]:
    shown = path.as_posix()
    file = SideFile(Kind.DEFAULTS, parse_source(path, text, file=shown), shown)
    for findings in check_side_file(file, load_contract()).values():
        yield from (diagnostic_of(finding, shown) for finding in findings)


def _notes_on_defaults(path: Path, surroundings: Surroundings) -> Iterator[Note]:
    """Yield notes on defaults of dag-factory that are none here, as they lie above the folder of the DAGs."""
    taken = surroundings.of(path).candidates(Kind.DEFAULTS, Kind.DEFAULTS)
    for folder in absolute_path(path).parents:
        for name in (f"{Kind.DEFAULTS}{suffix}" for suffix in SUFFIXES):
            if folder / name not in taken and (folder / name).is_file():
                message = (
                    f"if dag-factory adds the values of {surroundings.shown(folder / name)} to these pipelines, put an "
                    ".airflowignore beside it: from the topmost folder that has one on, defaults are taken"
                )
                yield Note(1, 1, message, to_do=True)


def _in_old_text(diagnostic: Diagnostic, old: str, migration: Migration) -> Diagnostic:
    before, after = Layout(old), Layout(migration.text)

    def moved(line: int, column: int) -> tuple[int, int]:
        return before.position(place_before(after.offset(line, column), migration.edits))

    line, column = moved(diagnostic.line, diagnostic.column)
    end_line, end_column = moved(max(diagnostic.end_line, 1), max(diagnostic.end_column, 1))
    return replace(diagnostic, line=line, column=column, end_line=end_line, end_column=end_column)


def _in_new_text(note: Note, old: str, migration: Migration) -> Note:
    before, after = Layout(old), Layout(migration.text)
    offset = before.offset(note.line, note.column)
    line, column = after.position(place_after(offset, migration.edits))
    return replace(note, line=line, column=column)


def _write(migrated: Migrated) -> None:
    if migrated.migration.text == migrated.source.text:
        return
    bom = _BOM if migrated.path.read_bytes().startswith(_BOM) else b""
    migrated.path.write_bytes(bom + migrated.migration.text.encode())


def _iter_difference(migrated: Migrated) -> Iterator[str]:
    name = migrated.path.as_posix().lstrip("/")
    old, new = (text.splitlines(keepends=True) for text in (migrated.source.text, migrated.migration.text))
    for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _tell(migrated: Migrated, text: str, err: TextIO) -> None:
    shown = migrated.path.as_posix()
    for note in migrated.notes:
        kind = "to do" if note.to_do else "note"
        print(f"{shown}:{note.line}:{note.column}: {kind}: {note.message}", file=err)
    if migrated.diagnostics:
        print(render_text(migrated.diagnostics, {shown: text}), file=err)
