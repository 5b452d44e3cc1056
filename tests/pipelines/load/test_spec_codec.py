"""What a check gives comes back from JSON as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.load.checked_files import Findings
from pipelines.load.spec_codec import decode, encode
from schemas.checker import check_file
from schemas.diagnostic import Diagnostic, Place
from schemas.expressions import GroupParameter, Result
from schemas.spec import Dependency, Group, Pipeline, Task

CASES = Path(__file__).parent.parent.parent / "cases"
TEXT = st.text(st.characters(codec="utf-8") | st.just("\ud800"), max_size=8)
YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
CONFIGS = st.dictionaries(TEXT, YAML_VALUES, max_size=4)
PLACES = st.builds(Place, *[st.integers(1, 10**6)] * 4, TEXT, TEXT)
PATHS = st.lists(TEXT | st.integers(0, 9), max_size=3).map(tuple)
EXPRESSIONS = st.builds(Result, TEXT, PATHS, st.none() | TEXT) | st.builds(GroupParameter, TEXT, TEXT, PATHS)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


COMMON = {
    "id": TEXT,
    "config": CONFIGS,
    "group": st.none() | TEXT,
    "dependencies": some(st.builds(Dependency, TEXT, st.none() | TEXT)),
    "expressions": some(EXPRESSIONS),
    "place": PLACES,
}
TASKS = st.builds(Task, conversions=st.dictionaries(TEXT, TEXT, max_size=2), **COMMON)
GROUPS = st.builds(Group, parameters=some(TEXT), **COMMON)
PIPELINES = st.builds(
    Pipeline,
    dag_id=TEXT,
    path=st.just(Path("/a/b.yaml")),
    place=PLACES,
    config=CONFIGS,
    tasks=some(TASKS),
    groups=some(GROUPS),
)
HERE = Place(1, 1, 1, 1)


def task_with(value: Any) -> Task:
    return Task("a", {"x": value}, None, (), (), {}, HERE)


@given(PIPELINES)
def test_a_pipeline_comes_back_as_it_was(pipeline: Pipeline) -> None:
    back = decode(Pipeline, encode(Pipeline, pipeline))
    # repr, too: 1 == 1.0 == True, and a note is not compared
    assert (back, repr(back)) == (pipeline, repr(pipeline))


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_whatever_a_check_gives_comes_back_as_it_was(path: Path) -> None:
    checked = check_file(path, shown_as=path.name)
    findings = Findings(checked.diagnostics, {**checked.texts, checked.shown: checked.text})
    assert decode(Findings, encode(Findings, findings)) == findings
    for pipeline in checked.pipelines:
        assert repr(decode(Pipeline, encode(Pipeline, pipeline))) == repr(pipeline)


def test_infinity_comes_back(tmp_path: Path) -> None:
    task = task_with([float("inf"), float("-inf")])
    assert decode(Task, encode(Task, task)) == task


def test_a_number_that_is_too_long_for_json_is_told() -> None:
    with pytest.raises(ValueError, match="digits"):
        encode(Task, task_with(16**5000))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", "3", '["a"]', '["a", {}, {}, {}, 3]', '["a",1,2,3,4,5,6]']
)
def test_what_is_no_such_value_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(no <class|Expect)"):
        decode(Task, text)


@given(YAML_VALUES)
def test_any_other_json_gives_a_value_or_is_told(value: Any) -> None:
    try:
        decoded = decode(Diagnostic, json.dumps(value))
    except ValueError:
        return
    assert isinstance(decoded, Diagnostic)


@dataclass(frozen=True)
class WithComplex:
    number: complex


@dataclass(frozen=True)
class WithNames:
    names: frozenset[str]


def test_a_type_without_a_coder_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="no coder for <class 'complex'>"):
        encode(WithComplex, WithComplex(1j))


def test_names_without_an_order_come_back() -> None:
    value = WithNames(frozenset({"b", "a"}))
    assert decode(WithNames, encode(WithNames, value)) == value
