"""What an operator remembers from run to run: numbered generations below the artefact root, each created whole.

``<root>/state/<dag_id>/<task_id>/<generation>.json``. A generation is created only if it is absent, so that of two runs
that have read the same one, one goes on and the other is told. The last few stay, as a way back.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from operators.artifacts import artifact_root, open_location, path_safe
from operators.created_files import create_file, numbers_in

log = logging.getLogger("airflow.task")

_KEPT_GENERATIONS = 5


class StateMovedError(RuntimeError):
    """Another run has written since the state was read; the task is retried, and reads it anew."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was read."""

    generation: int
    """0 if nothing was ever kept."""
    value: Any
    """Plain JSON; None if nothing was ever kept."""


class KeptState:
    """The memory of one task of one DAG.

    :param dag_id: the DAG
    :param task_id: the task
    """

    def __init__(self, dag_id: str, task_id: str) -> None:
        parts = [artifact_root().rstrip("/"), "state", path_safe(dag_id), path_safe(task_id)]
        self._folder = open_location("/".join(parts))

    def read(self) -> Memory:
        """Read the newest generation; one that cannot be read is left out, with a warning in the log."""
        numbers = sorted(numbers_in(self._folder), reverse=True)
        for number in numbers:
            path = self._folder / f"{number:08d}.json"
            try:
                return Memory(numbers[0], json.loads(path.read_bytes()))
            except (ValueError, FileNotFoundError) as error:
                log.warning("%s is left out: %s: %s", path, type(error).__name__, error)
        return Memory(numbers[0] if numbers else 0, None)

    def write(self, value: Any, *, after: Memory) -> None:
        """Keep a new generation, and let go of all but the last few.

        :param value: plain JSON
        :param after: what was read before
        :raises StateMovedError: if another run has written since
        """
        path = self._folder / f"{after.generation + 1:08d}.json"
        try:
            create_file(path, json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
        except FileExistsError:
            raise StateMovedError(f"{path} was written by another run since this one has read the state") from None
        for number in numbers_in(self._folder):
            if number <= after.generation + 1 - _KEPT_GENERATIONS:
                (self._folder / f"{number:08d}.json").unlink(missing_ok=True)
