"""Small plots of the health reports, written as SVG by hand: they take the page's colours and cost no import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape

from operators.health.health_check import format_span
from operators.report import Figure

_WIDTH, _HEIGHT = 960, 110
_BINS = 24
_CELL, _GAP, _LABEL = 18, 4, 220


def bars_over_time(title: str, moments: Iterable[datetime], *, until: datetime, window: timedelta) -> Figure:
    """Draw how many events fell into each 24th of a window.

    :param title: the figure's heading
    :param moments: when the events were
    :param until: the window's end
    :param window: its length
    """
    counts = _count(moments, until - window, window)
    highest = max(counts)
    width = _WIDTH / _BINS
    bars = "".join(_bar(i * width, width, count, highest, _edge(i, until, window)) for i, count in enumerate(counts))
    baseline = f'<path d="M0 {_HEIGHT}H{_WIDTH}" stroke="var(--line)"/>'
    ends = (
        f'<text x="0" y="{_HEIGHT + 16}">{until - window:%d %b %H:%M}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{until:%d %b %H:%M} UTC</text>'
    )
    svg = _svg(_WIDTH, _HEIGHT + 22, bars + baseline + ends, title)
    return Figure(
        title, svg, f"{sum(counts)} in all, at most {highest} within {format_span(window.total_seconds() / _BINS)}."
    )


def verdict_grid(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Figure:
    """Draw verdicts over time: a row for each check, a coloured square for each report.

    :param title: the figure's heading
    :param columns: what the squares of a column have in common, e.g. when the report was made
    :param rows: name -> one verdict for each column; an empty one leaves a gap
    """
    parts = []
    for y, (name, verdicts) in enumerate(rows.items()):
        top = y * (_CELL + _GAP)
        parts.append(f'<text x="0" y="{top + _CELL - 5}">{escape(name[:32])}</text>')
        parts += [
            f'<rect x="{_LABEL + x * (_CELL + _GAP)}" y="{top}" width="{_CELL}" height="{_CELL}" rx="3" '
            f'fill="var(--{escape(verdict)})"><title>{escape(f"{column}: {verdict}")}</title></rect>'
            for x, (column, verdict) in enumerate(zip(columns, verdicts, strict=True))
            if verdict
        ]
    width, height = _LABEL + len(columns) * (_CELL + _GAP), len(rows) * (_CELL + _GAP)
    caption = f"{columns[0]} to {columns[-1]} UTC, the newest on the right." if columns else ""
    return Figure(title, _svg(width, height, "".join(parts), title), caption)


def lines_over_time(title: str, columns: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> Figure:
    """Draw one small line for each number, side by side; each has its own scale, from 0.

    :param title: the figure's heading
    :param columns: when each number was taken
    :param series: name -> one number for each column; None leaves a gap
    """
    parts, across = [], 4
    width, height = _WIDTH / across, 96
    for position, (name, values) in enumerate(series.items()):
        left, top = position % across * width, position // across * height
        parts.append(f'<g transform="translate({left:.0f} {top:.0f})">{_line(name, columns, values, width - 28)}</g>')
    rows = (len(series) + across - 1) // across
    caption = f"{columns[0]} to {columns[-1]} UTC; the number is the newest." if columns else ""
    return Figure(title, _svg(_WIDTH, max(rows, 1) * height, "".join(parts), title), caption)


def _line(name: str, columns: Sequence[str], values: Sequence[float | None], width: float) -> str:
    known = [(i, value) for i, value in enumerate(values) if value is not None]
    highest = max((value for _, value in known), default=0.0) or 1.0
    step = width / max(len(values) - 1, 1)
    points = [(4 + i * step, 78 - value / highest * 40) for i, value in known]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""
    newest = f"{known[-1][1]:g}" if known else "–"
    dot = f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3" fill="currentColor"/>' if points else ""
    tips = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="transparent"><title>'
        f"{escape(f'{columns[i]}: {value:g}')}</title></circle>"
        for (x, y), (i, value) in zip(points, known, strict=True)
    )
    return (
        f'<text x="4" y="12" fill="var(--dim)">{escape(name)}</text><text x="4" y="32" font-size="17" '
        f'font-weight="600">{newest}</text><path d="M4 78H{width + 4:.0f}" stroke="var(--line)"/>'
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.7" stroke-width="2" '
        f'stroke-linejoin="round"/>'
        f"{dot}{tips}"
    )


def _count(moments: Iterable[datetime], start: datetime, window: timedelta) -> list[int]:
    counts = [0] * _BINS
    for moment in moments:
        position = int((moment - start) / window * _BINS)
        counts[min(max(position, 0), _BINS - 1)] += 1
    return counts


def _edge(position: int, until: datetime, window: timedelta) -> str:
    return f"from {until - window + position * window / _BINS:%d %b %H:%M} UTC"


def _bar(x: float, width: float, count: int, highest: int, label: str) -> str:
    if not count:
        return ""
    height = max(count / highest * (_HEIGHT - 18), 2)
    top = _HEIGHT - height
    return (
        f'<rect x="{x + 2:.1f}" y="{top:.1f}" width="{width - 4:.1f}" height="{height:.1f}" rx="2" '
        f'fill="var(--fail)"><title>{escape(f"{count} {label}")}</title></rect>'
        f'<text x="{x + width / 2:.1f}" y="{top - 4:.1f}" text-anchor="middle">{count}</text>'
    )


def _svg(width: float, height: float, content: str, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" aria-label="{escape(title)}" '
        f'font-size="12" fill="currentColor" xmlns="http://www.w3.org/2000/svg">{content}</svg>'
    )
