"""The frozen result of a check: what the build reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.diagnostic import Place
from schemas.expressions import Expression


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that a task or group waits for."""

    name: str
    """Of a task or group."""
    label: str | None = None
    """What the UI shows on the arrow."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task that was checked."""

    id: str
    config: Mapping[str, Any]
    """As in the YAML, without task_id."""
    group: str | None
    """The group that it belongs to."""
    dependencies: tuple[Dependency, ...]
    """What it says that it waits for."""
    expressions: tuple[Expression, ...]
    """The values that are only known in a run, as results of other tasks; their paths start in ``config``."""
    conversions: Mapping[str, str]
    """Parameter -> what its value stands for, e.g. a ``duration``, as :func:`schemas.kinds.conversion` says."""
    place: Place
    """Where the task's name stands in its file."""
    thresholds: Mapping[str, str] = field(default_factory=dict)
    """What it judges -> by which bounds, as in ``gates.recall``, ``min 0.9, warn 0.92``."""


@dataclass(frozen=True, slots=True)
class Group:
    """A task group that was checked."""

    id: str
    config: Mapping[str, Any]
    """As in the YAML."""
    group: str | None
    """The group that it is part of."""
    dependencies: tuple[Dependency, ...]
    """What it says that it waits for."""
    expressions: tuple[Expression, ...]
    """What it is mapped over that is only known in a run; their paths start in ``config``."""
    parameters: tuple[str, ...]
    """What its tasks take of what it is mapped over."""
    place: Place
    """Where the group's name stands in its file."""

    @property
    def is_mapped(self) -> bool:
        """Whether it runs once for each of several values."""
        return "expand" in self.config or "expand_kwargs" in self.config


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that was checked."""

    dag_id: str
    path: Path
    place: Place
    """Where the pipeline's name stands in it."""
    config: Mapping[str, Any]
    """What it has been given, its own values laid over those that it shares with others; without tasks and groups."""
    tasks: tuple[Task, ...]
    groups: tuple[Group, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts in its files that look like secrets, though a comment may say otherwise: shown nowhere."""
