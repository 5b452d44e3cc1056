"""Reports: one page that works offline, in light and dark, whatever is in the data."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib.figure import Figure as Canvas

from operators.report import Figure, Table, Text, figure_to_svg, render_report


@pytest.fixture(scope="module")
def svg() -> str:
    canvas = Canvas(figsize=(3, 2))
    axes = canvas.add_subplot()
    axes.plot([1, 2, 3], [1, 4, 9])
    axes.set_title("Squares & <more>")
    return figure_to_svg(canvas)


def test_text_of_a_figure_takes_the_colour_of_the_page(svg: str):
    """Axis labels were black on black in the dark: matplotlib leaves black text to SVG's default."""
    assert 'fill="currentColor"' in svg[: svg.index(">")]
    assert "#000" not in svg


def test_text_of_a_figure_is_text_and_escaped(svg: str):
    assert "Squares &amp; &lt;more&gt;" in svg
    ET.fromstring(svg)  # noqa: S314 (our own output)


def test_same_figure_gives_the_same_svg(svg: str):
    canvas = Canvas(figsize=(3, 2))
    axes = canvas.add_subplot()
    axes.plot([1, 2, 3], [1, 4, 9])
    axes.set_title("Squares & <more>")
    assert figure_to_svg(canvas) == svg


def test_page_needs_nothing_from_elsewhere(svg: str):
    page = render_report("Gates", "pass", {"rows_in": 5}, [Figure("Squares", svg, "A caption")])
    assert not re.findall(r"<(?:script|link|img|iframe)|@import|url\(\s*['\"]?https?:", page)
    assert "prefers-color-scheme: dark" in page
    assert "rows in" in page


@pytest.mark.parametrize("verdict", ["pass", "warn", "fail", "inconclusive"])
def test_badge_and_cells_carry_the_verdict(verdict: str):
    table = Table("Gates", ("name", "verdict"), (("auc", verdict),))
    page = render_report("Gates", verdict, {}, [table])
    assert f'class="badge {verdict}"' in page
    assert f'<td class="{verdict}">' in page


def test_values_are_escaped_and_only_web_addresses_become_links():
    rows = (("<b>", "javascript:alert(1)"), ("x", "https://example.org/?a=1&b=2"))
    page = render_report("t", "pass", {"<k>": "<v>"}, [Table("T", ("name", "link"), rows), Text("N", "<p>")])
    assert "<b>" not in page
    assert 'href="javascript' not in page
    assert '<a href="https://example.org/?a=1&amp;b=2">' in page
    assert "&lt;k&gt;" in page


def test_empty_table_says_so():
    assert "Nothing to show." in render_report("t", "pass", {}, [Table("T", ("a",), ())])


def test_table_for_the_log_is_aligned():
    text = Table("T", ("name", "rows"), (("a", 1), ("bcd", 23456))).to_text()
    assert text.splitlines() == ["name  rows", "----  -----", "a     1", "bcd   23456"]
