"""What the commands read: the pipeline files that were named, and the schema in use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.commands.outcome import UsageError

PIPELINES = "pipelines"
"""The folder that is read if none is named."""
SCHEMA_IN_PROJECT = Path("schemas/pipeline.schema.json")
"""Where a project keeps the schema of its own installed operators; there it is found without being named."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which pipelines are read, and how."""

    paths: Sequence[str] = (PIPELINES,)
    """Files and folders."""
    schema: str | None = None
    """The schema file; that of the project, else the packaged one, if not given."""
    named_environment: str | None = None
    """The environment that pipelines are in; that of Airflow here if not given."""

    @property
    def environment(self) -> str:
        """The environment that pipelines are in; empty for none."""
        from schemas.surroundings import chosen_environment

        return chosen_environment() if self.named_environment is None else self.named_environment

    @property
    def schema_file(self) -> Path:
        """The schema file to use."""
        return schema_file(self.schema)


def schema_file(named: str | None) -> Path:
    """Give the schema to use: the one that was named, that of the project, or else the packaged one.

    :raises UsageError: if it is none
    """
    from schemas.contract import SCHEMA_FILE, load_contract

    path = Path(named) if named else SCHEMA_IN_PROJECT if SCHEMA_IN_PROJECT.is_file() else SCHEMA_FILE
    try:
        load_contract(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be used as schema: {reason}") from None
    return path


def yaml_files(paths: Sequence[str]) -> list[Path]:
    """Give the YAML files of files and folders, each once: those of pipelines, and those that have a part in them.

    :raises UsageError: if one cannot be read, or a folder has none
    """
    from schemas.checker import iter_yaml_files

    found: dict[str, Path] = {}
    for path in map(Path, paths):
        _require_readable(path)
        files = list(iter_yaml_files(path)) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"{path}: the folder has no YAML files")
        for file in files:
            # a file named twice, in whatever spelling, is one file; it is shown as it was named first
            found.setdefault(os.path.abspath(file), file)  # noqa: PTH100 (keeps links; resolve() is slow)
    return list(found.values())


def pipeline_files(paths: Sequence[str]) -> list[Path]:
    """Give the files of files and folders that hold pipelines, each once.

    :raises UsageError: if one cannot be read, or a folder has none
    """
    from schemas.checker import iter_side_files

    beside = {file for path in map(Path, paths) if path.is_dir() for file in iter_side_files(path)}
    return [file for file in yaml_files(paths) if file not in beside]


def _require_readable(path: Path) -> None:
    if not path.exists():
        reason = "the link leads nowhere" if path.is_symlink() else "no such file or folder"
        raise UsageError(f"{path}: {reason}")
    if not os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK):
        raise UsageError(f"{path}: cannot be read: permission denied")
