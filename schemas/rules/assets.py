"""Rules on assets: addresses that Airflow takes, and one name for each address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.asset_uri import normal_form
from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.rules.clocks import schedule_path
from schemas.source import Tree

_WORD = "lets"
"""What is in each file whose tasks have assets."""
_LISTS = ("inlets", "outlets")
_JOINED = ("and", "or")
_NOT_AS_NAME = ("self", "context")


@dataclass(frozen=True, slots=True)
class _Asset:
    """An asset that is defined where it is named."""

    name: str
    uri: str
    """In the form that Airflow keeps."""
    written: str
    """The address as in the YAML."""
    path: Path
    home: Path
    """The list that it stands in."""


def iter_asset_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield assets that Airflow refuses, that stand there twice, or that share a name or an address with another."""
    known: list[_Asset] = []
    for home, path, item in _iter_items(outline):
        read = _read(item, path, home)
        if isinstance(read, _Asset):
            known.append(read)
        elif read:
            yield Finding("P309", tree.find(path).place, read, "write where the data is, as in s3://bucket/key")
    yield from _doubles(known, tree)
    yield from _unusual(known, tree)
    yield from _conflicts(known, tree)


def _read(item: Any, path: Path, home: Path) -> _Asset | str:
    """Read an asset; a text says why Airflow refuses it, an empty one that it is none."""
    spec = {"name": item} if isinstance(item, str) else item if isinstance(item, dict) else {}
    texts = [spec.get(key) for key in ("name", "uri")]
    if "alias" in spec or "ref" in spec or not any(isinstance(text, str) and text.strip() for text in texts):
        return ""
    name, uri = (str(text if text is not None else other) for text, other in zip(texts, reversed(texts), strict=True))
    if name in _NOT_AS_NAME:
        return f'an asset cannot be called "{name}"'
    try:
        return _Asset(name, normal_form(uri), uri, path, home)
    except ValueError as error:
        return f'"{uri}" is no address of an asset: {error}'


def _iter_items(outline: Outline) -> Iterator[tuple[Path, Path, Any]]:
    """Yield the list, the path and the text or mapping of each asset of a pipeline."""
    path = schedule_path(outline)
    yield from _in_schedule(outline.setting("schedule"), path)
    if not outline.text.contains(_WORD):
        return
    owners: list[tuple[Any, Path]] = [(outline.config.get("default_args"), (outline.dag_id, "default_args"))]
    owners += [((group.config or {}).get("default_args"), (*group.path, "default_args")) for group in outline.groups]
    owners += [(task.config, task.path) for task in outline.tasks]
    for owner, at in owners:
        for key in _LISTS if isinstance(owner, dict) else ():
            items = owner.get(key)
            for index, item in enumerate(items if isinstance(items, list) else ()):
                yield (*at, key), (*at, key, index), item


def _in_schedule(value: Any, path: Path) -> Iterator[tuple[Path, Path, Any]]:
    if isinstance(value, dict):
        yield from _in_schedule(value.get("assets"), (*path, "assets"))
        for key in _JOINED:
            yield from _in_schedule(value.get(key), (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            at = (*path, index)
            if isinstance(item, dict) and any(key in item for key in _JOINED):
                yield from _in_schedule(item, at)
            else:
                yield path, at, item


def _doubles(assets: list[_Asset], tree: Tree) -> Iterator[Finding]:
    first: dict[tuple[Path, str, str], _Asset] = {}
    for asset in assets:
        if first.setdefault((asset.home, asset.name, asset.uri), asset) is not asset:
            message = f'the asset "{asset.name}" stands in this list already'
            yield Finding("P310", tree.find(asset.path).place, message, "remove one of the two")


def _unusual(assets: list[_Asset], tree: Tree) -> Iterator[Finding]:
    for asset in assets:
        if asset.name == asset.written and asset.uri != asset.written:
            message = f'Airflow keeps the address as "{asset.uri}", and calls the asset "{asset.name}"'
            hint = "write it as Airflow keeps it: who writes it in another way does not mean this asset"
            yield Finding("P312", tree.find(asset.path).place, message, hint)


def _conflicts(assets: list[_Asset], tree: Tree) -> Iterator[Finding]:
    names: dict[str, _Asset] = {}
    uris: dict[str, _Asset] = {}
    for asset in assets:
        named, located = names.setdefault(asset.name, asset), uris.setdefault(asset.uri, asset)
        where = tree.find(named.path).place.line
        if named.uri != asset.uri:
            message = f'the asset "{asset.name}" has the address "{asset.uri}" here, and "{named.uri}" in line {where}'
            yield Finding("P311", tree.find(asset.path).place, message, "Airflow uses only one of them: keep one")
        elif located.name != asset.name:
            where = tree.find(located.path).place.line
            message = f'"{asset.uri}" is called "{asset.name}" here, and "{located.name}" in line {where}'
            yield Finding("P311", tree.find(asset.path).place, message, "Airflow uses only one of them: keep one")
