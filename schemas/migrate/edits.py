"""Changes to a text at known places, so that all that is not changed stays as it was written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.diagnostic import Place
from schemas.source import Source, Tree

# the line ends of YAML 1.1, by which the parser counts lines
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ANCHOR = re.compile(r"(?:[&!]\S*\s+)*")
_ALIAS = re.compile(r"\s*:\s*\*[^\s,\]}]+")
_COMMENT = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|(?P<comment>(?:(?<=\s)|^)\#.*)""", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """A stretch of a text, in characters from 0, and what takes its place."""

    start: int
    end: int
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Make the changes; of two that overlap, only the first is made."""
    parts, at = [], 0
    for edit in _without_overlaps(edits):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join(parts) + text[at:]


def place_before(offset: int, edits: Iterable[Edit]) -> int:
    """Find where a character of the changed text stood in the text as it was.

    :param offset: in the changed text
    :param edits: the changes that were made
    """
    shift = 0
    for edit in _without_overlaps(edits):
        start = edit.start + shift
        if offset < start:
            break
        if offset < start + len(edit.text):
            return edit.start
        shift += len(edit.text) - (edit.end - edit.start)
    return offset - shift


def place_after(offset: int, edits: Iterable[Edit]) -> int:
    """Find where a character of the text as it was stands in the changed text.

    :param offset: in the text as it was
    :param edits: the changes that were made
    """
    shift = 0
    for edit in _without_overlaps(edits):
        if edit.end > offset:
            return (edit.start if edit.start < offset else offset) + shift
        shift += len(edit.text) - (edit.end - edit.start)
    return offset + shift


def _without_overlaps(edits: Iterable[Edit]) -> list[Edit]:
    kept: list[Edit] = []
    for edit in sorted(set(edits)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


class Layout:
    """A text whose lines and columns are known."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(self, line: int, column: int) -> int:
        """Give the offset of a line and column, which count from 1."""
        return min(self._starts[min(line, len(self._starts)) - 1] + column - 1, len(self.text))

    def position(self, offset: int) -> tuple[int, int]:
        """Give the line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line_start(self, offset: int) -> int:
        """Give the start of the line that an offset is in."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def next_line(self, offset: int) -> int:
        """Give the start of the line after the one that an offset is in, or the end of the text."""
        line = bisect_right(self._starts, offset)
        return self._starts[line] if line < len(self._starts) else len(self.text)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value, as they stand in the text."""

    source: Source
    layout: Layout
    path: tuple[str | int, ...]
    """The last part is the key."""

    @property
    def key(self) -> str:
        """Its name."""
        return str(self.path[-1])

    @property
    def value(self) -> Any:
        """What the YAML means by it."""
        value = self.source.data
        for part in self.path:
            value = value[part]
        return value

    @property
    def key_place(self) -> Place:
        """Where the key stands."""
        return self.source.tree.key(self.path)

    @property
    def value_place(self) -> Place:
        """Where the value stands; elsewhere, if it is an alias."""
        return self._tree.place

    @property
    def _tree(self) -> Tree:
        return self.source.tree.find(self.path)

    @property
    def _parent(self) -> Tree:
        return self.source.tree.find(self.path[:-1])

    def rename(self, name: str) -> Edit:
        """Give the key another name, in the same quotes."""
        start, end = self._span(self.key_place)
        written = self.layout.text[start:end]
        return Edit(start, end, written.replace(self.key, name, 1))

    def rewrite(self, old: str, new: str) -> Edit | None:
        """Change a part of a text value; None if it is not written out in one piece."""
        start, end = self._span(self.value_place)
        written = self.layout.text[start:end]
        return Edit(start, end, written.replace(old, new, 1)) if old in written else None

    def replace(self, value: str) -> list[Edit]:
        """Write another value; comments inside the old one go above the key. Nothing, where an alias is in the way."""
        if self._is_alias() or _leads_elsewhere(self._tree, self.layout):
            return []
        text, at = self.layout.text, self._value_start()
        end = content_end(self._tree, self.layout)
        region = text[at:end]
        prefix = _ANCHOR.match(text, at)
        edits = [Edit(prefix.end() if prefix and prefix[0] else at, end, value)]
        if "\n" in region:
            colon = self._colon_end()
            anchor = text[at : edits[0].start].strip()
            edits = [Edit(colon, end, " ".join(("", *filter(None, (anchor, value)))))]
            edits += self._comments_above(text[colon:end])
        return edits

    def remove(self) -> Edit | None:
        """Take the key and its value out, with the comment behind them; None if an alias brought them here."""
        start, _ = self._span(self.key_place)
        if not self._is_here(start):
            return None
        siblings = sorted(place for place in map(self._offset, self._parent.keys.values()) if self._is_here(place))
        following = next((place for place in siblings if place > start), None)
        if len(siblings) == 1:
            whole = self._parent_span()
            return Edit(*whole, "{}")
        if self._is_flow():
            return self._remove_from_flow(start, following, siblings)
        line = self.layout.line_start(start)
        if self.layout.text[line:start].strip():
            # the first key of a list item: the next one takes its place behind the dash
            return Edit(start, following, "") if following is not None else None
        return Edit(line, self.layout.next_line(self._end()), "")

    def _remove_from_flow(self, start: int, following: int | None, siblings: list[int]) -> Edit:
        if following is not None:
            return Edit(start, following, "")
        before = siblings[-2]
        comma = self.layout.text.rindex(",", before, start)
        return Edit(comma, self._end(), "")

    def _parent_span(self) -> tuple[int, int]:
        start, _ = self._span(self._parent.place)
        return start, content_end(self._parent, self.layout)

    def _comments_above(self, region: str) -> list[Edit]:
        comments = [match["comment"].rstrip() for match in _COMMENT.finditer(region) if match["comment"]]
        if not comments:
            return []
        key, _ = self._span(self.key_place)
        line = self.layout.line_start(key)
        indent = self.layout.text[line:key]
        if indent.strip():
            return []
        newline = "\r\n" if "\r\n" in self.layout.text else "\n"
        return [Edit(line, line, "".join(f"{indent}{comment}{newline}" for comment in comments))]

    def _end(self) -> int:
        colon = self._colon_end()
        if self._is_alias():
            alias = _ALIAS.match(self.layout.text, self._span(self.key_place)[1])
            return alias.end() if alias else colon
        return max(colon, content_end(self._tree, self.layout))

    def _colon_end(self) -> int:
        return self.layout.text.index(":", self._span(self.key_place)[1]) + 1

    def _value_start(self) -> int:
        return self._offset(self.value_place)

    def _is_alias(self) -> bool:
        value, key = self._value_start(), self._offset(self.key_place)
        return value < key or _ALIAS.match(self.layout.text, self._span(self.key_place)[1]) is not None

    def _is_here(self, offset: int) -> bool:
        """Tell whether a key stands in the mapping itself, and is not merged into it."""
        start, end = self._span(self._parent.place)
        return start <= offset <= end

    def _is_flow(self) -> bool:
        start, _ = self._span(self._parent.place)
        prefix = _ANCHOR.match(self.layout.text, start)
        return self.layout.text.startswith("{", prefix.end() if prefix else start)

    def _offset(self, place: Place) -> int:
        return self.layout.offset(place.line, place.column)

    def _span(self, place: Place) -> tuple[int, int]:
        return self._offset(place), self.layout.offset(place.end_line, place.end_column)


def _leads_elsewhere(tree: Tree, layout: Layout) -> bool:
    start = layout.offset(tree.place.line, tree.place.column)
    end = layout.offset(tree.place.end_line, tree.place.end_column)
    children = tree.children.values()
    outside = any(not start <= layout.offset(c.place.line, c.place.column) <= end for c in children)
    return outside or any(_leads_elsewhere(child, layout) for child in children)


def content_end(tree: Tree, layout: Layout) -> int:
    """Give the offset behind the last character of a value; blank lines and comments that follow are not part of it."""
    start = layout.offset(tree.place.line, tree.place.column)
    end = layout.offset(tree.place.end_line, tree.place.end_column)
    prefix = _ANCHOR.match(layout.text, start)
    if layout.text.startswith(("{", "["), prefix.end() if prefix else start):
        return end
    inside = [
        content_end(child, layout)
        for child in tree.children.values()
        if start <= layout.offset(child.place.line, child.place.column) < end
    ]
    keys = [layout.offset(place.end_line, place.end_column) + 1 for place in tree.keys.values()]
    inside += [key for key in keys if start < key <= end]
    return max(inside) if inside else start + len(layout.text[start:end].rstrip())
