"""Shares the pipelines of a folder among its loader files, which Airflow parses side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

FIRST_LOADER = "dags.py"
_OTHER_LOADER = re.compile(r"dags_([1-9][0-9]*)\.py")
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Share:
    """The pipelines that one of several loader files builds."""

    parts: tuple[tuple[int, int], ...]
    """Which part of how many; the share is all of these."""

    def takes(self, dag_id: str) -> bool:
        """Tell whether a pipeline belongs to this share."""
        if self == WHOLE:
            return True
        number = slot(dag_id)
        return any(number % of == index for index, of in self.parts)


WHOLE = Share(((0, 1),))


@dataclass(frozen=True, slots=True)
class LoaderState:
    """What is known of a loader file."""

    left_out: str = ""
    """The first of the files that there was no time for."""
    among: str = ""
    """The loader files that there were when it was last parsed."""
    times: int = 0
    """How often it was parsed since these are there, at most counted up to when that is enough."""
    shared: tuple[str, ...] = ()
    """The loader files that there have been since all of them were last parsed often enough."""


_UNKNOWN = LoaderState()


def slot(dag_id: str) -> int:
    """Give the number by which a pipeline is assigned, the same in every process."""
    return int.from_bytes(blake2b(dag_id.encode(), digest_size=4).digest())


def loaders(folder: Path) -> list[str]:
    """Name the loader files that a folder has, in their order: ``dags.py``, then ``dags_2.py`` and so on."""
    names = [path.name for path in folder.iterdir()]
    others = sorted((int(match[1]), match[0]) for match in map(_OTHER_LOADER.fullmatch, names) if match)
    return [FIRST_LOADER] * (FIRST_LOADER in names) + [name for _, name in others]


def share_of(loader: Path, known: Mapping[str, LoaderState]) -> tuple[Share, LoaderState]:
    """Give the share of a loader file, and what is known of it when it has been built.

    All that are in a folder have equal ones. When that changes, each keeps what it had until all have been parsed
    twice, the second time after Airflow took the result of the first: Airflow may find a new file only after minutes,
    and would meanwhile take pipelines that nobody builds for gone.

    :param loader: the file
    :param known: name -> what is known of the loader files of the folder
    """
    names = loaders(loader.parent)
    own = known.get(loader.name, _UNKNOWN)
    if loader.name not in names:
        return WHOLE, own
    among = " ".join(names)
    states = [known.get(name, _UNKNOWN) for name in names]
    is_settled = all(state.among == among and state.times >= _ENOUGH for state in states)
    shared = (among,) if is_settled else tuple(dict.fromkeys((*own.shared, among)))
    times = min(own.times + 1, _ENOUGH) if own.among == among else 1
    return _share(loader.name, shared), replace(own, among=among, times=times, shared=shared)


def _share(name: str, shared: Iterable[str]) -> Share:
    parts = {(names.index(name), len(names)) for names in map(str.split, shared) if name in names}
    return WHOLE if (0, 1) in parts else Share(tuple(sorted(parts)))
