"""The frozen result of a check: what the build reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.diagnostic import Place


@dataclass(frozen=True, slots=True)
class Task:
    """A task that was checked."""

    id: str
    config: Mapping[str, Any]
    """As in the YAML, without task_id."""
    references: Mapping[str, tuple[str, ...]]
    """Parameter -> ids of the tasks whose results it takes."""
    conversions: Mapping[str, str]
    """Parameter -> ``duration`` or ``date``, for those whose text stands for a Python value."""
    place: Place
    """Where the task's name stands in its file."""
    thresholds: Mapping[str, str] = field(default_factory=dict)
    """What it judges -> by which bounds, as in ``gates.recall``, ``min 0.9, warn 0.92``."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that was checked."""

    dag_id: str
    path: Path
    place: Place
    """Where the pipeline's name stands in it."""
    config: Mapping[str, Any]
    """What it has been given, its own values laid over those that it shares with others; without tasks."""
    tasks: tuple[Task, ...]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts in its files that look like secrets, though a comment may say otherwise: shown nowhere."""
