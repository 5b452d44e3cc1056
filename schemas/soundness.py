"""Which pipelines of a file a mistake concerns: those that it stands in, also by an alias, or else all of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

from schemas.diagnostic import Finding, Place
from schemas.source import Source, Tree

_ALIAS = re.compile(r"(?:^|[\s\[{,])\*\w", re.MULTILINE)
_SHARED = "default"

_Position = tuple[int, int]


def concerned(source: Source, dag_ids: Collection[str], errors: Sequence[Finding]) -> Collection[str]:
    """Give the pipelines that errors of a file concern.

    :param source: the file
    :param dag_ids: its pipelines
    :param errors: all in the file itself
    """
    if not errors or not dag_ids:
        return ()
    at = sorted((error.place.line, error.place.column) for error in errors)
    has_aliases = _ALIAS.search(source.text) is not None
    stretches = [(dag_id, stretch) for dag_id in source.data for stretch in _stretches(dag_id, source, has_aliases)]
    broken: set[str] = set()
    inside = [False] * len(at)
    for dag_id, (start, end) in stretches:
        first, last = bisect_left(at, start), bisect_left(at, end)
        if dag_id != _SHARED and first < last:
            broken.add(dag_id)
            inside[first:last] = [True] * (last - first)
    # what stands outside of every pipeline, or in what they share, concerns them all
    return broken if all(inside) else dag_ids


def _stretches(dag_id: str, source: Source, has_aliases: bool) -> Iterator[tuple[_Position, _Position]]:
    """Yield where a pipeline stands: its key, its value, and whatever aliases take into it from elsewhere."""
    tree = source.tree.find((dag_id,))
    yield _span(source.tree.key((dag_id,)))
    yield _span(tree.place)
    if has_aliases:
        yield from _aliased(tree)


def _aliased(tree: Tree) -> Iterator[tuple[_Position, _Position]]:
    start, end = _span(tree.place)
    for key, child in tree.children.items():
        for place in (child.place, tree.keys.get(key, child.place)):
            if not start <= (place.line, place.column) < end:
                yield _span(place)
        yield from _aliased(child)


def _span(place: Place) -> tuple[_Position, _Position]:
    """Give the start and the end of a place; one without width still has room for what is said of it."""
    start, end = (place.line, place.column), (place.end_line, place.end_column)
    return start, max(end, (place.line, place.column + 1))
