"""Turns the frozen values of a check into JSON and back, so that another process can have them."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_PLAIN = (Any, str, int, float, bool, type(None))


class _Coder(NamedTuple):
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def encode(kind: type[T], value: T) -> str:
    """Give the JSON of a value.

    :param kind: a dataclass, or a tuple of them
    :param value: one of this type
    :raises ValueError: if a number is too long for JSON
    """
    return json.dumps(_coder(kind).encode(value), separators=(",", ":"))


def decode(kind: type[T], text: str) -> T:
    """Give back what :func:`encode` was given.

    :param kind: the same type
    :param text: the JSON
    :raises ValueError: if the text is not the JSON of such a value
    """
    try:
        value: T = _coder(kind).decode(json.loads(text))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no {kind}: {error}") from error
    return value


def _same(value: Any) -> Any:
    return value


_SAME = _Coder(_same, _same)


_coders: dict[Any, _Coder] = {}


def _coder(kind: Any) -> _Coder:
    if kind not in _coders:
        _coders[kind] = _make_coder(kind)
    return _coders[kind]


def _make_coder(kind: Any) -> _Coder:
    """Make the coder of a type, from its annotations: a new field of a spec needs no line here.

    :raises TypeError: if it is a type for which there is none
    """
    origin = get_origin(kind)
    if kind in _PLAIN:
        return _SAME
    if kind is Path:
        return _Coder(str, Path)
    make = _MAKERS.get(origin, _dataclass)
    return make(kind)


def _union(kind: Any) -> _Coder:
    parts = [part for part in get_args(kind) if part is not type(None)]
    if all(part in _PLAIN for part in parts):
        return _SAME
    coder = _coder(parts[0]) if len(parts) == 1 else _tagged(parts)
    return _Coder(
        lambda value: None if value is None else coder.encode(value),
        lambda value: None if value is None else coder.decode(value),
    )


def _tagged(kinds: list[Any]) -> _Coder:
    """Make the coder of a value that has one of several classes; the name of the class goes with it."""
    coders = {kind.__name__: _dataclass(kind) for kind in kinds}

    def make(value: Any) -> Any:
        name, fields_of_it = _list(value)
        return coders[name].decode(fields_of_it)

    return _Coder(lambda value: [type(value).__name__, coders[type(value).__name__].encode(value)], make)


def _tuple(kind: Any) -> _Coder:
    item, *more = get_args(kind)
    if more != [...]:
        raise TypeError(f"no coder for {kind}")
    return _items(item)


def _items(item: Any) -> _Coder:
    coder = _coder(item)
    if coder is _SAME:
        return _Coder(list, lambda values: tuple(_list(values)))
    return _Coder(
        lambda values: [coder.encode(value) for value in values],
        lambda values: tuple([coder.decode(value) for value in _list(values)]),
    )


def _set(kind: Any) -> _Coder:
    items = _items(get_args(kind)[0])
    return _Coder(lambda values: sorted(items.encode(values)), lambda values: frozenset(items.decode(values)))


def _mapping(kind: Any) -> _Coder:
    key, item = get_args(kind)
    if key is not str:
        raise TypeError(f"no coder for {kind}")
    coder = _coder(item)
    if coder is _SAME:
        return _Coder(dict, _dict)
    return _Coder(
        lambda values: {key: coder.encode(value) for key, value in values.items()},
        lambda values: {key: coder.decode(value) for key, value in _dict(values).items()},
    )


def _dataclass(kind: Any) -> _Coder:
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise TypeError(f"no coder for {kind}")
    make_value: Callable[..., Any] = kind
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.init]
    coders = [_coder(hints[name]) for name in names]
    parts = list(zip(names, coders, strict=True))
    # a load decodes tens of thousands of these, mostly of plain values
    not_plain = [(index, coder.decode) for index, coder in enumerate(coders) if coder is not _SAME]

    def make(values: Any) -> Any:
        if len(_list(values)) != len(names):
            raise TypeError(f"{len(values)} values for {len(names)} fields")
        for index, decode_part in not_plain:
            values[index] = decode_part(values[index])
        return make_value(*values)

    return _Coder(lambda value: [coder.encode(getattr(value, name)) for name, coder in parts], make)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in the place of a list")
    return value


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} in the place of a mapping")
    return value


_MAKERS: dict[Any, Callable[[Any], _Coder]] = {
    Union: _union,
    types.UnionType: _union,
    tuple: _tuple,
    frozenset: _set,
    dict: _mapping,
    Mapping: _mapping,
}
