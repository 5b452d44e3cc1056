"""Keeps the text that a DAG was built from: Airflow reads it again, for the Code tab, when the YAML may have changed.

Between the moment in which a YAML file is parsed and the one in which Airflow writes its DAGs to the database lie
seconds. Were the file itself read then, the Code tab could show another text than the run's, with the secrets that the
check hides; and a file that was deleted meanwhile would be an error of the loader, which stops the DAGs of all files.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

log = logging.getLogger(__name__)

_FOLDER = "pipelines-code"
_TOUCHED_EVERY = 600.0
_UNUSED_AFTER = 3600.0
"""Seconds; Airflow reads a text within a few of them after it was kept, and each parse keeps those in use again."""


class CodeFolder:
    """A folder of texts, each below a name that changes with it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._is_usable = True
        self._has_new = False
        self._now = time.time()

    def keep(self, shown: str, text: str) -> str | None:
        """Keep a text, if it is not there yet.

        :param shown: the YAML file as diagnostics name it, such as ``pipelines/churn.yaml``
        :param text: what it says
        :returns: the file that it is in; None if none can be written
        """
        content = text.encode("utf-8", "replace")
        path = f"{self.root}/{sha256(content).hexdigest()[:16]}/{shown}"
        try:
            if self._now - os.stat(path).st_mtime > _TOUCHED_EVERY:  # noqa: PTH116 (for thousands of files, each time)
                os.utime(path)
        except OSError:
            return path if self._write(Path(path), content) else None
        return path

    def _write(self, path: Path, content: bytes) -> bool:
        if not self._is_usable:
            return False
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self.root.mkdir(mode=0o700, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError as error:
            # the DAGs are more important than what the Code tab shows of them
            log.warning("the Code tab shows the loader instead of the YAML, for nothing can be written: %s", error)
            self._is_usable = False
        else:
            self._has_new = True
        return self._is_usable

    def remove_unused(self) -> None:
        """Remove the texts that have not been in use for long; looks for them only after new ones came."""
        if self._has_new:
            before = time.time() - _UNUSED_AFTER
            for path in _iter_files(self.root):
                with suppress(OSError):
                    if path.stat().st_mtime < before:
                        path.unlink()
                        _remove_empty(path.parent, self.root)


def open_code_folder() -> CodeFolder:
    """Open the folder in Airflow's home."""
    from airflow.configuration import AIRFLOW_HOME

    return CodeFolder(Path(AIRFLOW_HOME, _FOLDER))


def path_in_repository(fileloc: str) -> str | None:
    """Give the YAML file that a kept text is of, as diagnostics name it; None if the path is not that of a kept text.

    :param fileloc: of a DAG
    """
    parts = Path(fileloc).parts
    if _FOLDER not in parts:
        return None
    # the digest lies between
    return "/".join(parts[parts.index(_FOLDER) + 2 :]) or None


def _iter_files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        folder.rmdir()
        folder = folder.parent
