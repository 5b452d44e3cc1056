"""Parameters of a run: typed by YAML, held to what the pipeline declares."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.trial.parameters import ParameterError, read_parameters

DECLARED = {
    "size": 3,
    "name": "x",
    "columns": ["a"],
    "any": None,
    "share": {"default": 0.5, "type": "number", "maximum": 1},
    "kind": {"default": "a", "enum": ["a", "b"]},
}


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("size=4", {"size": 4}),
        ("size=4.5", {"size": 4.5}),
        ("name=y", {"name": "y"}),
        ("name='4'", {"name": "4"}),
        ("name=a=b", {"name": "a=b"}),
        ("columns=[b, c]", {"columns": ["b", "c"]}),
        ("any={a: 2026-01-01}", {"any": {"a": "2026-01-01"}}),
        ("share=0.25", {"share": 0.25}),
        ("kind=b", {"kind": "b"}),
    ],
)
def test_a_value_is_yaml(pair: str, expected: dict[str, Any]) -> None:
    assert read_parameters([pair], None, DECLARED) == expected


def test_conf_may_have_more_than_is_declared_and_param_is_stronger() -> None:
    assert read_parameters(["size=5"], '{"size": 4, "more": [1]}', DECLARED) == {"size": 5, "more": [1]}


@pytest.mark.parametrize(
    ("pairs", "conf", "message"),
    [
        (["siz=4"], None, 'the pipeline has no parameter "siz"; did you mean "size"?'),
        (["size"], None, "--param size: write name=value"),
        (["size=[1"], None, "--param size: not valid YAML"),
        (["size=x"], None, "--param size: x is text; the default, 3, is a number"),
        (["size=true"], None, "--param size: true is a boolean; the default, 3, is a number"),
        (["columns=a"], None, "--param columns: a is text; the default, [a], is a list"),
        (["share=2"], None, "--param share: 2 is greater than the maximum of 1"),
        (["kind=c"], None, "--param kind: 'c' is not one of ['a', 'b']"),
        ([], "[1]", '--conf: write a mapping, as in {"size": 3}'),
        ([], '{"size": "x"}', "--param size: x is text"),
    ],
)
def test_what_does_not_fit_is_one_line(pairs: list[str], conf: str | None, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_parameters(pairs, conf, DECLARED)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_parameter_without_a_default_must_be_given() -> None:
    declared = {"day": {"type": "string"}}
    with pytest.raises(ParameterError, match='needs a value for "day"; give it with --param day=…'):
        read_parameters([], None, declared)
    assert read_parameters(["day=monday"], None, declared) == {"day": "monday"}


def test_a_pipeline_without_parameters_takes_none() -> None:
    with pytest.raises(ParameterError, match='has no parameter "size"; it declares none'):
        read_parameters(["size=4"], None, {})
