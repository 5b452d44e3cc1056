"""What a task's arguments are when default_args are counted in: the task's own, its groups', the pipeline's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.outline import Name, Node, Outline, Path


@dataclass(frozen=True, slots=True)
class Argument:
    """A value and where it is given."""

    value: Any
    path: Path


class TaskArguments:
    """Looks arguments up as Airflow does: the nearest one counts."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._groups = {group.id: group for group in outline.groups}
        self._known: dict[tuple[str, str], Argument | None] = {}

    def find(self, task: Node, key: str) -> Argument | None:
        """Give an argument of a task; None if it is not given anywhere.

        :param task: the task
        :param key: e.g. ``trigger_rule``
        """
        return _given(task.config, key, task.path) or self._inherited(task.group, key)

    def is_shared(self, key: str) -> bool:
        """Tell whether every task has an argument, at least that of the pipeline's default_args."""
        return self._shared(key) is not None

    def _inherited(self, name: Name | None, key: str) -> Argument | None:
        """Walk up the groups; what is found holds for each group on the way, so each is walked once."""
        found, passed = None, list[tuple[str, str]]()
        while name is not None and name.text in self._groups and found is None:
            at = (name.text, key)
            if at in self._known:
                found = self._known[at]
                break
            group = self._groups[name.text]
            self._known[at] = None  # also ends the walk through groups that lie in each other in a circle
            passed.append(at)
            found = _given((group.config or {}).get("default_args"), key, (*group.path, "default_args"))
            name = group.group
        found = found or self._shared(key)
        self._known.update(dict.fromkeys(passed, found))
        return found

    def _shared(self, key: str) -> Argument | None:
        return _given(self._outline.config.get("default_args"), key, (self._outline.dag_id, "default_args"))


def _given(values: Mapping[str, Any] | Any, key: str, path: Path) -> Argument | None:
    if isinstance(values, dict) and values.get(key) is not None:
        return Argument(values[key], (*path, key))
    return None
