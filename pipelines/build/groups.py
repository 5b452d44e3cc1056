"""Makes task groups, mapped ones too."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pipelines.build.expressions import Made, resolved
from pipelines.build.values import docs, task_objects, task_values, without_objects
from schemas.spec import Group

if TYPE_CHECKING:
    from airflow.sdk import DAG, TaskGroup

_NOT_OF_THE_GROUP = ("group_name", "parent_group_name", "dependencies", "expand", "expand_kwargs")


def make_group(dag: DAG, group: Group, made: Made, zone: ZoneInfo) -> None:
    """Make a task group, and add it to what was made.

    :param dag: the DAG that it belongs to
    :param group: what the pipeline says of it
    :param made: the group that it is part of, and the tasks whose results it is mapped over
    :param zone: that of moments without an offset
    """
    arguments = {key: value for key, value in group.config.items() if key not in _NOT_OF_THE_GROUP}
    if "doc_md" in arguments:
        arguments["doc_md"] = docs(arguments["doc_md"])
    shared = arguments.pop("default_args", {})
    if shared:
        arguments["default_args"] = task_values(without_objects(shared), zone)
    if group.is_mapped:
        parent = dag.task_group if group.group is None else made.nodes[group.group]
        arguments |= {"group_id": group.id, "dag": dag, "parent_group": parent}
        made.nodes[group.id] = _mapped(group, arguments, made)
    else:
        made.nodes[group.id] = _plain(dag, group, arguments, made)
    # around dag-factory, which would import what they name
    made.nodes[group.id].default_args.update(task_objects(shared))


def _plain(dag: DAG, group: Group, arguments: dict[str, Any], made: Made) -> TaskGroup:
    from dagfactory.dagbuilder import DagBuilder

    groups: dict[str, TaskGroup] = {}
    if group.group is not None:
        groups[group.group] = made.nodes[group.group]
        arguments["parent_group_name"] = group.group
    DagBuilder.make_nested_task_groups(group.id, arguments, groups, {group.group: {}}, None, dag)
    return groups[group.id]


def _mapped(group: Group, arguments: Mapping[str, Any], made: Made) -> TaskGroup:
    """Make a mapped group as Airflow does it: of a function, which is given what stands for the values."""
    from airflow.sdk import task_group

    given: dict[str, Any] = {}

    def members(**values: Any) -> None:
        given.update(values)

    config = resolved(group.config, group.expressions, made)
    factory = task_group(**arguments)(members)
    if "expand" in config:
        mapped: TaskGroup = factory.expand(**config["expand"])
    else:
        # Airflow gives a function of parameters with names what stands for them
        names = dict.fromkeys((*_named_in(config["expand_kwargs"]), *group.parameters))
        kind = inspect.Parameter.KEYWORD_ONLY
        vars(members)["__signature__"] = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        mapped = factory.expand_kwargs(config["expand_kwargs"])
    made.group_parameters[group.id] = given
    return mapped


def _named_in(sets: Any) -> Iterator[str]:
    for values in sets if isinstance(sets, list) else ():
        yield from values if isinstance(values, dict) else ()
