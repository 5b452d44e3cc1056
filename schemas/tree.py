"""The places of plain data: a tree beside it, which knows where each key and value stands, and in which file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas.diagnostic import START, Place

_NO_KEYS: dict[Any, Any] = {}
_NO_CHILDREN: dict[Any, Any] = {}


class Tree:
    """The places of a value as the parser gives them: its own, and those of the keys and children that it has."""

    __slots__ = ("_end", "_file", "_keys", "_start", "children")

    def __init__(self, start: Any = None, end: Any = None, file: str = "") -> None:
        # the parser's marks are kept as they are: a place is asked for only where something is wrong
        self._start = start
        self._end = end
        self._file = file
        self._keys: dict[Any, Any] = _NO_KEYS
        self.children: dict[Any, Tree] = _NO_CHILDREN

    @property
    def place(self) -> Place:
        """Where the value stands."""
        return replace(START, file=self._file) if self._start is None else between(self._start, self._end, self._file)

    @property
    def keys(self) -> Mapping[str, Place]:
        """Where each key of a mapping stands."""
        return {key: self.key_place(key) for key in self._keys}

    def find(self, path: tuple[str | int, ...]) -> Tree:
        """Follow a path as far as it goes; a missing key is answered by its nearest ancestor."""
        tree = self
        for part in path:
            if part not in tree.children:
                return tree
            tree = tree.children[part]
        return tree

    def key(self, path: tuple[str | int, ...]) -> Place:
        """Give the place of the key that a path ends in, or of the value where it ends in a list index."""
        parent = self.find(path[:-1])
        if path and path[-1] in parent._keys:
            return parent.key_place(str(path[-1]))
        return self.find(path).place

    def key_place(self, key: str) -> Place:
        """Give the place of a key that there is."""
        event = self._keys[key]
        return between(event.start_mark, event.end_mark, self._file)

    def key_tree(self, key: str) -> Tree:
        """Give the place of a key that there is, as the tree of a value; or that of the mapping, if it has no keys."""
        event = self._keys.get(key, self)
        return self if event is self else Key(event.start_mark, event.end_mark, self._file)

    @property
    def owners(self) -> Mapping[str, Tree]:
        """Tell for each key which tree knows its place."""
        return dict.fromkeys(self._keys, self)

    def with_children(self, children: Mapping[Any, Tree], owners: Mapping[str, Tree] | None = None) -> Tree:
        """Give a tree for a value that was put together, at the same place.

        :param children: key or index -> the tree of the value
        :param owners: key -> the tree that knows its place; as in this tree if not given
        """
        tree = Laid(self._start, self._end, self._file)
        tree.children = dict(children)
        tree._keys = dict(self.owners if owners is None else owners)
        return tree


class Laid(Tree):
    """The places of a value that was put together of others."""

    __slots__ = ()

    def key_place(self, key: str) -> Place:
        """Give the place of a key that there is."""
        owner: Tree = self._keys[key]
        return owner.key_place(key)

    def key_tree(self, key: str) -> Tree:
        """Give the place of a key that there is, as the tree of a value."""
        owner: Tree | None = self._keys.get(key)
        return self if owner is None else owner.key_tree(key)

    @property
    def owners(self) -> Mapping[str, Tree]:
        """Tell for each key which tree knows its place."""
        return self._keys


class Key(Tree):
    """The place of a key, whatever it is called where it is put in."""

    __slots__ = ()

    def key_place(self, _: str) -> Place:
        """Give the place of the key."""
        return self.place

    def key_tree(self, _: str) -> Tree:
        """Give the place of the key, as the tree of a value."""
        return self


class PutIn(Tree):
    """The place of a value that was put in somewhere else, which findings on it name besides."""

    __slots__ = ("_note", "_of")

    def __init__(self, of: Tree, note: str) -> None:
        super().__init__(of._start, of._end, of._file)
        self._keys = of._keys
        self.children = {key: PutIn(child, note) for key, child in of.children.items()}
        self._note = note
        self._of = of

    @property
    def place(self) -> Place:
        """Where the value is written, with a note that tells where it is put in."""
        return replace(super().place, note=self._note)

    def key_place(self, key: str) -> Place:
        """Give the place of a key that there is, with the same note."""
        return replace(self._of.key_place(key), note=self._note)

    def key_tree(self, key: str) -> Tree:
        """Give the place of a key that there is, as the tree of a value."""
        return PutIn(self._of.key_tree(key), self._note)


def wrap(name: str, tree: Tree) -> Tree:
    """Give the tree of a mapping that has a value under one key."""
    return Laid().with_children({name: tree}, {name: Key(tree._start, tree._end, tree._file)})


def between(start: Any, end: Any, file: str = "") -> Place:
    """Give the place between two marks of the parser."""
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1, file)
