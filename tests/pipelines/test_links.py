"""The lines that links lead to; the links themselves are in tests/running."""

from __future__ import annotations

import pytest

from pipelines.links import find_line

TEXT = """\
# a comment
default: {tags: [x]}
mapped:
  tasks:
    first: {operator: A}
    "second": {operator: A}
listed:
  tasks:
    - {operator: A, task_id: first}
    - operator: A
      task_id: second
from_a_template: {template: train}
"""


@pytest.mark.parametrize(
    ("dag_id", "task", "line"),
    [
        ("mapped", "first", 5),
        ("mapped", "second", 6),
        ("listed", "first", 9),
        ("listed", "second", 10),
        ("mapped", "gone", 3),
        ("from_a_template", "first", 12),
        ("gone", "first", 2),
    ],
)
def test_a_task_has_its_line_or_else_that_of_its_pipeline(dag_id: str, task: str, line: int) -> None:
    assert find_line(TEXT, dag_id, task) == line


@pytest.mark.parametrize("text", ["", "a: [", "- 1\n", "a:\n  tasks: 1\n", "import airflow\n"])
def test_any_text_has_a_first_line(text: str) -> None:
    assert find_line(text, "a", "b") == 1
