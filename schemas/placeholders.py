"""Placeholders ``${{ parameters.name }}``: finds them in a template, and puts values in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, NamedTuple

from schemas.diagnostic import Finding, Place
from schemas.layers import Layer
from schemas.outline import Path
from schemas.position import FileText
from schemas.tree import PutIn

OPENING = "${{"
_PLACEHOLDER = re.compile(r"\$\{\{\s*parameters\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_FORM = "${{ parameters.name }}"
_CHARACTERS_PER_VALUE = 100
_MOST_IN_ONE_TEXT = 10
_NAMED = 3
"""So many parameters are named where a text takes several."""


class Hole(NamedTuple):
    """A text with placeholders in it."""

    path: Path
    text: str
    names: tuple[str, ...]
    """The parameters it takes."""
    is_whole: bool
    """Whether the text is a placeholder and nothing else, and so takes a value of any type."""


class Filling(NamedTuple):
    """What is put into the holes of a template."""

    values: Mapping[str, Layer]
    """Parameter -> its value."""
    shown: str
    """The file that the values are in, as findings name it, unless their places know better."""


def find_holes(body: Layer, text: FileText) -> tuple[list[Hole], list[Finding]]:
    """Find every placeholder of a template, and what only looks like one.

    :param body: the pipeline of the template
    :param text: of its file
    """
    holes: list[Hole] = []
    findings: list[Finding] = []
    work: list[tuple[Path, Layer]] = [((), body)]
    while work:
        path, layer = work.pop()
        value = layer.value
        if isinstance(value, str) and OPENING in value:
            names = tuple(match["name"] for match in _PLACEHOLDER.finditer(value))
            findings.extend(islice(_iter_unreadable(value, layer.tree.place, text), _MOST_IN_ONE_TEXT))
            if names:
                holes.append(Hole(path, value, names, _PLACEHOLDER.fullmatch(value.strip()) is not None))
        elif isinstance(value, dict):
            work.extend(((*path, key), layer.part(key)) for key in value)
            findings.extend(_in_key(layer.tree.key((key,))) for key in value if OPENING in str(key))
        elif isinstance(value, list):
            work.extend(((*path, index), layer.part(index)) for index in range(len(value)))
    return sorted(holes, key=_order), findings


def _order(hole: Hole) -> tuple[str, ...]:
    return tuple(f"{type(part).__name__}{part}" for part in hole.path)


def _in_key(place: Place) -> Finding:
    hint = "keys are the same for all instances; write the placeholder into a value"
    return Finding("P814", place, "a placeholder cannot stand in a key", hint)


def _iter_unreadable(value: str, place: Place, text: FileText) -> Iterator[Finding]:
    taken = {match.start() for match in _PLACEHOLDER.finditer(value)}
    for match in re.finditer(re.escape(OPENING), value):
        if match.start() not in taken:
            at = text.place_inside(place, value, match.start(), match.end())
            hint = f'write {_FORM}; where a dollar sign stands before {{{{ }}}} of Airflow, write {{{{ "$" }}}} for it'
            yield Finding("P814", at, f'"{OPENING}" opens a placeholder, and this is none', hint)


def iter_stray(layer: Layer, text: FileText) -> Iterator[Finding]:
    """Yield placeholders in a file that is no template: nothing would put a value there.

    :param layer: its data
    :param text: its text
    """
    for hole in find_holes(layer, text)[0] if text.contains(OPENING) else ():
        place = layer.tree.find(hole.path).place
        start = hole.text.index(OPENING)
        at = text.place_inside(place, hole.text, start, start + len(OPENING))
        hint = "write the value; in a file of templates/, the placeholder stands for that of a parameter"
        yield Finding("P814", at, "a placeholder has no meaning outside of a template", hint)


def iter_named(hole: Hole) -> Iterator[tuple[str, int, int]]:
    """Yield each parameter that a text takes, with where its name starts and ends in the text."""
    for match in _PLACEHOLDER.finditer(hole.text):
        yield match["name"], *match.span("name")


def fill(body: Layer, holes: list[Hole], filling: Filling) -> Layer:
    """Give a copy of a template with values in place of its placeholders; what has none is shared with the template.

    :param body: the pipeline of the template
    :param holes: as :func:`find_holes` gave them
    :param filling: a value for each parameter that they take
    """
    return _fill(body, holes, 0, filling)


def _fill(layer: Layer, holes: Iterable[Hole], depth: int, filling: Filling) -> Layer:
    holes = list(holes)
    if not holes:
        return layer
    if len(holes[0].path) == depth:
        return _put_in(layer, holes[0], filling)
    value: Any = layer.value.copy()
    children = dict(layer.tree.children)
    for key, inside in groupby(holes, key=lambda hole: hole.path[depth]):
        part = _fill(layer.part(key), inside, depth + 1, filling)
        value[key], children[key] = part
    return Layer(value, layer.tree.with_children(children))


def _put_in(layer: Layer, hole: Hole, filling: Filling) -> Layer:
    at = layer.tree.place
    if hole.is_whole:
        value, tree = filling.values[hole.names[0]]
        return Layer(value, PutIn(tree, f"it is put in at {_shown(at, filling)}"))
    used = {name: filling.values[name] for name in hole.names}
    text = _PLACEHOLDER.sub(lambda match: _as_text(filling.values[match["name"]].value), hole.text)
    named = [f'"{name}" from {_shown(layer.tree.place, filling)}' for name, layer in used.items()]
    return Layer(text, PutIn(layer.tree, f"with {', '.join(named[:_NAMED])}"))


def _shown(place: Place, filling: Filling) -> str:
    return f"{place.file or filling.shown}:{place.line}:{place.column}"


def _as_text(value: Any) -> str:
    """Write a value as YAML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def put_in_size(holes: Iterable[Hole], values: Mapping[str, Any]) -> int:
    """Count the values that come in by filling the holes; long texts count for several."""
    sizes = {name: size_of(value) for name, value in values.items()}
    return sum(sizes[name] for hole in holes for name in hole.names if name in sizes)


def size_of(value: Any) -> int:
    """Count the values in a value, itself included."""
    size, work = 0, [value]
    while work:
        current = work.pop()
        size += 1
        if isinstance(current, str):
            size += len(current) // _CHARACTERS_PER_VALUE
        elif isinstance(current, dict):
            work.extend(current.values())
        elif isinstance(current, list):
            work.extend(current)
    return size
