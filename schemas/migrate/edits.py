"""Changes to a text at known places, so that all that is not changed stays as it was written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.diagnostic import Place
from schemas.lines import LINE_END
from schemas.migrate.values import OBJECT_MARKS
from schemas.source import Source, Tree

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
        self.has_objects = any(mark in text for mark in OBJECT_MARKS)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._starts = [0, *(match.end() for match in LINE_END.finditer(text))]

    def offset(self, line: int, column: int) -> int:
        """Give the offset of a line and column, which count from 1; the parser ends a last line that has no end."""
        start = self._starts[line - 1] if line <= len(self._starts) else len(self.text)
        return min(start + column - 1, len(self.text))

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

    def put_before(self, line: str) -> Edit:
        """Write another entry before this one, in the same form."""
        start, _ = self._span(self.key_place)
        indent = self.layout.text[self.layout.line_start(start) : start]
        return Edit(start, start, f"{line}, " if indent.strip() else f"{line}{self.layout.newline}{indent}")

    def replace(self, value: str) -> list[Edit]:
        """Write another value; comments inside the old one go above the key. Nothing, where an alias is in the way."""
        if self._is_alias() or _leads_elsewhere(self._tree, self.layout):
            return []
        text, colon = self.layout.text, self._colon_end()
        start, end = self._value_start(), content_end(self._tree, self.layout)
        # an anchor stays, as aliases may name it; a tag was that of the old value
        anchors = [word for word in text[start : _after_anchor(start, text)].split() if word.startswith("&")]
        value = " ".join((*anchors, value))
        if "\n" not in text[colon:end]:
            return [Edit(start, end, value)]
        return [Edit(colon, end, f" {value}"), *self._comments_above(text[colon:end])]

    def _comments_above(self, region: str) -> list[Edit]:
        comments = [match["comment"].rstrip() for match in _COMMENT.finditer(region) if match["comment"]]
        if not comments:
            return []
        key, _ = self._span(self.key_place)
        line = self.layout.line_start(key)
        indent = self.layout.text[line:key]
        if indent.strip():
            return []
        return [Edit(line, line, "".join(f"{indent}{comment}{self.layout.newline}" for comment in comments))]

    def _colon_end(self) -> int:
        return self.layout.text.index(":", self._span(self.key_place)[1]) + 1

    def _value_start(self) -> int:
        return self._offset(self.value_place)

    def _is_alias(self) -> bool:
        value, key = self._value_start(), self._offset(self.key_place)
        return value < key or _ALIAS.match(self.layout.text, self._span(self.key_place)[1]) is not None

    def _offset(self, place: Place) -> int:
        return self.layout.offset(place.line, place.column)

    def _span(self, place: Place) -> tuple[int, int]:
        return self._offset(place), self.layout.offset(place.end_line, place.end_column)


def _after_anchor(offset: int, text: str) -> int:
    found = _ANCHOR.match(text, offset)
    return found.end() if found else offset


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
    if layout.text.startswith(("{", "["), _after_anchor(start, layout.text)):
        return end
    inside = [
        content_end(child, layout)
        for child in tree.children.values()
        if start <= layout.offset(child.place.line, child.place.column) < end
    ]
    keys = [layout.offset(place.end_line, place.end_column) + 1 for place in tree.keys.values()]
    inside += [key for key in keys if start < key <= end]
    return max(inside) if inside else start + len(layout.text[start:end].rstrip())


def remove_keys(source: Source, layout: Layout, path: tuple[str | int, ...], keys: Collection[str]) -> list[Edit]:
    """Take keys out of a mapping with their values, and with the comment at the end of their lines.

    :param source: the file
    :param layout: its text
    :param path: the mapping
    :param keys: those that go; what a merge (``<<``) brought from elsewhere is left alone
    """
    mapping = source.tree.find(path)
    start = layout.offset(mapping.place.line, mapping.place.column)
    end = content_end(mapping, layout)
    at = {key: layout.offset(place.line, place.column) for key, place in mapping.keys.items()}
    here = sorted((offset, key) for key, offset in at.items() if start <= offset < end)
    if all(key in keys for _, key in here):
        before = layout.text[:start].rstrip()
        # behind the key, rather than on a line of its own
        behind = before.endswith(":")
        return [Edit(len(before) if behind else _after_anchor(start, layout.text), end, " {}" if behind else "{}")]
    ends = [_entry_end(mapping, key, layout) for _, key in here]
    if layout.text.startswith("{", _after_anchor(start, layout.text)):
        return list(_out_of_flow(here, ends, keys))
    return list(_out_of_block(here, ends, keys, layout))


def _out_of_flow(here: Sequence[tuple[int, str]], ends: Sequence[int], keys: Collection[str]) -> Iterator[Edit]:
    last_kept = max(index for index, (_, key) in enumerate(here) if key not in keys)
    for index, (offset, key) in enumerate(here):
        if key in keys and index < last_kept:
            yield Edit(offset, here[index + 1][0], "")
    if last_kept < len(here) - 1:
        yield Edit(ends[last_kept], ends[-1], "")


def _out_of_block(
    here: Sequence[tuple[int, str]], ends: Sequence[int], keys: Collection[str], layout: Layout
) -> Iterator[Edit]:
    behind_dash = bool(layout.text[layout.line_start(here[0][0]) : here[0][0]].strip())
    first_kept = min(index for index, (_, key) in enumerate(here) if key not in keys)
    if behind_dash and first_kept:
        # the first key that stays takes the place behind the dash
        yield Edit(here[0][0], here[first_kept][0], "")
    for index, (offset, key) in enumerate(here):
        if key in keys and not (behind_dash and index < first_kept):
            yield Edit(layout.line_start(offset), layout.next_line(ends[index]), "")


def _entry_end(mapping: Tree, key: str, layout: Layout) -> int:
    place = mapping.keys[key]
    end = layout.offset(place.end_line, place.end_column)
    alias = _ALIAS.match(layout.text, end)
    if alias:
        return alias.end()
    return max(layout.text.index(":", end) + 1, content_end(mapping.children[key], layout))
