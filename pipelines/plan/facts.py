"""What would be built of a pipeline, taken apart into facts that can be compared one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.graph.model import Graph, build_graph, decorator_of
from pipelines.overview.next_runs import has_zone
from pipelines.plan.defaults import DAG_DEFAULTS, GROUP_DEFAULTS, TASK_DEFAULTS
from pipelines.plan.meaning import SETS, Meaning, Value, exactly, unordered
from schemas.contract import Contract
from schemas.kinds import MAPPINGS
from schemas.spec import Group, Pipeline, Task

Path = tuple[str | int, ...]

_OF_THE_GRAPH = ("operator", "decorator", "dependencies", "task_group_name", "partial")
_OF_A_GROUP_OR_GRAPH = ("dependencies", "default_args", "parent_group_name", "group_name")
_DATES: Mapping[str, Callable[[Any, Any], Any]] = {"start_date": max, "end_date": min}
"""Dates that tasks have and DAGs -> which of the two holds."""
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
    """Those that differ from what Airflow takes anyway."""
    usual: Facts
    """Those that are written and do not."""
    inherited: frozenset[str]
    """Arguments that it takes from the defaults of the DAG or of its groups."""


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    """A pipeline."""

    pipeline: Pipeline
    graph: Graph
    arguments: Facts
    """Those that differ from what Airflow takes anyway."""
    usual: Facts
    """Those that are written and do not."""
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
    groups = {group.id: group for group in pipeline.groups}
    return PipelineFacts(
        pipeline,
        build_graph(pipeline),
        *_dag(pipeline, meaning),
        {key: _shared(key, value, ("default_args", key), meaning) for key, value in defaults.items()},
        {group.id: dict(_iter_group(group)) for group in pipeline.groups},
        {group.id: group.group for group in pipeline.groups},
        {task.id: _task(task, pipeline, groups, meaning, contract) for task in pipeline.tasks},
    )


def _dag(pipeline: Pipeline, meaning: Meaning) -> tuple[Facts, Facts]:
    usual = {**DAG_DEFAULTS, "dag_display_name": pipeline.dag_id}
    found = {}
    for key, value in pipeline.config.items():
        if key != "default_args":
            # a zone without anything that is in it means nothing
            counts = key != "timezone" or has_zone(pipeline.config)
            found[key] = Fact(_dag_value(key, value if counts else usual[key], meaning), value, (key,))
    return _parted(found, {key: _dag_value(key, usual[key], meaning) for key in found if key in usual})


def _dag_value(key: str, value: Any, meaning: Meaning) -> Value:
    if key == "schedule" and value == "none":
        value = None
    read = meaning.dag_argument(key, value)
    if key in SETS:
        return Value(unordered(read.built), unordered(read.meant))
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


def _iter_group(group: Group) -> Iterator[tuple[str, Fact]]:
    usual = {**GROUP_DEFAULTS, "group_display_name": group.id}
    for key, value in group.config.items():
        if key not in _OF_A_GROUP_OR_GRAPH and (key not in usual or value != usual[key]):
            exact = exactly(value)
            # Airflow keeps what a group is mapped over as text in its tasks, keys in their order
            built = repr(value) if key in MAPPINGS else exact
            yield key, Fact(Value(built, exact), value, ("task_groups", group.id, key))


def _task(
    task: Task, pipeline: Pipeline, groups: Mapping[str, Group], meaning: Meaning, contract: Contract
) -> TaskFacts:
    kind = "decorator" if "decorator" in task.config else "operator"
    operator = decorator_of(task.config) if kind == "decorator" else str(task.config["operator"])
    found = _within_dates(_task_facts(task, operator, pipeline, groups, meaning), _dates(pipeline), meaning)
    known = contract.operators.get(operator, {}).get("properties", {})
    usual = {**TASK_DEFAULTS, "task_display_name": task.id, **_dates(pipeline)}
    usual |= {key: schema["default"] for key, schema in known.items() if "default" in schema}
    read = {key: _task_value(operator, key, usual[key], meaning) for key in found if key in usual}
    arguments, same = _parted(found, read)
    path: Path = ("tasks", task.id)
    inherited = frozenset(key for key, fact in found.items() if fact.path[: len(path)] != path)
    what = Fact(Value(operator, operator), operator, (*path, kind))
    return TaskFacts(what, task.group, arguments, same, inherited)


def _task_facts(
    task: Task, operator: str, pipeline: Pipeline, groups: Mapping[str, Group], meaning: Meaning
) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for path, layer in _iter_layers(task, pipeline, groups):
        for key, value in layer.items():
            if key not in _OF_THE_GRAPH:
                kind = task.conversions.get(key)
                read = meaning.converted(kind, value) if kind else _task_value(operator, key, value, meaning)
                found[key] = Fact(read, value, (*path, key))
    if task.config.get("teardown"):
        # it has a rule of its own
        found.pop("trigger_rule", None)
    return found


def _within_dates(found: dict[str, Fact], of_dag: Mapping[str, Any], meaning: Meaning) -> dict[str, Fact]:
    """Let a task run within the dates of its DAG, whatever its own say."""
    for key, last in _DATES.items():
        if key in found and of_dag.get(key) is not None:
            within = last(found[key].value.built, _task_value("", key, of_dag[key], meaning).built)
            found[key] = found[key]._replace(value=Value(within, within))
    return found


def _parted(found: Facts, usual: Mapping[str, Value]) -> tuple[Facts, Facts]:
    """Part what differs from what Airflow takes anyway from what does not."""
    same = {key: fact for key, fact in found.items() if key in usual and fact.value.built == usual[key].built}
    return {key: fact for key, fact in found.items() if key not in same}, same


def _dates(pipeline: Pipeline) -> dict[str, Any]:
    defaults = pipeline.config.get("default_args") or {}
    return {key: pipeline.config.get(key, defaults.get(key)) for key in _DATES}


def _iter_layers(
    task: Task, pipeline: Pipeline, groups: Mapping[str, Group]
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield what a task's arguments come from: the DAG's defaults, those of its groups from outside in, its own."""
    yield ("default_args",), pipeline.config.get("default_args") or {}
    line: list[Group] = []
    group = task.group
    while group is not None:
        line.append(groups[group])
        group = groups[group].group
    for each in reversed(line):
        yield ("task_groups", each.id, "default_args"), each.config.get("default_args") or {}
    yield ("tasks", task.id), task.config
    # what a mapped task takes besides stands in a mapping of its own, or beside it
    yield ("tasks", task.id, "partial"), task.config.get("partial") or {}
