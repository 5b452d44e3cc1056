"""Where an argument of a pipeline stands: file and line, in the pipeline itself or in what it shares."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from pipelines.plan.facts import Path
from schemas.source import Source, read_source
from schemas.spec import Pipeline

_LISTS = {"tasks": "task_id", "task_groups": "group_name"}
"""What may be a list -> the key that names its items."""


class Spot(NamedTuple):
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Places:
    """The places of one pipeline; its file is read again when the first is asked for."""

    def __init__(self, pipeline: Pipeline, file: str) -> None:
        self._pipeline = pipeline
        self._file = file

    @property
    def start(self) -> Spot:
        """Where the pipeline begins."""
        return Spot(self._file, self._pipeline.place.line)

    def find(self, path: Path) -> Spot:
        """Find an argument; what the pipeline does not say itself is looked for in what the file's pipelines share.

        :param path: under the pipeline, with tasks and groups by their names
        """
        found = [self._deepest(root, path) for root in (self._pipeline.dag_id, "default")]
        depth, line = max(found, key=lambda end: end[0])
        return Spot(self._file, line) if depth else self.start

    @cached_property
    def _source(self) -> Source:
        return read_source(self._pipeline.path)

    def _deepest(self, root: str, path: Path) -> tuple[int, int]:
        """Follow a path as far as it goes: how far that is, and the line."""
        data: Any = self._source.data
        tree = self._source.tree
        line, keys = 1, (root, *path)
        for depth, key in enumerate(keys):
            at = _step(data, key, str(keys[depth - 1]))
            if at is None:
                return depth, line
            line = tree.key((at,)).line
            data, tree = data[at], tree.children[at]
        return len(keys), line


def _step(data: Any, key: str | int, parent: str) -> str | int | None:
    """Give the key or the index under which something stands, if it is there."""
    if isinstance(data, dict):
        return key if key in data else None
    if isinstance(data, list):
        name = _LISTS.get(parent)
        return next((i for i, item in enumerate(data) if isinstance(item, dict) and item.get(name) == key), None)
    return None
