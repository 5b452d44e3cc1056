"""Random pipeline files: the operator to be tried with random arguments, in the midst of tasks that it can work with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from schemas.contract import Contract
from tests.random_pipelines.values import Strategy, Values, joined

BEFORE = yaml.safe_load(Path(__file__).with_name("before.yaml").read_text(encoding="utf-8"))["before"]["tasks"]
"""A task for each operator of this project, with what it needs and no more; the others refer to these."""
FIRST, SECOND, TRIED, LAST = "first", "second", "tried", "last"
GROUPS = ("outer", "inner")
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
_NAMES = {
    "dependencies": (FIRST, SECOND),
    "task_group_name": GROUPS,
    "parent_group_name": ("outer",),
}
_OF_THE_PIPELINE = ("tasks", "task_groups")


@dataclass(frozen=True)
class Kind:
    """A kind of task: the key and value that tell which schema holds for it."""

    key: str
    value: str
    schema: Mapping[str, Any]

    def __str__(self) -> str:
        return self.value


def kinds(contract: Contract) -> Iterator[Kind]:
    """Yield every kind of task that the schema tells apart."""
    for part in contract.document["$defs"]["task_shape"]["allOf"]:
        match part:
            case {"if": {"properties": {**properties}, "required": [key]}, "then": schema} if "const" in properties[key]:
                yield Kind(key, properties[key]["const"], schema)


class Files:
    """Makes strategies for the data of whole files."""

    def __init__(self, contract: Contract) -> None:
        """Prepare.

        :param contract: the schema
        """
        self._contract = contract
        self._values = Values(contract.document, _NAMES, contract.compile)
        shape = contract.document["$defs"]["task_shape"]
        self._shape = {key: value for key, value in shape.items() if key != "allOf"}

    def trying(self, kind: Kind) -> Strategy:
        """Give the strategy of files in which a task of a kind has random arguments."""
        definitions = self._contract.document["$defs"]
        dag = self._without(definitions["dag"], *_OF_THE_PIPELINE)
        values = self._values

        @st.composite
        def file(draw: st.DrawFn) -> dict[str, Any]:
            pipeline = draw(values.of(dag))
            groups = draw(st.sampled_from((0, 0, 1, 2)))
            if groups:
                pipeline["task_groups"] = {name: draw(self._group(name)) for name in GROUPS[:groups]}
            tasks = {
                FIRST: draw(self._task(Kind("operator", EMPTY, {}), "dependencies", "task_group_name")),
                SECOND: draw(self._task(Kind("operator", BASH, {}), *_unless(groups))) | {"bash_command": "true"},
                **needed(kind),
                TRIED: draw(self._task(kind, *_unless(groups))),
                LAST: {"operator": EMPTY, "dependencies": draw(st.sampled_from(([], [TRIED], [FIRST, TRIED])))},
            }
            pipeline["tasks"] = tasks
            shared = draw(st.one_of(st.none(), values.of(definitions["default"])))
            listed = draw(st.booleans())
            return {**({"default": shared} if shared else {}), "random": _as_lists(pipeline) if listed else pipeline}

        return file()

    def _group(self, name: str) -> Strategy:
        without = ("group_name",) if name == "inner" else ("group_name", "parent_group_name")
        return self._values.of(self._without(self._contract.document["$defs"]["task_group"], *without))

    def _task(self, kind: Kind, *without: str) -> Strategy:
        own = self._values.resolve(kind.schema)
        references = self._contract.reference_keys(kind.value)
        fixed = {kind.key: kind.value, **{key: BEFORE[kind.value][key] for key in references if kind.value in BEFORE}}
        general = self._values.of(self._without(self._shape, kind.key, *own.get("properties", ()), *without))
        special = self._values.of({"type": "object", **self._without(own, *references)})
        before = BEFORE.get(kind.value, {}).get("dependencies", [])

        def task(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
            dependencies = [*before, *one.get("dependencies", ())]
            return {**fixed, **one, **other, **({"dependencies": dependencies} if dependencies else {})}

        return st.builds(task, general, special)

    def _without(self, schema: Any, *keys: str) -> dict[str, Any]:
        properties = {key: part for key, part in schema.get("properties", {}).items() if key not in keys}
        required = [key for key in schema.get("required", ()) if key not in keys]
        return {**schema, "properties": properties, "required": required}


def _unless(groups: int) -> tuple[str, ...]:
    return () if groups else ("task_group_name",)


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
