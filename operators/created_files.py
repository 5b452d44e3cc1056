"""Files that are created whole, and only if they are absent: of two writers one wins and the other is told."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath


def create_file(path: ObjectStoragePath, data: bytes) -> None:
    """Create a file with its content in one step, if it is absent.

    :raises FileExistsError: if there is one already; it is left as it is
    """
    if not data:
        raise ValueError(f"{path}: an empty file cannot be claimed; object stores overwrite it")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.protocol in ("", "file", "local"):
        _link_file(Path(path.path), data)
        return
    with path.open("xb") as stream:  # type: ignore[no-untyped-call]
        stream.write(data)


def _link_file(path: Path, data: bytes) -> None:
    """Write beside the place and link it there: unlike with ``open("xb")``, nobody can see half of it."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        draft.write_bytes(data)
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def numbers_in(folder: ObjectStoragePath) -> list[int]:
    """List the numbers that files or folders of a folder are named by, in no order; none if it does not exist."""
    folder.fs.invalidate_cache()  # object stores remember listings; another process may have written since
    if not folder.exists():
        return []
    stems = (child.name.removesuffix(".json") for child in folder.iterdir())
    return [int(stem) for stem in stems if stem.isdigit()]
