"""Tables in a terminal: columns side by side, wide characters counted, nothing that moves the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.formats.terminal import DIM, paint, shown, width


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and its colour."""

    text: str
    style: str = ""


def table(header: Sequence[str], rows: Sequence[Sequence[Cell | str]], *, color: bool, right: str = "") -> list[str]:
    """Lay a table out, line by line.

    :param header: the names of the columns
    :param rows: of as many cells each
    :param color: whether to print escape sequences for colours
    :param right: the name of the column that is aligned to the right
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    lines = [[Cell(name, DIM) for name in header], *([Cell(shown(c.text), c.style) for c in row] for row in cells)]
    widths = [max(width(line[column].text) for line in lines) for column in range(len(header))]
    return [_line(line, widths, [name == right for name in header], color=color) for line in lines]


def _line(cells: Sequence[Cell], widths: Sequence[int], to_the_right: Sequence[bool], *, color: bool) -> str:
    parts = []
    for index, (cell, wide, right) in enumerate(zip(cells, widths, to_the_right, strict=True)):
        pad = " " * (wide - width(cell.text))
        text = paint(cell.text, cell.style, color)
        # nothing stands to the right of the last column
        last = index == len(cells) - 1 or not any(following.text for following in cells[index + 1 :])
        parts.append(pad + text if right else text if last else text + pad)
    return "  ".join(parts).rstrip()
