"""What is known of a file that was looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.load.file_states import FileState


@dataclass(slots=True)
class KnownPipeline:
    """What is known of one pipeline of a file."""

    dag_id: str
    spec: str | None
    """Its JSON; None if it was not asked for, or the file was not checked."""
    outcome: str | None
    """How its build ended: empty if well, else the JSON of a diagnostic; None if it is not known."""


@dataclass(slots=True)
class KnownFile:
    """What is known of one file."""

    state: FileState
    depends_on: Mapping[Path, FileState] = field(default_factory=dict)
    """The other files that its pipelines are made of, and those that would be if they were there."""
    checked: bool = True
    """Whether it was checked, or only searched for DAG ids."""
    findings: str = ""
    """The JSON of what the check said; empty if nothing."""
    text: str = ""
    """What the file says; the cache gives it only when it is asked for it."""
    pipelines: list[KnownPipeline] = field(default_factory=list)
