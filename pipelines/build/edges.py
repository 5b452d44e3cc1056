"""Sets what waits for what, between tasks and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def set_dependencies(nodes: Mapping[str, Any], dependencies: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Make nodes wait for others.

    :param nodes: name as in the YAML -> the task or group
    :param dependencies: a node's name, and the names of those it waits for
    """
    for name, names in dependencies:
        for upstream in names:
            nodes[name].set_upstream(nodes[upstream])
