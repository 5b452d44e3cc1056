"""The places of plain data: a tree beside it, which knows where each key and value stands, and in which file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas.diagnostic import START, Place

_NO_KEYS: dict[Any, Any] = {}
_NO_CHILDREN: dict[Any, Any] = {}


class Tree:
    """The places of a value: its own, and for mappings and lists those of the keys and children."""

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
        return {key: self.key_tree(key).place for key in self._keys}

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
        found = parent._keys.get(path[-1]) if path else None
        if found is None:
            return self.find(path).place
        # the parser's event, most of the time
        return parent.key_tree(str(path[-1])).place if isinstance(found, Tree) else parent._event_place(found)

    def key_tree(self, key: str) -> Tree:
        """Give the place of a key that there is, as a tree of its own."""
        found = self._keys[key]
        # the parser's event for it, or where the mapping was put together, a tree already
        return found if isinstance(found, Tree) else Tree(found.start_mark, found.end_mark, self._file)

    def _event_place(self, event: Any) -> Place:
        return between(event.start_mark, event.end_mark, self._file)

    def with_children(self, children: Mapping[Any, Tree], keys: Mapping[str, Tree] | None = None) -> Tree:
        """Give a tree for a value that was put together, at the same place.

        :param children: key or index -> the tree of the value
        :param keys: the tree of each key; those of this tree if not given
        """
        tree = Tree(self._start, self._end, self._file)
        tree.children = dict(children)
        tree._keys = self._keys if keys is None else dict(keys)
        return tree

    def key_trees(self) -> dict[str, Tree]:
        """Give the places of the keys of a mapping in the form that :meth:`with_children` takes."""
        return {key: self.key_tree(key) for key in self._keys}


class PutIn(Tree):
    """The place of a value that was put in somewhere else, which findings on it name besides."""

    __slots__ = ("_note",)

    def __init__(self, of: Tree, note: str) -> None:
        super().__init__(of._start, of._end, of._file)
        self._keys = of._keys
        self.children = {key: PutIn(child, note) for key, child in of.children.items()}
        self._note = note

    def key_tree(self, key: str) -> Tree:
        """Give the place of a key that there is, with the same note."""
        return PutIn(super().key_tree(key), self._note)

    def _event_place(self, event: Any) -> Place:
        return PutIn(Tree(event.start_mark, event.end_mark, self._file), self._note).place

    @property
    def place(self) -> Place:
        """Where the value is written, with a note that tells where it is put in."""
        at = super().place
        return Place(at.line, at.column, at.end_line, at.end_column, at.file, self._note)


def wrap(name: str, tree: Tree) -> Tree:
    """Give the tree of a mapping that has a value under one key."""
    return Tree().with_children({name: tree}, {name: tree})


def between(start: Any, end: Any, file: str = "") -> Place:
    """Give the place between two marks of the parser."""
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1, file)
