"""The pipeline files of a git revision, written to a folder of their own; the checkout is never touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from schemas.surroundings import SUFFIXES

_BOUNDARY = ".airflowignore"
_LINK = "120000"


class RevisionError(Exception):
    """The files of a revision cannot be had; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of the repository."""

    root: Path
    """The folder of the checkout."""
    name: str
    """As it was asked for."""
    commit: str


def find_revision(name: str, folder: Path) -> Revision:
    """Find a revision of the repository that a folder is in.

    :param name: what git understands: ``HEAD``, a branch, a commit, ``origin/main``
    :param folder: in the checkout
    :raises RevisionError: if there is no repository, or no such revision in it
    """
    try:
        root = Path(_git(folder, "rev-parse", "--show-toplevel").decode(errors="surrogateescape").rstrip("\n"))
    except RevisionError as error:
        raise RevisionError(f"{folder} is not in a git repository: {error}") from None
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except RevisionError:
        raise RevisionError(f'there is no revision "{name}" in this repository') from None
    return Revision(root, name, commit.decode().strip())


def export(revision: Revision, folders: Iterable[Path], target: Path) -> None:
    """Write the pipeline files of a revision.

    :param revision: of the repository
    :param folders: in the checkout, whether they are there now or not; what lies below them is written
    :param target: an empty folder, which then is like the checkout's root
    :raises RevisionError: if a folder lies outside of the repository
    """
    # pipelines read the defaults of the folders above them up to the repository's root, and not beyond
    (target / ".git").touch()
    wanted = sorted({_inside(folder, revision.root) for folder in folders})
    entries = [entry for entry in _iter_entries(revision, wanted) if _is_wanted(entry.path)]
    for entry, content in zip(entries, _contents(revision, [entry.blob for entry in entries]), strict=True):
        _write(target, entry, content)


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    blob: str
    path: str


def _inside(folder: Path, root: Path) -> str:
    path = Path(os.path.abspath(folder))  # noqa: PTH100 (links are kept)
    for candidate in (path, path.resolve()):
        if candidate.is_relative_to(root):
            return candidate.relative_to(root).as_posix()
    raise RevisionError(f"{folder} is not in the repository {root}")


def _iter_entries(revision: Revision, folders: Sequence[str]) -> Iterator[_Entry]:
    paths = [] if "." in folders else folders
    listing = _git(revision.root, "ls-tree", "-r", "-z", "--full-tree", revision.commit, "--", *paths)
    for line in filter(None, listing.split(b"\0")):
        head, _, path = line.partition(b"\t")
        mode, kind, blob = head.decode().split()
        if kind == "blob":
            yield _Entry(mode, blob, os.fsdecode(path))


def _is_wanted(path: str) -> bool:
    name = PurePosixPath(path)
    return name.suffix in SUFFIXES or name.name == _BOUNDARY


def _contents(revision: Revision, blobs: Sequence[str]) -> Iterator[bytes]:
    """Give the contents of blobs as git keeps them, in one run."""
    output = _git(revision.root, "cat-file", "--batch", text="".join(f"{blob}\n" for blob in blobs))
    at = 0
    for _ in blobs:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[-1])
        yield output[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _write(target: Path, entry: _Entry, content: bytes) -> None:
    path = target / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode != _LINK:
        path.write_bytes(content)
        return
    # a link that leads out of the repository would read other files than those of the revision
    aim = Path(os.path.normpath(path.parent / os.fsdecode(content)))
    if aim.is_relative_to(target):
        path.symlink_to(os.path.relpath(aim, path.parent))
    else:
        path.symlink_to("outside-of-the-repository")


def _git(folder: Path, *arguments: str, text: str = "") -> bytes:
    command = ["git", "-C", str(folder), "-c", "core.quotepath=off", *arguments]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise RevisionError("git is not installed, or the folder does not exist") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise RevisionError(lines[-1] if lines else f"git failed with {done.returncode}")
    return done.stdout
