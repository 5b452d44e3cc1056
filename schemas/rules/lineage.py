"""Where data and models come from: follows the references of a task up to the tasks that made what it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from schemas.outline import Node, Outline


class Lineage:
    """The tasks of a pipeline, to be followed from one to the other."""

    def __init__(self, outline: Outline) -> None:
        self._tasks = {task.id: task for task in outline.tasks}
        self._ids: dict[str, list[str]] = defaultdict(list)
        for task in outline.tasks:
            self._ids[operator_of(task)].append(task.id)

    def task(self, task_id: str) -> Node | None:
        """Give a task by its id; None if there is none."""
        return self._tasks.get(task_id)

    def ids(self, operators: Iterable[str]) -> list[str]:
        """Give the ids of the tasks with one of some operators."""
        return [task_id for operator in operators for task_id in self._ids[operator]]

    def source(self, task: Node | None, key: str) -> Node | None:
        """Give the task whose result a parameter takes; None if there is no such task.

        :param task: the task that has the parameter
        :param key: e.g. ``data``
        """
        value = None if task is None else (task.config or {}).get(key)
        return self._tasks.get(value) if isinstance(value, str) else None

    def first(self, task: Node | None, key: str, operator: str) -> Node | None:
        """Follow a parameter from task to task until one of an operator; None if there is none.

        :param task: where to start; it may be the one itself
        :param key: e.g. ``data``
        :param operator: its name in the YAML
        """
        seen = set[str]()
        while task is not None and task.id not in seen:
            if operator_of(task) == operator:
                return task
            seen.add(task.id)
            task = self.source(task, key)
        return None


def operator_of(task: Node | None) -> str:
    """Give the operator of a task; nothing if there is no task, or it has none that is text."""
    name = (task.config or {}).get("operator") if task is not None else None
    return name if isinstance(name, str) else ""
