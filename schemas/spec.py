"""The frozen result of a check: what the build reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.diagnostic import Place

KINDS = ("duration", "date", "time", "date or time", "function")
"""The Python values that texts of parameters stand for."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task that was checked."""

    id: str
    config: Mapping[str, Any]
    """As in the YAML, without task_id."""
    references: Mapping[str, tuple[str, ...]]
    """Parameter -> ids of the tasks whose results it takes."""
    conversions: Mapping[str, str]
    """Parameter -> what its text stands for, one of :data:`KINDS`; for those that are not taken as they are."""
    place: Place
    """Where the task's name stands in its file."""


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
