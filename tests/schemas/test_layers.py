"""Laying values over each other: the nearest wins, in any grouping, and what is laid stays as it was."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.layers import Layer, entries, join_defaults, lay_over, without
from schemas.source import parse_source

scalars = st.none() | st.booleans() | st.integers() | st.text("abc", max_size=3)
names = st.sampled_from("abcd")
# what stands under a key is of one kind wherever it stands, as the schema demands
thresholds = st.dictionaries(st.sampled_from(["min", "max"]), scalars)
tasks = st.fixed_dictionaries(
    {}, optional={"operator": scalars, "retries": scalars, "rows": thresholds, "dependencies": st.lists(names)}
)
in_map_form = st.dictionaries(names, tasks)
in_list_form = in_map_form.map(lambda held: [{"task_id": task_id, **task} for task_id, task in held.items()])
pipelines = st.fixed_dictionaries(
    {},
    optional={
        "schedule": scalars | st.fixed_dictionaries({"and": st.lists(names)}) | st.fixed_dictionaries({"cron": names}),
        "tags": st.lists(names, unique=True),
        "default_args": st.fixed_dictionaries({}, optional={"owner": scalars, "on_failure_callback": thresholds}),
        "params": st.dictionaries(names, scalars),
        "tasks": in_map_form | in_list_form,
    },
)


def laid(*layers: Any, how: Any = lay_over) -> Any:
    """Lay plain values over each other, the first on top."""
    result = Layer(layers[-1])
    for layer in reversed(layers[:-1]):
        result = how(Layer(layer), result)
    return result.value


def in_one_form(pipeline: Any) -> Any:
    """Forget the form that the tasks have, as Airflow does."""
    if not isinstance(pipeline.get("tasks"), list):
        return pipeline
    by_id = {task["task_id"]: {k: v for k, v in task.items() if k != "task_id"} for task in pipeline["tasks"]}
    return {**pipeline, "tasks": by_id}


@given(pipelines, pipelines, pipelines)
def test_it_does_not_matter_which_two_are_laid_together_first(a: Any, b: Any, c: Any) -> None:
    left = lay_over(lay_over(Layer(a), Layer(b)), Layer(c)).value
    assert in_one_form(left) == in_one_form(laid(a, b, c))


@given(pipelines, pipelines, pipelines)
def test_nor_for_defaults(a: Any, b: Any, c: Any) -> None:
    left = join_defaults(join_defaults(Layer(a), Layer(b)), Layer(c)).value
    assert in_one_form(left) == in_one_form(laid(a, b, c, how=join_defaults))


@given(pipelines, pipelines)
def test_the_nearest_wins_and_nothing_else_is_lost(own: Any, shared: Any) -> None:
    result = laid(own, shared)
    assert result.keys() == own.keys() | shared.keys()
    for key in result:
        part, below = own.get(key), shared.get(key)
        if key not in own:
            assert result[key] == below
        elif key in ("schedule", "tags"):
            assert result[key] == part
        elif key == "params":
            assert result[key] == {**shared.get(key, {}), **part}
    both = [in_one_form(pipeline).get("tasks", {}) for pipeline in (own, shared, result)]
    assert both[2].keys() == both[0].keys() | both[1].keys()
    for task_id, task in both[2].items():
        upper, lower = (tasks.get(task_id, {}) for tasks in both[:2])
        assert task == {
            **lower,
            **upper,
            **({"rows": {**lower.get("rows", {}), **upper["rows"]}} if "rows" in upper else {}),
        }


@given(pipelines, pipelines)
def test_neither_is_changed(own: Any, shared: Any) -> None:
    before = copy.deepcopy((own, shared))
    laid(own, shared)
    laid(own, shared, how=join_defaults)
    assert (own, shared) == before


@given(pipelines)
def test_nothing_laid_over_or_under_changes_nothing(pipeline: Any) -> None:
    assert laid({}, pipeline) == laid(pipeline, {}) == pipeline
    assert in_one_form(laid(pipeline, pipeline)) == in_one_form(pipeline)


def test_tags_of_defaults_are_joined_and_those_of_a_pipeline_take_their_place() -> None:
    near, far = {"tags": ["b", "a"]}, {"tags": ["a", "c"]}
    assert laid(near, far, how=join_defaults) == {"tags": ["a", "c", "b"]}
    assert laid(near, far) == near


def test_what_only_means_something_as_a_whole_is_never_mixed() -> None:
    own = {"schedule": {"and": ["a"]}, "default_args": {"on_failure_callback": {"callback": "x"}}}
    shared = {"schedule": {"or": ["b"]}, "default_args": {"on_failure_callback": {"callback": "y", "to": "z"}}}
    assert laid(own, shared) == own


def test_a_key_inside_of_a_value_is_no_argument() -> None:
    own, shared = ({"tasks": {"a": {"columns": {"schedule": {x: 1}, "tasks": [x]}}}} for x in "pq")
    assert laid(own, shared)["tasks"]["a"]["columns"] == {"schedule": {"p": 1, "q": 1}, "tasks": ["p"]}


def layer_of(text: str, file: str = "") -> Layer:
    source = parse_source(Path("x.yaml"), text, file=file)
    return Layer(source.data, source.tree)


def test_each_part_keeps_the_place_where_it_is_written() -> None:
    own = layer_of("tasks:\n  - {task_id: a, retries: 1}\n")
    shared = layer_of("schedule: x\ntasks:\n  a: {pool: p, retries: 2}\n  b: {operator: o}\n", "defaults.yaml")
    result = lay_over(own, shared)

    def at(*path: str | int) -> tuple[str, int, int]:
        place = result.tree.find(path).place
        return place.file, place.line, place.column

    assert result.value["tasks"] == [
        {"task_id": "a", "retries": 1, "pool": "p"},
        {"task_id": "b", "operator": "o"},
    ]
    assert at("schedule") == ("defaults.yaml", 1, 11)
    assert at("tasks", 0, "retries") == ("", 2, 27)
    assert at("tasks", 0, "pool") == ("defaults.yaml", 3, 13)
    assert at("tasks", 1, "task_id") == ("defaults.yaml", 4, 3)
    key = result.tree.key(("tasks", 0, "pool"))
    assert (key.file, key.line, key.column) == ("defaults.yaml", 3, 7)


@given(pipelines, pipelines)
def test_every_part_has_a_place(own: Any, shared: Any) -> None:
    import yaml

    result = lay_over(layer_of(yaml.safe_dump(own), "own"), layer_of(yaml.safe_dump(shared), "shared"))
    work: list[Layer] = [result]
    while work:
        layer = work.pop()
        assert layer.tree.place.file in ("own", "shared")
        parts = (
            layer.value
            if isinstance(layer.value, dict)
            else range(len(layer.value))
            if isinstance(layer.value, list)
            else ()
        )
        assert list(layer.tree.children) == list(parts) or set(layer.tree.children) == set(parts)
        work.extend(layer.part(part) for part in parts)


@given(pipelines, st.sets(st.sampled_from(["tasks", "tags", "x"])))
def test_keys_can_be_left_out(pipeline: Any, keys: set[str]) -> None:
    assert without(Layer(pipeline), keys).value == {k: v for k, v in pipeline.items() if k not in keys}


def test_entries_have_their_ids_in_both_forms() -> None:
    for held in ({"a": {"x": 1}}, [{"task_id": "a", "x": 1}, {"x": 2}, 3, {"task_id": 4}]):
        assert {task_id: task.value["x"] for task_id, task in entries(Layer({"tasks": held}), "tasks").items()} == {
            "a": 1
        }
    assert entries(Layer({"tasks": "a"}), "tasks") == entries(Layer({}), "tasks") == {}
