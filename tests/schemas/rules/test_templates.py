"""Templates: the names that Airflow knows, what Jinja says, and where in the file it stands, however it is quoted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.position import FileText
from schemas.rules.template_names import FILTERS, MACROS, REMOVED, VARIABLES
from schemas.rules.template_syntax import Problem, Template, known_filters, known_tests, read_template
from schemas.source import parse_source


def test_the_variables_are_those_of_the_installed_airflow() -> None:
    from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS

    assert VARIABLES == KNOWN_CONTEXT_KEYS
    assert not VARIABLES & REMOVED.keys()


def test_the_macros_are_those_of_the_installed_airflow() -> None:
    from airflow.sdk.execution_time import macros

    found = {name for name in vars(macros) if not name.startswith("_")}
    assert found - {"Any", "TYPE_CHECKING", "annotations"} == MACROS


def test_the_filters_and_tests_are_those_of_the_installed_airflow() -> None:
    from airflow.sdk.definitions._internal.templater import FILTERS as AIRFLOW_FILTERS
    from airflow.sdk.definitions._internal.templater import create_template_env

    environment = create_template_env()
    assert AIRFLOW_FILTERS.keys() == FILTERS
    assert sorted(environment.filters) == known_filters()
    assert sorted(environment.tests) == known_tests()


def template(text: str) -> Template:
    found = read_template(text)
    assert isinstance(found, Template), found
    return found


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{{ a }} {{ b.c }} {{ d['e'] }} {{ f(g=h) }}", ("a", "b", "d", "f", "h")),
        ("{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}", ("xs",)),
        ("{% set a = 1 %}{{ a }}", ()),
        ("{% macro m(x) %}{{ x }}{{ caller() }}{% endmacro %}{{ m(1) }}", ()),
        ("{{ a | default(1) }} {{ b if b is defined else c }}", ("c",)),
        ("{{ range(3) }} {{ dict(a=1) }} {{ true }} {{ none }}", ()),
        ("{% raw %}{{ a }}{% endraw %} {# {{ b }} #}", ()),
        ("{%- if a -%} b {%- endif -%}", ("a",)),
        ("a }} b", ()),
    ],
)
def test_variables_are_those_that_come_from_outside(text: str, variables: tuple[str, ...]) -> None:
    assert template(text).variables == variables


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("a {{ b", "{{", '"{{" is not closed'),
        ("a {{ b }", "}", "unexpected '}'"),
        ("a {{ b c }}", "c", "expected token '}}', got 'c'"),
        ("a {{ b | }}", "}}", "expected token 'name', got '}}'"),
        ("a {% if b %}{% for c in d %}{% endfor %}", "if", '"{% if %}" is not closed'),
        ("a {% foo %}", "foo", "encountered unknown tag 'foo'"),
        ("a ${#b[@]}", "{#", '"{#" is not closed'),
        ("a {{ 'b }}", "'b }}", "a text in quotes does not end"),
        ("a\n{%- endif %}", "endif", "encountered unknown tag 'endif'"),
        ("{{ (1, }}", "}", "unexpected '}', expected ')'"),
    ],
)
def test_a_mistake_is_marked_at_the_word_that_jinja_stops_at(text: str, marked: str, message: str) -> None:
    found = read_template(text)
    assert isinstance(found, Problem)
    assert (text[found.span.start : found.span.end], found.message) == (marked, message)


@pytest.mark.parametrize("text", ["{{ " + "(" * 20_000, "{{ " + "9" * 10_000 + " }}", "{% if a %}" * 2000])
def test_what_breaks_a_parser_is_a_problem_and_no_crash(text: str) -> None:
    assert isinstance(read_template(text), Problem)


@pytest.mark.parametrize("text", ["{{ 9**9**9**9 }}", "{{ 'a' * 10**12 }}", "{{ 'x' | center(10**10) }}"])
def test_a_constant_expression_is_not_computed(text: str) -> None:
    """Jinja computes constants when it compiles a template, which for these would take all time or memory."""
    started = time.process_time()
    template(text)
    assert time.process_time() - started < 1


@given(st.text(alphabet="{}%#ab |'\"()[].,-+=\n", max_size=30))
def test_any_text_is_a_template_exactly_where_jinja_can_parse_it(text: str) -> None:
    from jinja2 import Environment, TemplateSyntaxError

    try:
        Environment(extensions=["jinja2.ext.do"]).parse(text)  # noqa: S701
    except TemplateSyntaxError:
        found = read_template(text)
        assert isinstance(found, Problem)
        assert 0 <= found.span.start <= found.span.end <= len(text)
    else:
        assert isinstance(read_template(text), Template)


STYLES = {
    "plain": "key: echo {{ wrong }} x\n",
    "plain over lines": "key: echo\n  one {{ wrong }}\n  two\n",
    "single quotes": "key: 'it''s {{ wrong }}'\n",
    "double quotes": 'key: "echo {{ wrong }}"\n',
    "double quotes over lines": 'key: "echo\n  {{ wrong }}"\n',
    "literal block": "key: |\n  echo\n\n    {{ wrong }} x\n",
    "literal block with indentation": "key: |2-\n    echo\n   {{ wrong }} x\n",
    "folded block": "key: >-  # comment\n  echo\n  one\n\n  {{ wrong }} x\n",
    "anchor and tag": "key: &a !!str 'echo {{ wrong }}'\n",
    "wide characters": 'key: "訓練 👍 {{ wrong }}"\n',
    "tab": "key: 'a\tb {{ wrong }}'\n",
    "windows": "key: |\r\n  echo\r\n  {{ wrong }}\r\n",
    "nested": "key: [a, {b: 'x {{ wrong }}'}]\n",
}


def first_text(data: object) -> tuple[tuple[str | int, ...], str]:
    if isinstance(data, str):
        return (), data
    items = data.items() if isinstance(data, dict) else enumerate(data)  # type: ignore[arg-type]
    key, inner = next((k, v) for k, v in reversed(list(items)))
    path, text = first_text(inner)
    return (key, *path), text


@pytest.mark.parametrize("style", STYLES)
def test_a_name_in_a_template_is_found_in_the_file_however_the_text_is_written(style: str) -> None:
    text = STYLES[style]
    source = parse_source(Path("x.yaml"), text)
    path, value = first_text(source.data)
    start = value.index("wrong")
    place = FileText(text).place_inside(source.tree.find(path).place, value, start, start + len("wrong"))
    line = text.replace("\r\n", "\n").split("\n")[place.line - 1]
    assert place.end_line == place.line
    assert line[place.column - 1 : place.end_column - 1] == "wrong"


def test_where_a_text_has_escapes_the_whole_text_is_marked() -> None:
    text = 'key: "a\\tb {{ wrong }}"\n'
    source = parse_source(Path("x.yaml"), text)
    whole = source.tree.find(("key",)).place
    assert FileText(text).place_inside(whole, source.data["key"], 7, 12) == whole


@given(st.text(alphabet="ab'\" \n:#-|>", min_size=1, max_size=20), st.sampled_from([None, "'", '"', "|", ">"]))
def test_a_place_inside_a_text_is_exact_or_the_whole_text(before: str, style: str | None) -> None:
    value = before + "X"
    text = yaml.dump({"key": value}, default_style=style, allow_unicode=True, width=30)
    source = parse_source(Path("x.yaml"), text)
    whole = source.tree.find(("key",)).place
    place = FileText(text).place_inside(whole, value, len(before), len(value))
    line = text.split("\n")[place.line - 1]
    assert place == whole or line[place.column - 1 : place.end_column - 1] == "X"
