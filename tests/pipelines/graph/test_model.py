"""The graph that is drawn is the graph that Airflow has."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.build import build_dag
from pipelines.graph.model import build_graph
from schemas.checker import check_file
from tests.pipelines.graph.drawn import graph

TESTS = Path(__file__).parents[2]
CASES = sorted([*(TESTS / "cases" / "ok").glob("*.yaml"), *(TESTS / "pipelines" / "expressiveness").rglob("*.yaml")])


@pytest.mark.airflow
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_edges_are_those_of_the_built_dag(path: Path) -> None:
    for pipeline in check_file(path).pipelines:
        built = build_dag(pipeline)
        names = {task.task_id: task.task_id.rpartition(".")[2] for task in built.tasks}
        theirs = {(names[task.task_id], names[other]) for task in built.tasks for other in task.downstream_task_ids}
        drawn = build_graph(pipeline)
        assert {(edge.source, edge.target) for edge in drawn.edges} == theirs
        assert [
            task for task in drawn.order if set(drawn.sources[task]) - set(drawn.order[: drawn.order.index(task)])
        ] == []
        assert len(drawn.order) == len(built.tasks)


def test_an_edge_of_a_group_holds_for_its_first_and_last_tasks() -> None:
    drawn = graph("a > b, a > c, begin > g, g > end", "g(a b c)")
    assert {(edge.source, edge.target) for edge in drawn.edges} == {
        ("a", "b"), ("a", "c"), ("begin", "a"), ("b", "end"), ("c", "end"),
    }  # fmt: skip


def test_edges_that_a_longer_way_implies_are_not_needed() -> None:
    assert graph("a > b > c > d, a > c, a > d").needed == {("a", "b"), ("b", "c"), ("c", "d")}
