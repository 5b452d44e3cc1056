"""What would be built of a pipeline, taken apart into facts that can be compared one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.graph.model import Graph, build_graph, iter_groups
from pipelines.overview.next_runs import PRESETS
from pipelines.plan.defaults import DAG_DEFAULTS, GROUP_DEFAULTS, TASK_DEFAULTS
from pipelines.plan.meaning import Meaning, Value
from schemas.contract import Contract
from schemas.spec import Pipeline, Task

Path = tuple[str | int, ...]

_STRUCTURE = ("tasks", "task_groups", "default_args")
_OF_THE_GRAPH = ("operator", "dependencies", "task_group_name")
_OF_A_GROUP_OR_GRAPH = ("dependencies", "default_args", "parent_group_name")
_DATES: Mapping[str, Callable[[Any, Any], Any]] = {"start_date": max, "end_date": min}
"""Dates that tasks have and DAGs -> which of the two holds."""
_UNORDERED = ("tags",)
_ORDERED = ("params",)
"""Mappings whose order shows: the fields of the form in which a run is started."""


class Fact(NamedTuple):
    """One argument."""

    value: Value
    raw: Any
    """As in the YAML."""
    path: Path
    """Where it stands under the pipeline."""


Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task, with what it takes from the defaults."""

    operator: Fact
    group: str | None
    arguments: Facts
    inherited: frozenset[str]
    """Arguments that it takes from the defaults of the DAG or of its groups."""


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    """A pipeline."""

    pipeline: Pipeline
    graph: Graph
    arguments: Facts
    defaults: Facts
    groups: Mapping[str, Facts]
    parents: Mapping[str, str | None]
    tasks: Mapping[str, TaskFacts]


def facts_of(pipeline: Pipeline, contract: Contract) -> PipelineFacts:
    """Take a pipeline apart.

    :param pipeline: a pipeline without errors
    :param contract: the schema, which knows what texts stand for
    """
    meaning = Meaning(contract, str(pipeline.config.get("timezone", "UTC")))
    defaults = pipeline.config.get("default_args") or {}
    groups = dict(iter_groups(pipeline))
    return PipelineFacts(
        pipeline,
        build_graph(pipeline),
        dict(_iter_dag(pipeline, meaning)),
        {key: _shared(key, value, ("default_args", key), meaning) for key, value in defaults.items()},
        {name: dict(_iter_group(name, content)) for name, content in groups.items()},
        {name: content.get("parent_group_name") for name, content in groups.items()},
        {task.id: _task(task, pipeline, groups, meaning, contract) for task in pipeline.tasks},
    )


def _iter_dag(pipeline: Pipeline, meaning: Meaning) -> Iterator[tuple[str, Fact]]:
    usual = {**DAG_DEFAULTS, "dag_display_name": pipeline.dag_id}
    for key, value in pipeline.config.items():
        if key not in _STRUCTURE:
            fact = Fact(_dag_value(key, value, meaning), value, (key,))
            if key not in usual or fact.value.built != _dag_value(key, usual[key], meaning).built:
                yield key, fact


def _dag_value(key: str, value: Any, meaning: Meaning) -> Value:
    if key == "schedule" and isinstance(value, str):
        value = None if value == "none" else PRESETS.get(value, value)
    if key in _UNORDERED and isinstance(value, list):
        value = sorted(value, key=repr)
    read = meaning.dag_argument(key, value)
    if key in _ORDERED and isinstance(value, Mapping):
        return Value([*read.built.items()], [*read.meant.items()])
    return read


def _shared(key: str, value: Any, path: Path, meaning: Meaning) -> Fact:
    return Fact(_task_value("", key, value, meaning), value, path)


def _task_value(operator: str, key: str, value: Any, meaning: Meaning) -> Value:
    if operator and key == "retries" and isinstance(value, float):
        # a task counts in whole tries, and the defaults keep what they are given
        value = int(value)
    return meaning.task_argument(operator, key, value)


def _iter_group(name: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Fact]]:
    for key, value in content.items():
        if key not in _OF_A_GROUP_OR_GRAPH and (key not in GROUP_DEFAULTS or value != GROUP_DEFAULTS[key]):
            yield key, Fact(Value(value, value), value, ("task_groups", name, key))


def _task(
    task: Task, pipeline: Pipeline, groups: Mapping[str, Mapping[str, Any]], meaning: Meaning, contract: Contract
) -> TaskFacts:
    operator = str(task.config.get("operator", task.config.get("decorator", "")))
    of_dag = _dates(pipeline)
    found: dict[str, Fact] = {}
    for layer_path, layer in _iter_layers(task, pipeline, groups):
        for key, value in layer.items():
            if key not in _OF_THE_GRAPH:
                found[key] = Fact(_task_value(operator, key, value, meaning), value, (*layer_path, key))
    for key, last in _DATES.items():
        if key in found and of_dag.get(key) is not None:
            # a task runs within the dates of its DAG, whatever its own say
            within = last(found[key].value.built, _task_value("", key, of_dag[key], meaning).built)
            found[key] = found[key]._replace(value=Value(within, within))
    known = contract.operators.get(operator, {}).get("properties", {})
    usual = {**TASK_DEFAULTS, "task_display_name": task.id, **of_dag}
    usual |= {key: schema["default"] for key, schema in known.items() if "default" in schema}
    arguments = {
        key: fact
        for key, fact in found.items()
        if key not in usual or fact.value.built != _task_value(operator, key, usual[key], meaning).built
    }
    path: Path = ("tasks", task.id)
    inherited = frozenset(key for key, fact in arguments.items() if fact.path[: len(path)] != path)
    return TaskFacts(
        Fact(Value(operator, operator), operator, (*path, "operator")),
        task.config.get("task_group_name"),
        arguments,
        inherited,
    )


def _dates(pipeline: Pipeline) -> dict[str, Any]:
    defaults = pipeline.config.get("default_args") or {}
    return {key: pipeline.config.get(key, defaults.get(key)) for key in _DATES}


def _iter_layers(
    task: Task, pipeline: Pipeline, groups: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield what a task's arguments come from: the DAG's defaults, those of its groups from outside in, its own."""
    yield ("default_args",), pipeline.config.get("default_args") or {}
    line: list[str] = []
    group: str | None = task.config.get("task_group_name")
    while group is not None and group in groups and group not in line:
        line.append(group)
        group = groups[group].get("parent_group_name")
    for name in reversed(line):
        yield ("task_groups", name, "default_args"), groups[name].get("default_args") or {}
    yield ("tasks", task.id), task.config
