"""The files around a pipeline file that have a part in its pipelines: which there are, each read once.

``defaults.yaml`` of every folder from that of the DAGs down to the file's own, ``environments/<name>.yaml`` and
``templates/<name>.yaml`` in any of these folders. Both endings of YAML are taken, but not for the same name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.diagnostic import Finding, Place
from schemas.layers import EMPTY, Layer, join_defaults
from schemas.position import FileText
from schemas.source import Source, read_source

SUFFIXES = (".yaml", ".yml")
_DAG_FOLDER_MARK = ".airflowignore"
_REPOSITORY_MARK = ".git"
ENVIRONMENT_VARIABLE = "PIPELINES_ENVIRONMENT"
"""Names the environment that pipelines are built for."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,120}")


class Kind(StrEnum):
    """What a file that is not a pipeline file is for; the value is the folder it stands in, or how it is called."""

    DEFAULTS = "defaults"
    ENVIRONMENT = "environments"
    TEMPLATE = "templates"


_FOLDERS = {Kind.ENVIRONMENT.value, Kind.TEMPLATE.value}


def chosen_environment() -> str:
    """Give the environment that pipelines are built for, here and now; nothing for none."""
    return os.environ.get(ENVIRONMENT_VARIABLE, "").strip()


def is_name(name: str) -> bool:
    """Tell whether an environment or a template can be called so."""
    return _NAME.fullmatch(name) is not None


def is_beside(path: Path, folder: Path) -> bool:
    """Tell whether a YAML file below a folder is no pipeline file, by its name or by where it stands."""
    inside = path.relative_to(folder).parts
    return not _FOLDERS.isdisjoint(inside[:-1]) or path.stem == Kind.DEFAULTS


@dataclass(eq=False)
class SideFile:
    """A file that has a part in the pipelines of others."""

    kind: Kind
    source: Source
    """As read; its places name the file."""
    shown: str
    is_taken: bool = False
    """Whether a pipeline that was looked at names it."""
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, what: str, make: Callable[[], Any]) -> Any:
        """Give what is made of the file; only the first time it is made."""
        if what not in self._made:
            self._made[what] = make()
        return self._made[what]

    @cached_property
    def text(self) -> FileText:
        """Its text, with what rules ask about it."""
        return FileText(self.source.text)

    @property
    def layer(self) -> Layer:
        """Its data; empty where it is none that can be laid anywhere."""
        return Layer(self.source.data, self.source.tree) if isinstance(self.source.data, dict) else EMPTY

    @property
    def start(self) -> Place:
        """The place for what concerns the whole file."""
        return Place(1, 1, 1, 1, self.shown)


class Surroundings:
    """Finds and reads the files around pipeline files; each once, as long as it lives."""

    def __init__(self, relative_to: Path | None = None) -> None:
        """Prepare.

        :param relative_to: findings name the files relative to this folder where they lie in it; where we are, if None
        """
        self._relative_to = absolute_path(relative_to) if relative_to is not None else Path.cwd()
        self._homes: dict[str, _Home] = {}
        self._around: dict[Path, Around] = {}
        self._files: dict[Path, SideFile] = {}

    def kind_of(self, path: Path) -> Kind | None:
        """Tell what a YAML file is for; None for a pipeline file.

        :param path: e.g. ``pipelines/environments/prod.yaml``
        """
        kind = self._home(path).kind
        return Kind.DEFAULTS if kind is None and path.stem == Kind.DEFAULTS else kind

    def home_of(self, path: Path) -> Path:
        """Give the folder of a file, of what has a part in others the one whose pipelines, and those below, take it."""
        return self._home(path).folder

    def of(self, path: Path) -> Around:
        """Give what is around a file.

        :param path: a pipeline file, or one that has a part in others
        """
        folder = self.home_of(path)
        if folder not in self._around:
            self._around[folder] = Around(layer_folders(folder), self)
        return self._around[folder]

    def read(self, kind: Kind, path: Path) -> SideFile:
        """Read a file, once."""
        if path not in self._files:
            shown = self.shown(path)
            self._files[path] = SideFile(kind, read_source(path, file=shown), shown)
        return self._files[path]

    def text_of(self, path: Path) -> str | None:
        """Give the text of a file as it was read; None if it was not."""
        return self._files[path].source.text if path in self._files else None

    def shown(self, path: Path) -> str:
        """Give the path of a file as findings name it."""
        folder = self._relative_to
        return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()

    def _home(self, path: Path) -> _Home:
        # asked for every file: a name is looked up as it is spelt
        folder = os.path.dirname(path)  # noqa: PTH120
        found = self._homes.get(folder)
        if found is None:
            found = self._homes[folder] = _home(absolute_path(Path(folder)))
        return found


@dataclass(frozen=True, slots=True)
class _Home:
    """What the files of a folder are for, and the folder whose pipelines, and those below, take them."""

    kind: Kind | None
    folder: Path


def _home(folder: Path) -> _Home:
    top = layer_folders(folder)[-1]
    if top == folder and folder.name in _FOLDERS and not (folder / _DAG_FOLDER_MARK).exists():
        return _Home(Kind(folder.name), folder.parent)
    at = top
    for part in folder.relative_to(top).parts:
        if part in _FOLDERS:
            return _Home(Kind(part), at)
        at /= part
    return _Home(None, folder)


class Around:
    """What is around the pipeline files of one folder."""

    def __init__(self, folders: tuple[Path, ...], surroundings: Surroundings) -> None:
        self._folders = folders
        self._surroundings = surroundings
        self._found: dict[tuple[Kind, str], tuple[Found, ...]] = {}

    @cached_property
    def defaults(self) -> tuple[SideFile, ...]:
        """Those that hold defaults, the nearest first."""
        return self._read(Kind.DEFAULTS, Kind.DEFAULTS)

    @cached_property
    def shared(self) -> Layer:
        """What they say together."""
        shared = EMPTY
        for file in reversed(self.defaults):
            shared = join_defaults(file.layer, shared)
        return shared

    def environment(self, name: str) -> tuple[SideFile, ...]:
        """Give the files of an environment, the nearest first; none if there is no such environment."""
        return self._read(Kind.ENVIRONMENT, name) if is_name(name) else ()

    def template(self, name: str) -> SideFile | None:
        """Give the nearest template of a name; None if there is none."""
        return next(iter(self._read(Kind.TEMPLATE, name)), None) if is_name(name) else None

    def names(self, kind: Kind) -> list[str]:
        """List the environments or templates there are."""
        folders = [folder / kind for folder in self._folders]
        return sorted({path.stem for folder in folders for path in _iter_yaml(folder)})

    def missing(self, kind: Kind, name: str) -> str:
        """Give the path where a file that is not there would be, as findings name it."""
        # a template is a matter of its own folder, an environment one of all pipelines
        fallback = self._folders[0 if kind is Kind.TEMPLATE else -1]
        folder = next((folder for folder in self._folders if (folder / kind).is_dir()), fallback)
        return self._surroundings.shown(folder / kind / f"{name}.yaml")

    def candidates(self, kind: Kind, name: str) -> list[Path]:
        """List the paths that a file can have, whether it is there or not."""
        return [path for found in self._find(kind, name) for path in found.candidates]

    def doubles(self, kind: Kind, name: str) -> Iterator[Finding]:
        """Yield findings where a name has two files in one folder."""
        for found in self._find(kind, name):
            if len(found.there) > 1:
                first, second = (self._surroundings.shown(path) for path in found.there)
                message = f'"{Path(first).name}" is there as well, and only one of the two can count'
                yield Finding("P801", Place(1, 1, 1, 1, second), message, "keep one of the two files")

    def _read(self, kind: Kind, name: str) -> tuple[SideFile, ...]:
        return tuple(self._surroundings.read(kind, found.there[0]) for found in self._find(kind, name) if found.there)

    def _find(self, kind: Kind, name: str) -> tuple[Found, ...]:
        at = (kind, name)
        if at not in self._found:
            folders = self._folders if kind is Kind.DEFAULTS else tuple(folder / kind for folder in self._folders)
            self._found[at] = tuple(_look_for(folder, name) for folder in folders)
        return self._found[at]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a name was looked for in a folder, and what is there."""

    candidates: tuple[Path, ...]
    there: tuple[Path, ...]


def _look_for(folder: Path, name: str) -> Found:
    candidates = tuple(folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return Found(candidates, tuple(path for path in candidates if os.path.lexists(path)))


def _iter_yaml(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES and path.name[0] != ".")


def layer_folders(folder: Path) -> tuple[Path, ...]:
    """Give a folder and those above it up to that of the DAGs, the nearest first.

    That is the topmost one that has an ``.airflowignore``; without any, the one in a repository that the files are in.
    """
    above = (folder, *folder.parents)
    top = 0
    for index, candidate in enumerate(above):
        if (candidate / _DAG_FOLDER_MARK).exists():
            top = index + 1
        if (candidate / _REPOSITORY_MARK).exists():
            # what lies in the repository's own folder may be anything, unless the pipelines do
            top = top or max(index, 1)
            break
    return above[: max(top, 1)]


def absolute_path(path: Path) -> Path:
    """Give the absolute form of a path; links stay what they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links, and is slow)
