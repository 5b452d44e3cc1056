"""The fast predicate says exactly what jsonschema says, on right files and on mutilated ones."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.checker import check_source
from schemas.compiled import Compiler, UnsupportedKeywordError
from schemas.contract import load_contract
from schemas.diagnostic import Severity
from schemas.source import parse_source, read_source

CASES = Path(__file__).parent.parent / "cases"
SHIPPED = Path(__file__).parent.parent.parent / "pipelines"
FORMS = CASES.parent / "pipelines" / "expressiveness"
FOLDERS = (SHIPPED, CASES / "ok", CASES / "err", FORMS / "pipelines", FORMS / "tasks")
FILES = sorted(path for folder in FOLDERS for path in folder.glob("*.yaml"))
STRANGE = [None, True, 0, -1, 3.0, 1.5, "", "x", "5m", "1%", "@daily", [], ["a", "a"], {}, {"min": 1}, {"a": {}}]


def read(path: Path) -> Any:
    return read_source(path).data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_agrees_with_jsonschema_on_every_case(path: Path) -> None:
    contract = load_contract()
    assert contract.fits(read(path)) == contract.validator.is_valid(read(path))


def places(value: Any) -> list[tuple[Any, Any]]:
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found.append((value, key))
        found.extend(places(item))
    return found


def mutilate(data: Any, randomness: random.Random) -> Any:
    data = copy.deepcopy(data)
    for _ in range(randomness.randint(1, 3)):
        container, key = randomness.choice(places(data))
        action = randomness.choice(["replace", "remove", "rename"])
        if action == "replace":
            container[key] = copy.deepcopy(randomness.choice(STRANGE))
        elif action == "remove":
            del container[key]
        elif isinstance(container, dict):
            container[f"{key}x"] = container.pop(key)
        if not places(data):
            return data
    return data


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_it_agrees_with_jsonschema_on_mutilated_files(seed: int) -> None:
    randomness = random.Random(seed)
    contract = load_contract()
    path = randomness.choice([path for path in FILES if "cases/err" not in path.as_posix()])
    data = mutilate(read(path), randomness)
    assert contract.fits(data) == contract.validator.is_valid(data)


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_what_does_not_fit_is_always_said(seed: int) -> None:
    """Else the file would be taken for right, and built."""
    randomness = random.Random(seed)
    path = randomness.choice([path for path in FILES if "cases/err" not in path.as_posix()])
    data = mutilate(read(path), randomness)
    text = yaml.safe_dump(data, sort_keys=False)
    if not load_contract().fits(data):
        diagnostics = check_source(parse_source(path, text), shown_as=path.name).diagnostics
        assert any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics), text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": [1]}, True),
        ({"const": 0}, False),
        ({"type": "integer"}, 3.0),
        ({"type": "number"}, True),
        ({"uniqueItems": True}, [1, True]),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 1}]),
        ({"minimum": 3}, "text"),
    ],
)
def test_it_agrees_where_python_and_json_differ(schema: dict[str, Any], value: object) -> None:
    from jsonschema import Draft202012Validator

    fits = Compiler(lambda _: {}, {}, takes_whole_floats=True).compile(schema)
    assert fits(value) == Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("value", [3.0, True, 3])
def test_an_integer_is_what_is_written_as_one(value: object) -> None:
    """JSON Schema takes 3.0 for an integer; Airflow does not, nor do most operators."""
    schema = {"type": "integer"}
    assert Compiler(lambda _: {}, {}).compile(schema)(value) is (value == 3 and type(value) is int)
    assert load_contract().value_validator(schema).is_valid(value) is (value == 3 and type(value) is int)


def test_a_keyword_that_it_does_not_know_is_refused_rather_than_passed_over() -> None:
    with pytest.raises(UnsupportedKeywordError, match="contains"):
        Compiler(lambda _: {}, {}).compile({"contains": {"type": "string"}})


def test_every_definition_of_the_schema_is_covered() -> None:
    """What a file does not need is compiled only when it is met; a keyword in it that is not known must not wait."""
    contract = load_contract()
    compiler = Compiler(contract.resolve, {})
    lists = ("operators", "required", "decorators", "arguments", "functions", "notifiers", "triggers", "timetables",
             "partition_mappers", "partition_windows")  # fmt: skip
    definitions = contract.document["$defs"]
    for name, definition in definitions.items():
        for schema in definition.values() if name in lists else (definition,):
            compiler.compile(schema)


def test_a_schema_at_the_place_in_memory_of_another_is_not_taken_for_it() -> None:
    """What was made for one value only, and is gone, leaves its id to the next."""
    contract = load_contract()
    for number in range(100):
        assert contract.value_fits({"const": number}, number)
