"""What the report of a data check shows below its verdicts: the columns, their values and the rejected rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from operators.data.column_checks import CheckedColumn
from operators.report import Figure, Section, Table, figure_to_svg
from operators.verdict import format_value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

REASONS = "rejected_because"
"""The column of the rejected rows that names the rules they break."""

_MOST_PLOTS = 12
_PLOTS_IN_A_ROW = 3
_BINS = 40
_MOST_WHOLE_NUMBERS = 100
_TOP_CATEGORIES = 6
_REJECTED_SHOWN = 10
_COLUMNS_SHOWN = 12
_INSIDE, _OUTSIDE, _ALLOWED = "#4c78a8", "#d1495b", "#2a9d5c"


def make_sections(frame: pd.DataFrame, checked: Sequence[CheckedColumn], rejected: pd.DataFrame) -> list[Section]:
    """Lay out the profile of the columns, histograms, the most frequent categories and some rejected rows.

    :param frame: the table as it came
    :param checked: its declared columns
    :param rejected: the rows that break a rule, with the column :data:`REASONS`
    """
    sections: list[Section] = [_profile(frame)]
    bounded = [column for column in checked if column.spec.bounded and column.values.notna().any()]
    if bounded:
        sections.append(_histograms(bounded[:_MOST_PLOTS]))
    categories = [column for column in checked if column.spec.type == "category"]
    if categories:
        sections.append(_top_categories(categories))
    if len(rejected):
        sections.append(_rejected(rejected))
    return sections


def _profile(frame: pd.DataFrame) -> Table:
    rows = []
    for name, column in frame.items():
        missing = f"{100 * column.isna().mean():.2f} %" if len(column) else "–"
        numeric = column.dtype.kind in "if" and column.notna().any()
        low, mean, high = (column.min(), column.mean(), column.max()) if numeric else (None, None, None)
        rows.append((name, str(column.dtype), missing, *(format_value(value) for value in (low, mean, high))))
    return Table("Columns", ("column", "type", "missing", "lowest", "mean", "highest"), tuple(rows))


def _histograms(columns: Sequence[CheckedColumn]) -> Figure:
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    across = min(_PLOTS_IN_A_ROW, len(columns))
    down = math.ceil(len(columns) / across)
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        canvas = Canvas(figsize=(3.4 * across, 2.0 * down))
        canvas.subplots_adjust(hspace=0.55, wspace=0.3)
        for number, column in enumerate(columns, start=1):
            _draw_histogram(canvas.add_subplot(down, across, number), column)
        svg = figure_to_svg(canvas)
    caption = "Rows by value. Green: the declared range. Red: values outside it; the scale is then logarithmic."
    return Figure("Distributions", svg, caption)


def _draw_histogram(axes: Any, column: CheckedColumn) -> None:
    import numpy as np

    spec, values = column.spec, column.values.dropna().to_numpy(dtype=float)
    counts, edges = np.histogram(values, bins=_bins_for(values, column.spec.type))
    # A bin that straddles a bound is red only if it holds nothing that is allowed.
    outside = (edges[1:] <= spec.low) | (edges[:-1] >= spec.high)
    for part, colour in ((~outside, _INSIDE), (outside, _OUTSIDE)):
        axes.stairs(np.where(part, counts, 0), edges, fill=True, color=colour, lw=0)
    axes.axvspan(max(spec.low, edges[0]), min(spec.high, edges[-1]), color=_ALLOWED, alpha=0.12, lw=0)
    if ((values < spec.low) | (values > spec.high)).any():
        axes.set_yscale("log")
    axes.set_title(spec.name)
    axes.tick_params(length=2)
    axes.locator_params(axis="x", nbins=4)


def _bins_for(values: np.ndarray[Any, Any], kind: str | None) -> Any:
    """Give one bin to each whole number if there are few, so that no gap is only the binning's."""
    import numpy as np

    low, high = values.min(), values.max()
    whole = kind == "integer" and high - low < _MOST_WHOLE_NUMBERS
    return np.arange(low - 0.5, high + 1.5) if whole else _BINS


def _top_categories(columns: Sequence[CheckedColumn]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for column in columns:
        counts = column.values.value_counts()
        shown = counts.head(_TOP_CATEGORIES)
        rows += [
            (column.spec.name, str(value)[:60], f"{count:,}", f"{100 * count / len(column.values):.2f} %")
            for value, count in shown.items()
        ]
        if len(counts) > len(shown):
            rest = int(counts.iloc[len(shown) :].sum())
            share = f"{100 * rest / len(column.values):.2f} %"
            rows.append((column.spec.name, f"{len(counts) - len(shown)} others", f"{rest:,}", share))
    return Table("Most frequent categories", ("column", "value", "rows", "share"), tuple(rows))


def _rejected(rejected: pd.DataFrame) -> Table:
    names = [REASONS, *(name for name in rejected.columns if name != REASONS)][:_COLUMNS_SHOWN]
    rows = tuple(
        tuple(str(cell)[:60] for cell in row) for row in rejected[names].head(_REJECTED_SHOWN).itertuples(index=False)
    )
    return Table(
        f"Rejected rows: {min(len(rejected), _REJECTED_SHOWN)} of {len(rejected):,}", tuple(map(str, names)), rows
    )
