"""Keeps what files gave on disk, for the next process that loads them; without it everything is only slower.

One SQLite file for each folder and each :func:`fingerprint`. Whatever goes wrong with it, files are checked instead.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.load.file_states import FileState
from pipelines.load.fingerprint import fingerprint
from pipelines.load.shares import WHOLE, LoaderState, Share, slot
from pipelines.load.spec_codec import decode, encode
from schemas.surroundings import layer_folders

log = logging.getLogger(__name__)

_SUFFIX = ".sqlite3"
_UNUSED_AFTER = 30 * 24 * 3600
_TOUCHED_EVERY = 24 * 3600
_PATIENCE = 5.0
_COMMITTED_EVERY = 1.0
_VERSION = 1
_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS file (
    path BLOB PRIMARY KEY, stat TEXT NOT NULL, digest TEXT NOT NULL, settled INTEGER NOT NULL, depends TEXT NOT NULL,
    checked INTEGER NOT NULL, findings TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS pipeline (
    path BLOB NOT NULL, place INTEGER NOT NULL, dag_id TEXT NOT NULL, slot INTEGER NOT NULL, spec TEXT, outcome TEXT,
    PRIMARY KEY (path, place)
);
CREATE INDEX IF NOT EXISTS by_dag_id ON pipeline (dag_id);
CREATE TABLE IF NOT EXISTS loader (name TEXT PRIMARY KEY, state TEXT NOT NULL);
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_WANTED = "({}) AND (outcome IS NOT '' OR NOT ?) AND dag_id = ifnull(?, dag_id)"
_IN_PART = "? = slot % ?"
_FILE = "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PIPELINE = "INSERT OR REPLACE INTO pipeline VALUES (?, ?, ?, ?, ?, ?)"
_FORGET = ("DELETE FROM file WHERE path = ?", "DELETE FROM pipeline WHERE path = ?")
_REFRESH = "UPDATE file SET stat = ?, settled = ?, depends = ? WHERE path = ? AND digest = ?"
# of the spec that was built: another process may have put another one in its place
_OUTCOME = "UPDATE pipeline SET outcome = ? WHERE path = ? AND dag_id = ? AND spec = ?"
_LOADER = "INSERT OR REPLACE INTO loader VALUES (?, ?)"

_Statement = tuple[str, tuple[Any, ...]]


@dataclass(slots=True)
class KnownPipeline:
    """What is known of one pipeline of a file."""

    dag_id: str
    spec: str | None
    """Its JSON; None if it was not asked for, or the file was not checked."""
    outcome: str | None
    """How its build ended: empty if well, else the JSON of a diagnostic; None if it is not known."""


@dataclass(slots=True)
class KnownFile:
    """What is known of one file."""

    state: FileState
    depends_on: Mapping[Path, FileState] = field(default_factory=dict)
    """The other files that its pipelines are made of, and those that would be if they were there."""
    checked: bool = True
    """Whether it was checked, or only searched for DAG ids."""
    findings: str = ""
    """The JSON of what the check said; empty if nothing."""
    text: str = ""
    """What the file says; the cache gives it only when it is asked for it."""
    pipelines: list[KnownPipeline] = field(default_factory=list)


class SpecCache:
    """The cache of one folder. No method fails; one that cannot be used knows nothing and keeps nothing."""

    def __init__(self, file: Path, folder: Path) -> None:
        """Open the cache, or make one.

        :param file: where it is
        :param folder: where the YAML files are
        """
        self._file = file
        self._folder = folder
        self._db: sqlite3.Connection | None = None
        self._writable = True
        self._pending: list[_Statement] = []
        self._committed = time.monotonic()
        with self._surviving():
            self._db = _connect(file)

    def read(
        self, paths: Sequence[Path], *, share: Share = WHOLE, untried: bool = False, dag_id: str | None = None
    ) -> dict[Path, KnownFile]:
        """Give what is known of some files, whether or not it is still right.

        :param paths: a few hundred at most
        :param share: specs of other shares are left out
        :param untried: whether only specs are wanted whose build did not end well, so far as is known
        :param dag_id: the only pipeline whose spec is wanted, if given
        """
        keys = {self._key(path): path for path in paths}
        marks = ",".join("?" * len(keys))
        wanted = _WANTED.format(" OR ".join([_IN_PART] * len(share.parts)))
        files = f"""SELECT path, stat, digest, settled, depends, checked, findings, text
            FROM file WHERE path IN ({marks})"""  # noqa: S608
        pipelines = (
            f"SELECT path, dag_id, CASE WHEN {wanted} THEN spec END, outcome FROM pipeline "  # noqa: S608
            f"WHERE path IN ({marks}) ORDER BY path, place"
        )
        values = (*(number for part in share.parts for number in part), untried, dag_id, *keys)
        found: dict[bytes, KnownFile] = {}
        with self._surviving():
            if self._db is None:
                return {}
            # both at one moment: a file without its pipelines would look like one that has none
            self._db.execute("BEGIN")
            for key, stat, digest, settled, depends, checked, *texts in self._db.execute(files, (*keys,)):
                state = FileState(stat, digest, bool(settled))
                found[key] = KnownFile(state, _read_depends(depends), bool(checked), *texts)
            for key, *known in self._db.execute(pipelines, values):
                if key in found:
                    found[key].pipelines.append(KnownPipeline(*known))
            self._db.execute("COMMIT")
            return {keys[key]: file for key, file in found.items()}
        return {}

    def text(self, path: Path) -> str:
        """Give the text of a file as its check left it."""
        return "".join(text for (text,) in self._rows("SELECT text FROM file WHERE path = ?", self._key(path)))

    def outcome(self, path: Path, pipeline: KnownPipeline) -> str | None:
        """Give how the build of a pipeline ended; None if nobody has built it as it is."""
        query = "SELECT outcome FROM pipeline WHERE path = ? AND dag_id = ? AND spec = ?"
        return next(
            (outcome for (outcome,) in self._rows(query, self._key(path), pipeline.dag_id, pipeline.spec)), None
        )

    def files_of(self, dag_id: str) -> list[Path]:
        """Name the files that define a pipeline, or may, so far as is known."""
        rows = self._rows("SELECT DISTINCT path FROM pipeline WHERE dag_id = ?", dag_id)
        return sorted(self._folder / os.fsdecode(key) for (key,) in rows)

    def loaders(self) -> dict[str, LoaderState]:
        """Give what is known of loader files: name -> state."""
        found: dict[str, LoaderState] = {}
        with self._surviving():
            for name, state in self._rows("SELECT name, state FROM loader"):
                found[name] = decode(LoaderState, state)
        return found

    def keep(self, path: Path, known: KnownFile) -> None:
        """Keep what was found out about a file."""
        key = self._key(path)
        self._pending += [(statement, (key,)) for statement in _FORGET]
        depends = _write_depends(known.depends_on)
        self._pending.append((_FILE, (key, *known.state, depends, known.checked, known.findings, known.text)))
        for place, p in enumerate(known.pipelines):
            self._pending.append((_PIPELINE, (key, place, p.dag_id, slot(p.dag_id), p.spec, p.outcome)))

    def keep_states(self, path: Path, known: KnownFile) -> None:
        """Keep that a file and those that it depends on say the same, though their stat is another."""
        stat, digest, settled = known.state
        depends = _write_depends(known.depends_on)
        self._pending.append((_REFRESH, (stat, settled, depends, self._key(path), digest)))

    def keep_outcome(self, path: Path, pipeline: KnownPipeline, outcome: str | None) -> None:
        """Keep how the build of a pipeline ended, if that is new."""
        if outcome is not None and outcome != pipeline.outcome:
            self._pending.append((_OUTCOME, (outcome, self._key(path), pipeline.dag_id, pipeline.spec)))

    def keep_loader(self, name: str, state: LoaderState) -> None:
        """Keep what is known of a loader file."""
        if self.loaders().get(name) != state:
            self._pending.append((_LOADER, (name, encode(LoaderState, state))))

    def forget_others(self, paths: Iterable[Path]) -> None:
        """Forget files that are not among those that there are."""
        there = {self._key(path) for path in paths}
        gone = [key for (key,) in self._rows("SELECT path FROM file") if key not in there]
        self._pending += [(statement, (key,)) for key in gone for statement in _FORGET]

    def write(self, *, later: bool = False) -> None:
        """Write what is kept.

        :param later: whether it may wait for more, but not for long: other processes need not check it again then
        """
        now = time.monotonic()
        if not self._pending or (later and now - self._committed < _COMMITTED_EVERY):
            return
        pending, self._pending = self._pending, []
        with self._surviving():
            self._write(pending)
        self._committed = time.monotonic()

    def close(self) -> None:
        """Write what is kept, and close."""
        self.write()
        if self._db is not None:
            self._db.close()
            self._db = None

    def __enter__(self) -> SpecCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _key(self, path: Path) -> bytes:
        return os.fsencode(path.relative_to(self._folder).as_posix())

    def _rows(self, query: str, *values: Any) -> Iterator[Any]:
        rows: list[Any] = []
        with self._surviving():
            if self._db is not None:
                rows = self._db.execute(query, values).fetchall()
        return iter(rows)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Do without the cache from here on if it fails; one that is broken makes room for a new one."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            self._do_without(error)
        except (sqlite3.Error, ValueError, TypeError) as error:
            self._do_without(error)
            with suppress(OSError):
                self._file.unlink()

    def _write(self, statements: Iterable[_Statement]) -> None:
        if self._db is None or not self._writable:
            return
        try:
            _execute(self._db, statements)
        except sqlite3.OperationalError as error:
            # it is read-only, the disk is full, or others keep it busy: what it knows is good all the same
            self._writable = False
            log.warning("what was checked is not kept, for %s cannot be written: %s", self._file, error)

    def _do_without(self, error: Exception) -> None:
        log.warning("pipelines are checked anew, for %s cannot be used: %s", self._file, error)
        if self._db is not None:
            self._db.close()
            self._db = None


def open_cache(folder: Path) -> SpecCache:
    """Open the cache of a folder.

    :param folder: where the YAML files are
    """
    return SpecCache(cache_file(folder), folder)


def cache_file(folder: Path) -> Path:
    """Name the cache of a folder, in Airflow's home; it is another one where files would not give the same.

    :param folder: where the YAML files are
    """
    from airflow.configuration import AIRFLOW_HOME, conf

    # Airflow refuses a task whose executor it does not have
    executor = conf.get_mandatory_value("core", "executor")
    # a mark in a folder above decides whose defaults count
    folders = map(os.fspath, layer_folders(folder.absolute()))
    name = sha256("\0".join((fingerprint(), executor, *folders)).encode("utf-8", "surrogateescape")).hexdigest()
    return Path(AIRFLOW_HOME, "pipelines-cache", name[:40] + _SUFFIX)


def _connect(file: Path) -> sqlite3.Connection:
    folder = file.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        # what is read from it is built without another check
        raise PermissionError(f"others may write to {folder}")
    if not file.exists():
        _remove_unused(folder)
    db = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    if db.execute("PRAGMA user_version").fetchone() != (_VERSION,):
        db.executescript(_TABLES)
    with suppress(OSError):
        if time.time() - file.stat().st_mtime > _TOUCHED_EVERY:
            os.utime(file)
    return db


def _execute(db: sqlite3.Connection, statements: Iterable[_Statement]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement, values in statements:
            db.execute(statement, values)
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _remove_unused(folder: Path) -> None:
    """Remove the caches of versions and folders that have long been gone."""
    for file in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > _UNUSED_AFTER:
                file.unlink()


def _read_depends(text: str) -> dict[Path, FileState]:
    return {Path(path): FileState(*state) for path, *state in json.loads(text)} if text else {}


def _write_depends(depends_on: Mapping[Path, FileState]) -> str:
    return json.dumps([[str(path), *state] for path, state in depends_on.items()]) if depends_on else ""
