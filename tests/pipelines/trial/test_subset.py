"""What one task needs: everything before it, through groups too, and the teardowns of the setups among it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.graph.model import build_graph
from pipelines.trial.subset import with_what_it_needs
from schemas.checker import check_source
from schemas.source import parse_source
from schemas.spec import Pipeline

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
TEXT = f"""\
orders:
  task_groups:
    sources: {{dependencies: [open]}}
    reports: {{dependencies: [sources]}}
  tasks:
    open: {{operator: {EMPTY}, setup: true}}
    iris: {{operator: {EMPTY}, task_group_name: sources}}
    wine: {{operator: {EMPTY}, task_group_name: sources, dependencies: [iris]}}
    daily: {{operator: {EMPTY}, task_group_name: reports}}
    weekly: {{operator: {EMPTY}, task_group_name: reports}}
    send: {{operator: {EMPTY}, dependencies: [reports]}}
    alone: {{operator: {EMPTY}}}
    close: {{operator: {EMPTY}, dependencies: [open, send], teardown: true}}
"""


@pytest.fixture
def orders() -> Pipeline:
    (pipeline,) = check_source(parse_source(Path("orders.yaml"), TEXT), shown_as="orders.yaml").pipelines
    return pipeline


@pytest.mark.parametrize(
    ("task", "tasks", "groups"),
    [
        ("alone", "alone", ""),
        ("open", "open close", ""),
        ("iris", "open iris close", "sources"),
        ("daily", "open iris wine daily close", "sources reports"),
        ("send", "open iris wine daily weekly send close", "sources reports"),
    ],
)
def test_what_is_kept(orders: Pipeline, task: str, tasks: str, groups: str) -> None:
    part = with_what_it_needs(orders, task)
    assert [one.id for one in part.tasks] == tasks.split()
    assert [group.id for group in part.groups] == groups.split()
    kept = {one.id for one in part.tasks}
    edges = {(edge.source, edge.target) for edge in build_graph(orders).edges}
    expected = {(source, target) for source, target in edges if {source, target} <= kept}
    assert {(edge.source, edge.target) for edge in build_graph(part).edges} == expected


@pytest.mark.airflow
@pytest.mark.parametrize("task", ["alone", "iris", "daily", "send"])
def test_what_is_kept_builds(orders: Pipeline, task: str) -> None:
    from pipelines.build import build_dag

    part = with_what_it_needs(orders, task)
    assert len(build_dag(part).tasks) == len(part.tasks)
