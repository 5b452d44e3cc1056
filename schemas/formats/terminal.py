"""What a terminal shows: colours, the width of characters, and nothing that would move its cursor."""

from __future__ import annotations

import unicodedata

from schemas.diagnostic import printable

BOLD, DIM, RED, YELLOW, BLUE, GREEN, CYAN = "1", "2", "1;31", "1;33", "34", "32", "36"
_TAB = 4
_IN_ASCII = str.maketrans(
    {
        **dict.fromkeys("├┤┬┴┼╮╭╯╰", "+"),
        "│": "|",
        "─": "-",
        "●": "*",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
        "≈": "=",
        "…": "...",
    }
)
# What is printed in place of a character that would not print: one column wide, so that what follows stays aligned.
_STAND_IN = "\N{REPLACEMENT CHARACTER}"


def paint(text: str, color: str, wanted: bool) -> str:
    """Put a text into the sequences of a colour, if there is one and colours are wanted."""
    return f"\N{ESCAPE}[{color}m{text}\N{ESCAPE}[0m" if wanted and color and text else text


def shown(line: str) -> str:
    """Give a line as it can be printed: tabs as spaces, no character that moves the cursor."""
    line = line.expandtabs(_TAB)
    return line if printable(line) == line else "".join(c if printable(c) == c else _STAND_IN for c in line)


def writable(text: str, encoding: str | None) -> str:
    """Give a text as an encoding can have it: drawn lines and signs in ASCII, where it has not even these.

    :param encoding: of the stream; None if it takes any text
    """
    try:
        text.encode(encoding or "utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        return text.translate(_IN_ASCII)
    return text


def width(text: str) -> int:
    """Count terminal columns: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text.expandtabs(_TAB)
    )
