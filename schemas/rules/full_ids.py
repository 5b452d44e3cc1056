"""The ids that Airflow gives to tasks and groups: those of the YAML with the names of the groups before them."""

from __future__ import annotations

from schemas.outline import Node, Outline

_LONGEST = 1000
"""Names are put together up to this length; Airflow allows far less."""


class FullIds:
    """Task ids with the names of their groups."""

    def __init__(self, outline: Outline) -> None:
        self._groups = {group.id: group for group in outline.groups}
        self._prefixes: dict[str, str] = {}

    def of(self, task: Node) -> str:
        """Give the id that Airflow has for a task or group, as in ``outer.inner.load``."""
        if task.group is None or task.group.text not in self._groups:
            return task.id
        return self._prefix(task.group.text) + task.id

    def _prefix(self, name: str) -> str:
        if name not in self._prefixes:
            parts, length, seen, group = [], 0, set[str](), self._groups.get(name)
            while group is not None and _gives_prefix(group) and group.id not in seen and length < _LONGEST:
                seen.add(group.id)
                parts.append(f"{group.id}.")
                length += len(parts[-1])
                group = self._groups.get(group.group.text) if group.group is not None else None
            self._prefixes[name] = "".join(reversed(parts))
        return self._prefixes[name]


def _gives_prefix(group: Node) -> bool:
    return (group.config or {}).get("prefix_group_id") is not False
