"""Functions as tasks, whatever their signature: what the schema says of them, and what is built."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

import pytest

from pipelines.build.taskflow import make_decorated
from pipelines.callable_schema import function_schemas
from pipelines.task_schema import argument_schemas
from schemas.contract import load_contract

HERE = __name__
OWN = ("retries", "pool", "expand", "params")


def by_name(*, rows: int, scale: Literal["none", "standard"] = "none") -> int:
    """Take arguments by their name alone."""
    return rows


def with_context(ti: Any, ds: str, day: date, params: Any = None) -> str:
    """Take what Airflow gives to every task."""
    return ds


def taken(pool: str) -> str:
    """Call an argument as every task does."""
    return pool


def open_to_all(first: int, **others: Any) -> int:
    """Take anything."""
    return first


def of_collections(rows: list[int], names: dict[str, float], wait: timedelta) -> int:
    """Take values inside of others."""
    return len(rows)


def arguments(name: str) -> Any:
    schemas = argument_schemas(function_schemas([HERE]), OWN)
    return schemas.get(f"{HERE}.{name}")


def test_what_airflow_gives_need_not_be_given() -> None:
    schema = arguments("with_context")
    assert list(schema["properties"]) == ["day"]
    assert schema["required"] == ["day"]


def test_a_function_with_an_argument_that_every_task_has_is_none_for_tasks() -> None:
    assert arguments("taken") is None


def test_a_function_that_takes_anything_is_open() -> None:
    assert arguments("open_to_all")["additionalProperties"] is True


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("rows", [1, 2], True),
        ("rows", [1, "+find"], True),
        ("rows", "{{ params.rows }}", True),
        ("rows", ["one"], False),
        ("names", {"a": 0.5, "b": "+find['b']"}, True),
        ("names", {"a": "half"}, False),
        ("wait", "5m", True),
        ("wait", "+find", True),
        ("wait", "soon", False),
    ],
)
def test_an_argument_is_a_value_of_its_type_or_an_expression(name: str, value: Any, fits: bool) -> None:
    schema = arguments("of_collections")["properties"][name]
    assert load_contract().value_fits(schema, value) is fits


def built(**parameters: Any) -> Any:
    from airflow.sdk import DAG

    with DAG("numbers") as dag:
        return make_decorated({"decorator": "task", "task_id": "a", "dag": dag, **parameters})


def test_arguments_by_name_alone_are_given() -> None:
    task = built(python_callable=by_name, rows=3, scale="standard", retries=2)
    assert (task.op_kwargs, task.retries) == ({"rows": 3, "scale": "standard"}, 2)


def test_a_function_that_takes_anything_gets_what_nothing_else_takes() -> None:
    task = built(python_callable=open_to_all, first=1, second=2, retries=2, show_return_value_in_logs=False)
    assert (task.op_kwargs, task.retries) == ({"first": 1, "second": 2}, 2)
    assert task.show_return_value_in_logs is False


def test_arguments_by_name_alone_are_mapped() -> None:
    task = built(python_callable=by_name, expand={"rows": [1, 2]}, scale="standard")
    assert task.op_kwargs_expand_input.value == {"rows": [1, 2]}
    assert task.partial_kwargs["op_kwargs"] == {"scale": "standard"}


@pytest.mark.parametrize(
    ("decorator", "operator"),
    [
        ("task", "_PythonDecoratedOperator"),
        ("airflow.sdk.task", "_PythonDecoratedOperator"),
        ("airflow.decorators.task.branch", "_BranchPythonDecoratedOperator"),
        ("airflow.sdk.definitions.decorators.task.sensor", "DecoratedSensorOperator"),
    ],
)
def test_a_decorator_has_several_names(decorator: str, operator: str) -> None:
    assert built(python_callable=by_name, rows=3, decorator=decorator).task_type == operator
