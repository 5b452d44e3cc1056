"""Every argument that Airflow's classes take has a key in the schema, or stands in the list of those that have none."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseOperator, TaskGroup

from schemas.contract import load_contract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "yaml.md"


def arguments_of(cls: Any) -> set[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD} - {"self"}


def without_form(heading: str) -> set[str]:
    """Read a table of the page: the names in its first column."""
    table = PAGE.read_text(encoding="utf-8").partition(f"| {heading} | why |")[2].split("\n\n")[0]
    return {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}


@pytest.mark.parametrize(
    ("cls", "definition", "heading"),
    [
        (DAG, "dag", "argument of a DAG"),
        (BaseOperator, "task_shape", "argument of a task"),
        (TaskGroup, "task_group", "argument of a group"),
    ],
    ids=["dag", "task", "group"],
)
def test_an_argument_has_a_key_or_a_reason(cls: Any, definition: str, heading: str) -> None:
    keys = set(load_contract().document["$defs"][definition]["properties"])
    excluded = without_form(heading)
    assert excluded
    assert arguments_of(cls) - keys - excluded == set()
    assert excluded & keys == set()
    assert excluded <= arguments_of(cls)


def test_the_keys_of_a_task_that_are_no_arguments_are_known() -> None:
    keys = set(load_contract().document["$defs"]["task_shape"]["properties"])
    assert keys - arguments_of(BaseOperator) == {
        "decorator",
        "dependencies",
        "expand",
        "expand_kwargs",
        "operator",
        "partial",
        "setup",
        "task_group_name",
        "teardown",
    }


def is_mapped_by_airflow(name: str) -> bool:
    fixed = {} if name == "bash_command" else {"bash_command": "echo"}
    with DAG("orders"):
        try:
            BashOperator.partial(task_id="load", **fixed).expand(**{name: ["a", "b"]})
        except TypeError:
            return False
    return True


@pytest.mark.filterwarnings("ignore:Task 'load' was never mapped")
def test_what_airflow_does_not_map_is_not_mapped() -> None:
    """Airflow says so only when it builds the task."""
    ours = set(load_contract().kind_of({"operator": f"{BashOperator.__module__}.BashOperator"}).properties)
    refused = {name for name in arguments_of(BaseOperator) if not is_mapped_by_airflow(name)}
    assert "retries" in refused
    assert not refused & ours
    assert all(is_mapped_by_airflow(name) for name in ours)
