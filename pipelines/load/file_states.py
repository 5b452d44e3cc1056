"""What tells whether a file still says what it said: its stat, and where that cannot tell, the hash of its content."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

SETTLED_AFTER = 10.0
"""Seconds after which a change cannot hide behind the same times: file systems count in steps of up to two seconds, and
their clock may differ a little from this machine's."""


class FileState(NamedTuple):
    """A file at one moment."""

    stat: str
    """Times of the last change of its content and of its entry, size, number of the entry; empty if it is not there."""
    digest: str
    """The hash of its content; empty if it cannot be read."""
    settled: bool
    """Whether any later change would change ``stat``, too."""


ABSENT = FileState("", "", settled=True)
"""The state of a file that is not there: nothing but a file in its place changes it."""


def read_state(path: Path) -> tuple[FileState, bytes | None]:
    """Read a file and give its state, the content being that of the state.

    A change while it is read shows later: the stat is older than the content.
    """
    now = time.time()
    stat, changed = _stat(path)
    if not stat:
        return ABSENT, None
    try:
        content = path.read_bytes()
    except OSError:
        return FileState(stat, "", settled=False), None
    return FileState(stat, sha256(content).hexdigest(), changed + SETTLED_AFTER < now), content


class FileStates:
    """The files of one load compared with their states of an earlier one; each is looked at once."""

    def __init__(self) -> None:
        self._stats: dict[Path, str] = {}
        self._read: dict[Path, tuple[FileState, bytes | None]] = {}

    def newer(self, path: Path, known: FileState) -> FileState | None:
        """Compare a file with a state that it had.

        :returns: its state now, which is equal to ``known`` if nothing moved; None if its content is another
        """
        if path not in self._stats:
            self._stats[path] = _stat(path)[0]
        if self._stats[path] == known.stat and known.settled:
            return known
        now = self.read(path)[0]
        return now if now.digest == known.digest and bool(now.stat) == bool(known.stat) else None

    def read(self, path: Path) -> tuple[FileState, bytes | None]:
        """Read a file, once, as :func:`read_state` does."""
        if path not in self._read:
            self._read[path] = read_state(path)
        return self._read[path]


def _stat(path: Path) -> tuple[str, float]:
    try:
        found = os.stat(path)  # noqa: PTH116 (thousands of times in a load)
    except OSError:
        return "", 0.0
    stat = f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_size} {found.st_ino}"
    return stat, max(found.st_mtime, found.st_ctime)
