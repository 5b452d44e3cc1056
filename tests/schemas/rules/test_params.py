"""A default that the check takes is one that Airflow takes, and the other way round."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.checker import check_source
from schemas.source import parse_source

VALUES = st.sampled_from(
    [None, True, 0, 1, -3, 2.5, 1e300, "", "eu", "2026-01-31", "a@b.example", [], [1], ["x", "x"], {}, {"a": 1}]
)
SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "boolean", "array", "object", "null", ["string", "null"]]
        ),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": st.sampled_from([-1, 0, 2.5]),
        "exclusiveMaximum": st.sampled_from([0, 3]),
        "multipleOf": st.sampled_from([0.5, 2]),
        "minLength": st.sampled_from([0, 3]),
        "pattern": st.sampled_from(["^e", "u$", "[0-9]+"]),
        "format": st.sampled_from(["date", "email", "multiline", "uuid"]),
        "items": st.sampled_from([{"type": "integer"}, {"enum": ["x"]}]),
        "maxItems": st.sampled_from([0, 1]),
        "uniqueItems": st.booleans(),
        "required": st.just(["a"]),
        "properties": st.just({"a": {"type": "string"}}),
        "additionalProperties": st.booleans(),
        "anyOf": st.just([{"type": "string"}, {"minimum": 1}]),
        "not": st.just({"type": "integer"}),
        "title": st.just("Title"),
        "section": st.just("Section"),
        "description": st.just("What it is"),
    },
)


def codes(param: dict[str, Any]) -> set[str]:
    text = yaml.safe_dump({"a": {"schedule": "@daily", "params": {"p": param}, "tasks": {"t": {"operator": "X"}}}})
    return {d.code for d in check_source(parse_source(Path("a.yaml"), text), shown_as="a.yaml").diagnostics}


def is_taken_by_airflow(param: dict[str, Any]) -> bool:
    from airflow.sdk import Param
    from airflow.sdk.exceptions import ParamValidationError

    try:
        Param(**param).resolve()
    except ParamValidationError:
        return False
    return True


@settings(max_examples=200, deadline=None)
@given(value=VALUES, schema=SCHEMAS)
def test_the_check_takes_what_airflow_takes(value: Any, schema: dict[str, Any]) -> None:
    param = {"default": value, **schema}
    assert ("P307" not in codes(param)) == is_taken_by_airflow(param)


@pytest.mark.parametrize(
    ("pattern", "default"),
    [
        ("^(a+)+$", "a" * 60 + "!"),
        ("^(a|a?)+$", "a" * 60 + "!"),
        ("^((ab)*c?)*$", "ab" * 40 + "!"),
        ("(x+x+)+y", "x" * 60),
        ("^.*a.*a.*a.*a.*b$", "a" * 3000),
    ],
)
def test_no_pattern_keeps_the_check_busy(pattern: str, default: str) -> None:
    start = time.process_time()
    assert "P318" in codes({"default": default, "pattern": pattern})
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "pattern", ["^[a-z]+(-[a-z]+)*$", r"^\d{4}-\d{2}$", "^(eu|us)$", "^[a-z ,]+$", r"^(https?://)?[\w.]+$"]
)
def test_a_usual_pattern_is_tried(pattern: str) -> None:
    assert "P318" not in codes({"default": "eu", "pattern": pattern})
    assert "P307" in codes({"default": "!", "pattern": pattern})


@pytest.mark.parametrize("value", [".inf", ".nan", "1" + "0" * 400, "-0.0"])
def test_no_number_is_too_large(value: str) -> None:
    param = f"{{default: {value}, multipleOf: 0.5, maximum: 7, enum: [1]}}"
    text = f"a:\n  params: {{p: {param}}}\n  tasks: {{t: {{operator: X}}}}\n"
    assert check_source(parse_source(Path("a.yaml"), text), shown_as="a.yaml").diagnostics
