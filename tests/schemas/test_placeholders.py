"""Placeholders: each is found, filled with a value of any type, and nothing else of a template changes."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.layers import Layer
from schemas.placeholders import Filling, fill, find_holes, iter_named, size_of
from schemas.position import FileText
from schemas.source import parse_source

names = st.sampled_from(["a", "b_2", "Long"])
words = st.text("xyz ${}", max_size=6).filter(lambda text: "${{" not in text)
scalars = st.none() | st.booleans() | st.integers() | st.text("pqr{}$ ", max_size=5)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))
placeholders = st.builds("${{{{ parameters.{} }}}}".format, names)
# words that end in a part of a placeholder's opening would make another one of what follows
texts = st.builds(lambda before, hole, after: f"{before.rstrip('${')}{hole}{after}", words, placeholders, words)
bodies = st.recursive(
    scalars.filter(lambda value: "${{" not in str(value)) | placeholders | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
).map(lambda body: {"body": body})


def filled(body: Any, given_values: dict[str, Any]) -> Any:
    holes, findings = find_holes(Layer(body), FileText(""))
    assert findings == []
    return fill(Layer(body), holes, Filling({name: Layer(value) for name, value in given_values.items()}, "")).value


def expected(body: Any, given_values: dict[str, Any]) -> Any:
    """Fill in the plainest way."""
    if isinstance(body, dict):
        return {key: expected(value, given_values) for key, value in body.items()}
    if isinstance(body, list):
        return [expected(value, given_values) for value in body]
    if not isinstance(body, str):
        return body
    whole = re.fullmatch(r"\s*\$\{\{ parameters\.(\w+) \}\}\s*", body)
    if whole:
        return given_values[whole[1]]

    def text(match: re.Match[str]) -> str:
        value = given_values[match[1]]
        return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return re.sub(r"\$\{\{ parameters\.(\w+) \}\}", text, body)


@given(bodies, st.fixed_dictionaries({"a": values, "b_2": scalars, "Long": scalars}))
def test_values_take_the_place_of_placeholders_and_all_else_stays(body: Any, given_values: dict[str, Any]) -> None:
    assert filled(body, given_values) == expected(body, given_values)


@given(bodies, st.fixed_dictionaries({"a": values, "b_2": values, "Long": values}))
def test_neither_the_template_nor_the_values_are_changed(body: Any, given_values: dict[str, Any]) -> None:
    before = copy.deepcopy((body, given_values))
    filled(body, given_values)
    assert (body, given_values) == before


def test_a_value_is_not_looked_through_for_placeholders() -> None:
    assert filled({"x": "${{ parameters.a }}"}, {"a": "${{ parameters.b }}"}) == {"x": "${{ parameters.b }}"}


@pytest.mark.parametrize("text", ["${{parameters.a}}", "${{  parameters.a\t}}", " ${{ parameters.a }} "])
def test_spaces_do_not_matter(text: str) -> None:
    assert filled({"x": text}, {"a": [1]}) == {"x": [1]}


@pytest.mark.parametrize(
    "text", ["${{ a }}", "${{ parameters }}", "${{ parameters.a.b }}", "${{ parameters['a'] }}", "${{", "${{ 1 + 1 }}"]
)
def test_anything_else_that_opens_like_one_is_a_finding_at_its_place(text: str) -> None:
    source = parse_source(Path("t.yaml"), f'x: ["ok", "before {text}"]\n')
    holes, (finding,) = find_holes(Layer(source.data, source.tree), FileText(source.text))
    assert holes == []
    assert (finding.code, finding.place.line, finding.place.column) == ("P814", 1, 19)


def test_a_placeholder_of_airflow_is_none_of_ours() -> None:
    assert find_holes(Layer({"x": "{{ params.a }} $ {{ ds }} $x ${HOME}"}), FileText("")) == ([], [])


def test_each_name_has_its_place_inside_the_text() -> None:
    source = parse_source(Path("t.yaml"), 'x: "a ${{ parameters.one }} b ${{ parameters.two }}"\n')
    (hole,), _ = find_holes(Layer(source.data, source.tree), FileText(source.text))
    assert [(name, hole.text[start:end], start) for name, start, end in iter_named(hole)] == [
        ("one", "one", 17),
        ("two", "two", 41),
    ]


def test_what_is_put_in_knows_where_it_is_written_and_where_it_went() -> None:
    template = parse_source(Path("t.yaml"), 'x: ${{ parameters.a }}\ny: "in ${{ parameters.b }}"\n', file="t.yaml")
    given_here = parse_source(Path("p.yaml"), "a: {k: [1]}\nb: 2\n")
    body = Layer(template.data, template.tree)
    parts = {name: Layer(given_here.data, given_here.tree).part(name) for name in ("a", "b")}
    holes, _ = find_holes(body, FileText(template.text))
    result = fill(body, holes, Filling(parts, "p.yaml"))
    inner = result.tree.find(("x", "k", 0)).place
    assert (inner.file, inner.line, inner.column, inner.note) == ("", 1, 9, "it is put in at t.yaml:1:4")
    mixed = result.tree.find(("y",)).place
    assert (mixed.file, mixed.line, mixed.note) == ("t.yaml", 2, 'with "b" from p.yaml:2:4')


@given(values)
def test_the_size_of_a_value_counts_everything_in_it(value: Any) -> None:
    inside = (
        sum(size_of(part) for part in (value.values() if isinstance(value, dict) else value))
        if isinstance(value, dict | list)
        else 0
    )
    assert size_of(value) == 1 + inside


def test_long_texts_count_for_several() -> None:
    assert size_of("x" * 1000) == 11
