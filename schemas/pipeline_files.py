"""Which YAML files of a folder hold pipelines, and which have a part in those of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.surroundings import SUFFIXES, Surroundings, absolute_path, is_beside


def iter_pipeline_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that hold pipelines, sorted, links to nothing too; hidden ones are left out.

    :param folder: e.g. ``pipelines``
    """
    yield from (path for path in iter_yaml_files(folder) if not is_beside(path, folder))


def iter_side_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that hold defaults, an environment or a template, as the others are.

    :param folder: e.g. ``pipelines``
    """
    yield from (path for path in iter_yaml_files(folder) if is_beside(path, folder))


def sorted_out(paths: Iterable[Path], surroundings: Surroundings) -> tuple[list[Path], list[Path]]:
    """Tell pipeline files from those that have a part in them, and add the pipelines that these have a part in.

    :param paths: YAML files
    :param surroundings: what knows the files around them
    :returns: the pipeline files, and the others
    """
    pipelines: dict[Path, None] = {}
    beside: dict[Path, None] = {}
    for path in paths:
        if surroundings.kind_of(path) is None:
            pipelines[path] = None
        else:
            beside[absolute_path(path)] = None
    if not beside:
        return list(pipelines), []
    by_place = {absolute_path(path): path for path in pipelines}
    for home in {surroundings.home_of(path): None for path in beside}:
        for path in iter_pipeline_files(home):
            by_place.setdefault(path, path)
    return list(by_place.values()), list(beside)


def iter_yaml_files(folder: Path) -> Iterator[Path]:
    """Yield both: every file that a check of the whole folder looks at.

    :param folder: e.g. ``pipelines``
    """
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and not hidden and (path.is_file() or _is_broken_link(path)):
            yield path


def _is_broken_link(path: Path) -> bool:
    return path.is_symlink() and not path.exists()
