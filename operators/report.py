"""HTML reports: one self-contained page from tables, figures and facts; nothing is loaded from elsewhere."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

_TEMPLATE = Path(__file__).with_name("report.html")


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; a cell in a column named ``verdict`` or ``state`` is coloured by its text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    kind: str = "table"

    def to_text(self) -> str:
        """Lay the table out in fixed-width columns, for a task log."""
        cells = [self.columns, *([str(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


@dataclass(frozen=True, slots=True)
class Figure:
    """A titled plot as inline SVG, made by :func:`figure_to_svg`."""

    title: str
    svg: str
    caption: str = ""
    kind: str = "figure"


@dataclass(frozen=True, slots=True)
class Text:
    """A titled paragraph of plain text; line breaks are kept."""

    title: str
    text: str
    kind: str = "text"


Section = Table | Figure | Text


def render_report(title: str, verdict: str, facts: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """Render the page.

    :param title: the heading
    :param verdict: pass, warn, fail or inconclusive; shown as a badge
    :param facts: name and value pairs shown under the heading
    :param sections: what follows, in order
    :returns: a whole HTML document; every value is escaped
    """
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(title=title, verdict=verdict, facts=facts, sections=sections)


def figure_to_svg(figure: MatplotlibFigure) -> str:
    """Turn a matplotlib figure into an SVG element that takes the page's own colours.

    What matplotlib draws in black, which it partly leaves to SVG's default, becomes ``currentColor``, so that axes
    and text can be read in light and dark. Text stays text, so that it can be searched and read aloud.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(buffer, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    document = buffer.getvalue()
    element = document[document.index("<svg") :].replace("<svg", '<svg role="img" fill="currentColor"', 1)
    return element.replace("#000000", "currentColor").replace("stroke: #000", "stroke: currentColor")
