"""Random pipeline files: the operator that is tried, with random arguments, amid tasks that it can work with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from schemas.contract import Contract
from tests.random_pipelines.values import CASES, Strategy, Values, told_apart

BEFORE = yaml.safe_load(Path(__file__).with_name("before.yaml").read_text(encoding="utf-8"))["before"]["tasks"]
"""A task for each operator of this project, with what it needs and no more; the others refer to these."""
FIRST, SECOND, TRIED, LAST = "first", "second", "tried", "last"
GROUPS = ("outer", "inner")
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
_NAMES = {
    "task_group_name": GROUPS,
    "parent_group_name": GROUPS[:1],
    "setups": (FIRST,),
    # where branches lead
    **dict.fromkeys(("follow_task_ids_if_true", "follow_task_ids_if_false", "options_mapping"), (LAST,)),
    **dict.fromkeys(("weekday", "weekend"), (LAST,)),
}
_KINDS = ("operator", "decorator")
_MAPPED = ("expand", "expand_kwargs", "partial")
"""Keys that hold parameters of the task in another form; they are made of what was drawn for it."""
_OF_THE_PIPELINE = ("tasks", "task_groups")


@dataclass(frozen=True)
class Kind:
    """A kind of task: the key and value that tell which schema holds for it."""

    key: str
    value: str
    schema: Mapping[str, Any] = field(compare=False)

    def __str__(self) -> str:
        return self.value


def kinds(contract: Contract) -> Iterator[Kind]:
    """Yield every kind of task that the schema tells apart."""
    shape = contract.document["$defs"]["task_shape"]
    values = Values(contract.document, {}, contract.compile)
    for key, value in dict.fromkeys(_iter_told_apart(values, shape, shape["properties"])):
        others = [other for other in _KINDS if other != key]
        yield Kind(key, value, _own(values.decided(shape, {key: value}, others), shape["properties"]))


def _iter_told_apart(values: Values, schema: Any, keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for case in values.resolved(schema).get(CASES, ()):
        if "properties" in case["if"]:
            yield from (name for name, _ in told_apart([case]) if name[0] in keys)
        else:
            for branch in ("then", "else"):
                yield from _iter_told_apart(values, case.get(branch, {}), keys)


def _own(schema: Mapping[str, Any], of_all: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of the schema of a task what every task has."""
    return {**_without(schema, *of_all), "type": "object"}


class Files:
    """Makes strategies for the data of whole files."""

    def __init__(self, contract: Contract) -> None:
        """Prepare.

        :param contract: the schema
        """
        self._contract = contract
        # what stands first waits for nothing, and nothing that is waited for is in a group that waits
        self._second = Values(contract.document, {**_NAMES, "dependencies": (FIRST,)}, contract.compile)
        self._tried = Values(contract.document, {**_NAMES, "dependencies": (FIRST, SECOND)}, contract.compile)
        shape = contract.document["$defs"]["task_shape"]
        self._shape = {key: value for key, value in shape.items() if key not in ("allOf", "if", "then", "else")}

    def trying(self, kind: Kind) -> Strategy:
        """Give the strategy of files in which a task of a kind has random arguments."""
        definitions = self._contract.document["$defs"]
        dag = self._second.of(_without(definitions["dag"], *_OF_THE_PIPELINE))
        default = st.one_of(st.none(), self._second.of(definitions["default"]))
        first = self._plain(EMPTY, {}, "dependencies", "task_group_name", "teardown")

        @st.composite
        def file(draw: st.DrawFn) -> dict[str, Any]:
            pipeline = draw(dag)
            unless = () if draw(st.booleans()) else ("task_group_name",)
            if not unless:
                pipeline["task_groups"] = {name: draw(self._group(name)) for name in GROUPS}
            pipeline["tasks"] = {
                FIRST: draw(first),
                SECOND: draw(self._plain(BASH, {"bash_command": "true"}, *unless)),
                **needed(kind),
                TRIED: draw(self._task(kind, *unless)),
                LAST: {"operator": EMPTY, "dependencies": draw(st.sampled_from(([TRIED], [FIRST, TRIED])))},
            }
            shared, listed = draw(default), draw(st.booleans())
            return {**({"default": shared} if shared else {}), "random": _as_lists(pipeline) if listed else pipeline}

        return file()

    def _group(self, name: str) -> Strategy:
        without = ("group_name",) if name == GROUPS[1] else ("group_name", "parent_group_name")
        group = self._second.of(_without(self._contract.document["$defs"]["task_group"], *_MAPPED, *without))
        mapped = {"expand": {"region": ["eu", "us"]}} if name == GROUPS[0] else {}
        return st.one_of(group, group, group.map(lambda drawn: {**drawn, **mapped}))

    def _plain(self, operator: str, own: Mapping[str, Any], *without: str) -> Strategy:
        general = self._second.of(_without(self._shape, *_KINDS, *_MAPPED, *without))
        return general.map(lambda drawn: {"operator": operator, **own, **drawn})

    def _task(self, kind: Kind, *without: str) -> Strategy:
        own = kind.schema
        known = BEFORE.get(kind.value, {})
        fixed = {key: {"const": known[key]} for key in self._contract.reference_keys(kind.value) if key in known}
        general = self._tried.of(_without(self._shape, *_KINDS, *_MAPPED, *own["properties"], *without))
        special = self._tried.of({**own, "properties": {**own["properties"], **fixed}})

        def task(one: dict[str, Any], other: dict[str, Any], usual: bool) -> dict[str, Any]:
            kept = {key: value for key, value in known.items() if usual or key in fixed or key not in other}
            before = [*known.get("dependencies", ()), *one.get("dependencies", ())]
            return {kind.key: kind.value, **one, **other, **kept, **({"dependencies": before} if before else {})}

        whole = st.builds(task, general, special, st.booleans())
        return whole if known else st.one_of(whole, whole, st.builds(_mapped, whole, special, st.booleans()))


def _mapped(task: dict[str, Any], again: Mapping[str, Any], in_sets: bool) -> dict[str, Any]:
    """Map a task over one of its parameters, and put another, if there is one, into ``partial``."""
    own = {key: value for key, value in again.items() if key in task and key not in (*_KINDS, "python_callable")}
    if not own:
        return task
    (key, value), *others = own.items()
    rest = {name: given for name, given in task.items() if name != key and name not in dict(others[:1])}
    partial = {"partial": dict(others[:1])} if others else {}
    over = {"expand_kwargs": [{key: task[key]}, {key: value}]} if in_sets else {"expand": {key: [task[key], value]}}
    return {**rest, **partial, **over}


def _without(schema: Any, *keys: str) -> dict[str, Any]:
    properties = {key: part for key, part in schema.get("properties", {}).items() if key not in keys}
    required = [key for key in schema.get("required", ()) if key not in keys]
    return {**schema, "properties": properties, "required": required}


def needed(kind: Kind) -> dict[str, Any]:
    """Give the tasks whose results a task of a kind takes, and those that these take."""
    found: dict[str, Any] = {}
    for name in BEFORE.get(kind.value, {}).get("dependencies", ()):
        found |= {**needed(Kind("operator", name, {})), name: BEFORE[name]}
    return found


def _as_lists(pipeline: dict[str, Any]) -> dict[str, Any]:
    listed = {**pipeline, "tasks": [{"task_id": name, **task} for name, task in pipeline["tasks"].items()]}
    if "task_groups" in pipeline:
        listed["task_groups"] = [{"group_name": name, **group} for name, group in pipeline["task_groups"].items()]
    return listed
