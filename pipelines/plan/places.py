"""Where an argument of a pipeline stands: file and line, in its own file or in one that has a part in it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from pipelines.plan.facts import Path
from schemas.contract import Contract
from schemas.diagnostic import Place
from schemas.layers import NAMES
from schemas.source import read_source
from schemas.spec import Pipeline
from schemas.surroundings import Surroundings
from schemas.views import View, Views


class Spot(NamedTuple):
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Side:
    """The files of one of the two states that are compared."""

    def __init__(self, surroundings: Surroundings, contract: Contract, environment: str) -> None:
        """Prepare.

        :param surroundings: the files around the pipeline files
        :param contract: the schema in use
        :param environment: the one that pipelines are in; none if empty
        """
        self._surroundings = surroundings
        self._contract = contract
        self._environment = environment

    def places(self, pipeline: Pipeline, file: str) -> Places:
        """Give the places of a pipeline, which are looked for when the first is asked for.

        :param pipeline: one of this side
        :param file: its file, as diagnostics name it
        """
        return Places(self, pipeline, file)

    def view(self, pipeline: Pipeline, file: str) -> View:
        """Put a pipeline together once more, with the places of its parts."""
        around = self._surroundings.of(pipeline.path)
        views = Views(read_source(pipeline.path), file, around, self._contract)
        return next(views.one(pipeline.dag_id, self._environment))


class Places:
    """The places of one pipeline."""

    def __init__(self, side: Side, pipeline: Pipeline, file: str) -> None:
        self._side = side
        self._pipeline = pipeline
        self._file = file

    def find(self, path: Path) -> Spot:
        """Find an argument, or else the nearest that it could stand in.

        :param path: under the pipeline, with tasks and groups by their names
        """
        place = self._place(path)
        if place.file and self._view.instance is not None:
            # of a template's text with a placeholder it is the value put there that makes the difference
            place = next(self._view.instance.put_in_at(place), place)
        return Spot(place.file or self._file, place.line)

    @cached_property
    def _view(self) -> View:
        return self._side.view(self._pipeline, self._file)

    def _place(self, path: Path) -> Place:
        """Follow a path as far as it goes."""
        source = self._view.source
        data, tree = source.data[self._pipeline.dag_id], source.tree.find((self._pipeline.dag_id,))
        place, parent = source.tree.key((self._pipeline.dag_id,)), ""
        for key in path:
            at = _step(data, key, parent)
            if at is None:
                return place
            value, place = tree.find((at,)).place, tree.key((at,))
            if not isinstance(data[at], dict | list) and (value.file or value.file != place.file):
                # in a template, the value tells which placeholder it is, or comes from elsewhere itself
                place = value
            data, tree, parent = data[at], tree.find((at,)), str(key)
        return place


def _step(data: Any, key: str | int, parent: str) -> str | int | None:
    """Give the key or the index under which something stands, if it is there."""
    if isinstance(data, dict):
        return key if key in data else None
    if isinstance(data, list):
        name = NAMES.get(parent)
        return next((i for i, item in enumerate(data) if isinstance(item, dict) and item.get(name) == key), None)
    return None
