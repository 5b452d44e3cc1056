"""Where a part of a string stands in the file: turns an offset in a YAML value into a line and a column."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from schemas.diagnostic import Place
from schemas.lines import LINE_END

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


@dataclass
class FileText:
    """The text of a file, with what rules ask about the whole of it, worked out once for all of its pipelines."""

    text: str = ""
    _contains: dict[str | re.Pattern[str], bool] = field(default_factory=dict, repr=False)

    def contains(self, word: str) -> bool:
        """Tell whether the text has a word somewhere: whether it is worth to look through a pipeline for it."""
        found = self._contains.get(word)
        if found is None:
            found = self._contains[word] = word in self.text
        return found

    def holds(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the text has something of a form somewhere."""
        found = self._contains.get(pattern)
        if found is None:
            found = self._contains[pattern] = pattern.search(self.text) is not None
        return found

    def has_one_of(self, words: tuple[str, ...]) -> bool:
        """Tell whether the text has one of some words, which are in lower case; in it they may be in any."""
        word = "|".join(words)
        found = self._contains.get(word)
        if found is None:
            lowered = self.text.lower()
            found = self._contains[word] = any(word in lowered for word in words)
        return found

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset of each line."""
        return (0, *(match.end() for match in LINE_END.finditer(self.text)))

    def offset(self, line: int, column: int) -> int:
        """Turn a position, which counts from 1, into an offset."""
        return self.starts[min(line, len(self.starts)) - 1] + column - 1

    def place_inside(self, place: Place, value: str, start: int, end: int) -> Place:
        """Give the place of ``value[start:end]``, where it is exact to the character; else that of the whole value.

        A value differs from how it is written by quotes, indentation and folded lines, so characters other than
        white space are followed in both. That does not go through escapes of double-quoted texts.

        :param place: where the value stands, as the parser says
        :param value: the value as read
        :param start: first character, which is not white space
        :param end: after the last character
        """
        begin, limit = self.offset(place.line, place.column), self.offset(place.end_line, place.end_column)
        written = self.text[begin:limit]
        skipped = _opening(written)
        found = None if skipped is None else _follow(written, skipped, value, start, end)
        if found is None:
            return place
        inside = self._place(begin + found[0], begin + found[1])
        return replace(inside, file=place.file, note=place.note) if place.file or place.note else inside

    def _place(self, start: int, end: int) -> Place:
        first, last = bisect_right(self.starts, start), bisect_right(self.starts, end - 1)
        return Place(first, start - self.starts[first - 1] + 1, last, end - self.starts[last - 1] + 1)


class LayeredText(FileText):
    """The text of a file together with those of others that have a part in its pipelines."""

    def __init__(self, own: FileText, others: Mapping[str, FileText]) -> None:
        """Put them together.

        :param own: the file that is checked
        :param others: the path as places name it -> text
        """
        super().__init__(own.text)
        self._own = own
        self._others = others

    def contains(self, word: str) -> bool:
        """Tell whether one of the texts has a word somewhere."""
        return self._own.contains(word) or any(other.contains(word) for other in self._others.values())

    def holds(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether one of the texts has something of a form somewhere."""
        return self._own.holds(pattern) or any(other.holds(pattern) for other in self._others.values())

    def has_one_of(self, words: tuple[str, ...]) -> bool:
        """Tell whether one of the texts has one of some words."""
        return self._own.has_one_of(words) or any(other.has_one_of(words) for other in self._others.values())

    def place_inside(self, place: Place, value: str, start: int, end: int) -> Place:
        """Give the place of ``value[start:end]`` in the file that the value stands in."""
        return (self._others[place.file] if place.file else self._own).place_inside(place, value, start, end)


def _opening(written: str) -> int | None:
    """Give the offset of the first character of the value itself; None if it has escapes."""
    match = _PROPERTIES.match(written)
    at = match.end() if match else 0
    style = written[at : at + 1]
    if style in ("|", ">"):
        header = LINE_END.search(written, at)
        return header.end() if header else None
    if style == '"':
        return None if "\\" in written else at + 1
    return at + 1 if style == "'" else at


def _follow(written: str, at: int, value: str, start: int, end: int) -> tuple[int, int] | None:
    """Find ``value[start:end]`` in how the value is written, from where that begins; None if they differ."""
    if written.startswith(value, at):
        return at + start, at + end
    return _walk(written, at, value, start, end)


def _walk(written: str, at: int, value: str, start: int, end: int) -> tuple[int, int] | None:
    """Walk along both texts up to ``value[end - 1]``; None where they part."""
    doubled = written[at - 1 : at] == "'"
    first = None
    for index in range(end):
        char = value[index]
        if char.isspace():
            continue
        while at < len(written) and written[at].isspace():
            at += 1
        if written[at : at + 1] != char:
            return None
        if index >= start and first is None:
            first = at
        at += 2 if doubled and char == "'" else 1
    return None if first is None else (first, at)
