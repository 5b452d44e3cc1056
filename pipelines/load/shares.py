"""Shares the pipelines of a folder among its loader files, which Airflow parses side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

FIRST_LOADER = "dags.py"
_OTHER_LOADER = re.compile(r"dags_([1-9][0-9]*)\.py")


@dataclass(frozen=True, slots=True)
class Share:
    """The part of all pipelines that one of several loader files builds."""

    index: int
    of: int

    def takes(self, dag_id: str) -> bool:
        """Tell whether a pipeline belongs to this share; it belongs to one of them."""
        return self.of == 1 or slot(dag_id) % self.of == self.index


WHOLE = Share(0, 1)


def slot(dag_id: str) -> int:
    """Give the number by which a pipeline is assigned, the same in every process."""
    return int.from_bytes(blake2b(dag_id.encode(), digest_size=4).digest())


def loaders(folder: Path) -> list[str]:
    """Name the loader files that a folder has, in their order: ``dags.py``, then ``dags_2.py`` and so on."""
    names = [path.name for path in folder.iterdir()]
    others = sorted((int(match[1]), match[0]) for match in map(_OTHER_LOADER.fullmatch, names) if match)
    return [FIRST_LOADER] * (FIRST_LOADER in names) + [name for _, name in others]


def share_of(loader: Path) -> Share:
    """Give the share of a loader file: all that are in its folder have equal ones."""
    names = loaders(loader.parent)
    return Share(names.index(loader.name), len(names)) if loader.name in names else WHOLE
