"""The part of a pipeline that one task needs: everything before it, and what tears down what that sets up."""

from __future__ import annotations

from dataclasses import replace

from pipelines.graph.model import Graph, build_graph
from schemas.spec import Dependency, Pipeline


def with_what_it_needs(pipeline: Pipeline, task_id: str) -> Pipeline:
    """Give a pipeline with one task and all that must have been done before it.

    :param pipeline: a pipeline without errors
    :param task_id: one of its tasks
    """
    graph = build_graph(pipeline)
    kept = _upstream(graph, task_id)
    kept |= _teardowns(graph, kept)
    groups = {group for group, members in graph.members.items() if members & kept}

    def within(dependencies: tuple[Dependency, ...]) -> tuple[Dependency, ...]:
        return tuple(before for before in dependencies if before.name in kept | groups)

    return replace(
        pipeline,
        tasks=tuple(replace(t, dependencies=within(t.dependencies)) for t in pipeline.tasks if t.id in kept),
        groups=tuple(replace(g, dependencies=within(g.dependencies)) for g in pipeline.groups if g.id in groups),
    )


def _upstream(graph: Graph, task_id: str) -> set[str]:
    found, work = {task_id}, [task_id]
    while work:
        before = [task for task in graph.sources[work.pop()] if task not in found]
        found.update(before)
        work += before
    return found


def _teardowns(graph: Graph, kept: set[str]) -> set[str]:
    """Name what comes right after a setup to tear down what it set up."""
    nodes = graph.node_by_id
    setups = [task for task in kept if "setup" in nodes[task].notes]
    return {after for setup in setups for after in graph.targets[setup] if "teardown" in nodes[after].notes}
