"""Writes the loader files of a folder: copies of the first, for Airflow to parse side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.load.shares import FIRST_LOADER, loaders

_MARK = "from pipelines.loader import load"
_IGNORE = ".airflowignore"
_FIRST_IS_SEEN = f"!{FIRST_LOADER}"
_OTHERS_ARE_SEEN = "!dags_*.py"


class LoaderFilesError(Exception):
    """A folder that cannot be given loader files; the message is one line."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What was done to a folder."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]


def write_loaders(folder: Path, number: int) -> Changes:
    """Give a folder so many loader files, of which the first is there already.

    :param folder: where the YAML files are
    :param number: of loader files, the first one counted
    :raises LoaderFilesError: if the first is not there, or a file of another's would be lost
    :raises OSError: if a file cannot be written
    """
    first = folder / FIRST_LOADER
    if not first.is_file():
        raise LoaderFilesError(f"{first}: there is no such file; Airflow finds the pipelines of a folder through it")
    text = first.read_text(encoding="utf-8")
    wanted = [folder / f"dags_{place}.py" for place in range(2, number + 1)]
    there = [folder / name for name in loaders(folder) if name != FIRST_LOADER]
    for path in there:
        if _MARK not in path.read_text(encoding="utf-8", errors="replace"):
            raise LoaderFilesError(f"{path}: is no copy of {FIRST_LOADER}; give it another name")
    written = [path for path in wanted if path not in there or path.read_text(encoding="utf-8") != text]
    for path in written:
        path.write_text(text, encoding="utf-8")
    removed = [path for path in there if path not in wanted]
    for path in removed:
        path.unlink()
    if wanted and _let_airflow_see_them(folder / _IGNORE):
        written.append(folder / _IGNORE)
    return Changes(tuple(written), tuple(removed))


def _let_airflow_see_them(ignore: Path) -> bool:
    """Add the other loader files to a list that lets Airflow see the first, if they are not in it."""
    if not ignore.is_file():
        return False
    lines = ignore.read_text(encoding="utf-8").splitlines()
    if _OTHERS_ARE_SEEN in lines or _FIRST_IS_SEEN not in lines:
        return False
    lines.insert(lines.index(_FIRST_IS_SEEN) + 1, _OTHERS_ARE_SEEN)
    ignore.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return True
