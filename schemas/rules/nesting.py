"""What lies in which task group, and which of the groups is a mapped one."""

from __future__ import annotations

from schemas.outline import Node, Outline


class Nesting:
    """The groups around tasks and groups."""

    def __init__(self, outline: Outline) -> None:
        self._groups = {group.id: group for group in outline.groups}
        self._mapped: dict[str, Node | None] = {}

    def mapped_group_of(self, node: Node) -> Node | None:
        """Give the nearest mapped group that a task or group lies in; None if there is none.

        :param node: a task, or a group, which does not lie in itself
        """
        passed, found, name = list[str](), None, node.group
        while name is not None and found is None and name.text in self._groups:
            if name.text in self._mapped:
                found = self._mapped[name.text]
                break
            group = self._groups[name.text]
            self._mapped[name.text] = None  # also ends the walk through groups that lie in each other in a circle
            passed.append(name.text)
            found, name = (group, name) if group.is_mapped else (None, group.group)
        self._mapped.update(dict.fromkeys(passed, found))
        return found
