"""Lines as YAML counts them, so that every place that is reported is one that the reader finds."""

from __future__ import annotations

import re

# not what str.splitlines takes for a line end: that counts form feeds and other marks as well
LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def split_lines(text: str) -> list[str]:
    """Give the lines of a text without their ends; nothing behind the last end is no line."""
    lines = LINE_END.split(text)
    return lines if lines[-1] else lines[:-1]


def position_in(text: str, offset: int) -> tuple[int, int]:
    """Give the line and column of an offset; they count from 1, the offset from 0.

    :param text: the whole text
    :param offset: in characters
    """
    line, start = 1, 0
    for end in LINE_END.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    return line, offset - start + 1
