"""What a run at the terminal is asked for; it goes to the process that runs it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A run."""

    dag_id: str
    file: str
    """Of the pipeline, as an absolute path."""
    schema: str
    """The schema file in use."""
    environment: str = ""
    """The one that the pipeline is in; none if empty."""
    conf: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the run."""
    task: str | None = None
    """If given, only this task and those that it needs run; its name is that of the YAML."""
    skipped: tuple[str, ...] = ()
    """Tasks that are taken for done."""
