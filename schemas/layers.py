"""Lays what a pipeline says itself over what it shares with others: values and their places together.

Nearest wins. Mappings are laid over each other key by key, tasks and task groups by their ids whatever form they have;
every other value takes the place of the one below it. What can only be meant as a whole is never mixed (``WHOLE``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from schemas.tree import Tree

WHOLE = frozenset(
    {"schedule", "deadline", "on_success_callback", "on_failure_callback", "on_retry_callback", "on_execute_callback",
     "on_skipped_callback"}
)  # fmt: skip
"""Arguments of DAGs and tasks whose mappings are one value, not a set of settings: a part of it means nothing."""
OWN_KEYS = ("template", "parameters")
"""What makes a pipeline of a template; the rest is laid over the template."""
NAMES = {"tasks": "task_id", "task_groups": "group_name"}
"""What holds entries with ids, in map form or in list form -> the key of the id in list form."""


class Layer(NamedTuple):
    """A value and where its parts stand."""

    value: Any
    tree: Tree = Tree()

    def part(self, key: str | int) -> Layer:
        """Give the part under a key that there is."""
        return Layer(self.value[key], self.tree.find((key,)))


EMPTY = Layer({})
"""What says nothing."""


def lay_over(own: Layer, shared: Layer) -> Layer:
    """Lay a pipeline, or a part of one, over another; neither is changed, and parts of both may be parts of it.

    :param own: what wins
    :param shared: what lies below
    """
    return _lay(own, shared, _lay_argument)


def join_defaults(own: Layer, shared: Layer) -> Layer:
    """Lay defaults over farther ones, as :func:`lay_over` does; the tags of both are joined."""
    laid = lay_over(own, shared)
    if not all(isinstance(layer.value, dict) and isinstance(layer.value.get("tags"), list) for layer in (own, shared)):
        return laid
    return _with(laid, "tags", _joined(own.part("tags"), shared.part("tags")))


def without(layer: Layer, keys: Iterable[str]) -> Layer:
    """Give a mapping without some of its keys."""
    left_out = frozenset(keys)
    if not left_out.intersection(layer.value):
        return layer
    value = {key: part for key, part in layer.value.items() if key not in left_out}
    children = {key: child for key, child in layer.tree.children.items() if key not in left_out}
    return Layer(value, layer.tree.with_children(children))


def entries(layer: Layer, key: str) -> dict[str, Layer]:
    """Give tasks or task groups by their ids, in whatever form they are; what has no id is left out.

    :param layer: a pipeline
    :param key: ``tasks`` or ``task_groups``
    """
    held = layer.value.get(key) if isinstance(layer.value, dict) else None
    if isinstance(held, dict):
        ids: Iterable[tuple[Any, str | int]] = ((entry_id, entry_id) for entry_id in held)
    elif isinstance(held, list):
        ids = ((e.get(NAMES[key]), index) for index, e in enumerate(held) if isinstance(e, dict))
    else:
        return {}
    part = layer.part(key)
    return {entry_id: part.part(position) for entry_id, position in ids if isinstance(entry_id, str)}


_Lay = Callable[[str, Layer, Layer], Layer]
"""Lays the part under a key over that of another mapping."""


def _lay(own: Layer, shared: Layer, lay_part: _Lay) -> Layer:
    if not (isinstance(own.value, dict) and isinstance(shared.value, dict)):
        return own
    if not shared.value:
        return own
    value = dict(own.value)
    children, owners = {**shared.tree.children, **own.tree.children}, {**shared.tree.owners, **own.tree.owners}
    for key in own.value:
        below = shared.value.get(key)
        if isinstance(below, dict | list):
            value[key], children[key] = lay_part(key, own.part(key), shared.part(key))
    for key, part in shared.value.items():
        value.setdefault(key, part)
    return Layer(value, own.tree.with_children(children, owners))


def _lay_argument(key: str, own: Layer, shared: Layer) -> Layer:
    """Lay an argument of a pipeline over that of another one."""
    return _lay_entries(key, own, shared) if key in NAMES else _lay_entry_argument(key, own, shared)


def _lay_entry_argument(key: str, own: Layer, shared: Layer) -> Layer:
    """Lay an argument of a task or a group over that of another one."""
    if key in WHOLE:
        return own
    # inside of a value, keys are whatever its author likes; only default_args are arguments once more
    return _lay(own, shared, _lay_entry_argument if key == "default_args" else _lay_value)


def _lay_value(_: str, own: Layer, shared: Layer) -> Layer:
    return _lay(own, shared, _lay_value)


def _lay_entry(_: str, own: Layer, shared: Layer) -> Layer:
    return _lay(own, shared, _lay_entry_argument)


def _lay_entries(key: str, own: Layer, shared: Layer) -> Layer:
    if isinstance(own.value, dict) and isinstance(shared.value, dict):
        return _lay(own, shared, _lay_entry)
    below = entries(Layer({key: shared.value}, Tree().with_children({key: shared.tree})), key)
    if isinstance(own.value, list):
        return _lay_list(NAMES[key], own, shared, below)
    if isinstance(own.value, dict) and isinstance(shared.value, list):
        return _lay_list(NAMES[key], _as_list(NAMES[key], own), shared, below)
    return own


def _as_list(name: str, layer: Layer) -> Layer:
    """Turn entries in map form into list form."""
    value, children = [], {}
    for index, (entry_id, entry) in enumerate(layer.value.items()):
        named = _named(name, entry_id, layer.part(entry_id), layer.tree.key_tree(entry_id))
        value.append(named.value if isinstance(entry, dict) else entry)
        children[index] = named.tree
    return Layer(value, layer.tree.with_children(children, {}))


def _named(name: str, entry_id: str, entry: Layer, key: Tree) -> Layer:
    """Put its id into an entry that had it as its key."""
    if not isinstance(entry.value, dict) or name in entry.value:
        return entry
    tree = entry.tree.with_children({**entry.tree.children, name: key}, {**entry.tree.owners, name: key})
    return Layer({name: entry_id, **entry.value}, tree)


def _lay_list(name: str, own: Layer, shared: Layer, below: Mapping[str, Layer]) -> Layer:
    value, children = [], {}
    seen = set()
    for index, entry in enumerate(own.value):
        entry_id = entry.get(name) if isinstance(entry, dict) else None
        part = own.part(index)
        if isinstance(entry_id, str) and entry_id in below and entry_id not in seen:
            part = _lay(part, below[entry_id], _lay_entry_argument)
        seen.add(entry_id if isinstance(entry_id, str) else None)
        value.append(part.value)
        children[index] = part.tree
    for entry_id, entry_below in below.items():
        if entry_id not in seen:
            added = _named(name, entry_id, entry_below, shared.tree.key_tree(entry_id))
            children[len(value)] = added.tree
            value.append(added.value)
    return Layer(value, own.tree.with_children(children, {}))


def _joined(own: Layer, shared: Layer) -> Layer:
    """Join two lists; what stands in both is taken once."""
    value: list[Any] = []
    children, seen = {}, set[str]()
    for layer in (shared, own):
        for index, item in enumerate(layer.value):
            if not isinstance(item, str) or item not in seen:
                children[len(value)] = layer.tree.find((index,))
                value.append(item)
            if isinstance(item, str):
                seen.add(item)
    return Layer(value, own.tree.with_children(children, {}))


def _with(layer: Layer, key: str, part: Layer) -> Layer:
    tree = layer.tree.with_children({**layer.tree.children, key: part.tree})
    return Layer({**layer.value, key: part.value}, tree)
