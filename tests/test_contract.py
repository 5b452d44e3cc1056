"""What the rooms promise each other: operators, their JSON Schemas, and which room imports which."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from operators import OPERATORS
from schemas.contract import load_contract

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = {"schemas": set(), "operators": set(), "pipelines": {"schemas", "operators"}}
HEAVY = {"pandas", "sklearn", "numpy", "pyarrow", "skops", "matplotlib", "httpx", "scipy"}


def operator_class(name: str) -> Any:
    module, _, attribute = OPERATORS[name].rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def own_parameters(name: str) -> dict[str, inspect.Parameter]:
    signature = inspect.signature(inspect.unwrap(operator_class(name).__init__))
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {key: p for key, p in signature.parameters.items() if key != "self" and p.kind not in kinds}


def test_every_operator_has_a_schema_and_every_schema_an_operator() -> None:
    assert {name for name in load_contract().operators if "." not in name} == set(OPERATORS)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_takes_what_its_schema_says(name: str) -> None:
    assert set(own_parameters(name)) == set(load_contract().operators[name]["properties"])


@pytest.mark.parametrize("name", OPERATORS)
def test_a_parameter_without_a_default_is_required_and_no_other(name: str) -> None:
    without_default = {key for key, p in own_parameters(name).items() if p.default is inspect.Parameter.empty}
    assert without_default == set(load_contract().required_keys(name))


@pytest.mark.parametrize("name", OPERATORS)
def test_every_parameter_is_keyword_only_and_described_in_the_docstring(name: str) -> None:
    doc = inspect.getdoc(operator_class(name)) or ""
    for key, parameter in own_parameters(name).items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, key
        assert f":param {key}:" in doc, f"{name} does not describe {key}"


@pytest.mark.parametrize("name", OPERATORS)
def test_a_reference_is_a_template_field_so_that_airflow_resolves_it(name: str) -> None:
    properties = load_contract().operators[name]["properties"]
    references = {key for key, schema in properties.items() if schema.get("x-reference")}
    assert references <= set(operator_class(name).template_fields)


def iter_properties(schema: Any, path: str = "") -> Any:
    if isinstance(schema, dict):
        for key, value in schema.get("properties", {}).items():
            yield f"{path}.{key}", value
            yield from iter_properties(value, f"{path}/properties/{key}")
        for key, value in schema.items():
            if key != "properties":
                yield from iter_properties(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from iter_properties(value, f"{path}/{index}")


def test_every_property_of_the_base_and_of_our_operators_is_described() -> None:
    document = dict(load_contract().document)
    ours = {name: schema for name, schema in load_contract().operators.items() if "." not in name}
    # what providers say of their parameters is theirs
    document["$defs"] = {**document["$defs"], "operators": ours, "decorators": {}, "notifiers": {}, "triggers": {}}
    undescribed = [
        path
        for path, value in iter_properties(document)
        if "/if" not in path and not {"description", "$ref", "const", "enum"} & set(value)
    ]
    assert undescribed == []


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    forbidden = set(ROOMS) - ROOMS[room] - {room}
    for path in (REPOSITORY / room).rglob("*.py"):
        wrong = {name for name in imported_modules(path) if name.split(".")[0] in forbidden}
        assert not wrong, f"{path.relative_to(REPOSITORY)} imports {wrong}"


def test_the_checker_never_imports_airflow_or_what_is_heavy() -> None:
    for path in (REPOSITORY / "schemas").rglob("*.py"):
        wrong = {name for name in imported_modules(path) if name.split(".")[0] in HEAVY | {"airflow", "dagfactory"}}
        assert not wrong, f"{path.relative_to(REPOSITORY)} imports {wrong}"


def heavy_modules_after(program: str) -> set[str]:
    report = f"; import sys; print(sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program + report], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(run.stdout.strip().splitlines()[-1]))


def test_an_operator_module_imports_heavy_libraries_only_when_it_runs() -> None:
    """A library imported at the top of an operator is paid for at every parse of every DAG file."""
    modules = sorted({OPERATORS[name].rpartition(".")[0] for name in OPERATORS})
    with_operators = heavy_modules_after(f"import importlib; [importlib.import_module(m) for m in {modules!r}]")
    assert with_operators <= heavy_modules_after("from airflow.sdk import BaseOperator")
