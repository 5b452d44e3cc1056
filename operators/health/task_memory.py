"""What CheckTaskFailures remembers: errors it has read, how many failures and retries are usual, where tasks run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from operators.health.airflow_rows import TaskInstance
from operators.health.known_failures import KnownFailures
from operators.health.task_errors import TaskError, key_of

_LOOKS_KEPT = 48
_ERRORS_KEPT = 500
_FADING = 0.9
"""What earlier looks weigh in the picture of where tasks run."""
_LEAST_WEIGHT = 0.01
PLACES = ("host", "pool", "operator")


@dataclass(frozen=True, slots=True)
class Look:
    """The numbers of one check."""

    run_id: str
    failed: int
    retrying: int


class TaskMemory:
    """The memory."""

    def __init__(self, kept: Mapping[str, Any] | None) -> None:
        value = kept or {}
        self.errors: dict[str, tuple[TaskError, float]] = {
            key: (TaskError(kind, text, signature), ended_at)
            for key, (kind, text, signature, ended_at) in value.get("errors", {}).items()
        }
        """Task instance -> its error, and when it failed (Unix time)."""
        self._looks = [Look(*look) for look in value.get("looks", [])]
        self.failed = KnownFailures(TaskInstance, lambda ti: (ti.task, ti.run_id), value.get("failed"))
        """What failed within the window."""
        self._places: dict[str, dict[str, float]] = {place: {} for place in PLACES} | value.get("places", {})

    def error_of(self, ti: TaskInstance) -> TaskError | None:
        """Give the error of a task instance, if its log was read."""
        found = self.errors.get(key_of(ti))
        return found[0] if found else None

    def learn_errors(self, errors: Mapping[str, TaskError], failed: Iterable[TaskInstance], *, now: datetime) -> None:
        """Add errors that were read."""
        ends = {key_of(ti): ti.ended_at or now for ti in failed}
        self.errors |= {key: (error, ends[key].timestamp()) for key, error in errors.items()}

    def learn_running(self, running: Iterable[TaskInstance]) -> None:
        """Add a sample of the tasks that run."""
        tasks = list(running)
        for place in PLACES:
            weights = Counter(place_of(ti, place) for ti in tasks)
            before = {name: weight * _FADING for name, weight in self._places[place].items()}
            merged = {name: before.get(name, 0.0) + weights[name] for name in {*before, *weights} if name}
            self._places[place] = {name: round(w, 3) for name, w in sorted(merged.items()) if w >= _LEAST_WEIGHT}

    def share_of(self, place: str, name: str) -> float | None:
        """Give the part of the tasks that run at a place; None if only one place is known, which says nothing."""
        weights = self._places[place]
        total = sum(weights.values())
        return weights.get(name, 0.0) / total if total and set(weights) != {name} else None

    def usual(self, number: str, *, run_id: str, min_looks: int) -> float | None:
        """Give the median of a number over the earlier checks; None if there are too few.

        :param number: ``failed`` or ``retrying``
        :param run_id: of this check, which does not count
        """
        known = [getattr(look, number) for look in self._looks if look.run_id != run_id]
        return median(known) if len(known) >= min_looks else None

    def learn_look(self, look: Look) -> None:
        """Add the numbers of this check, or replace those of its earlier try."""
        others = [other for other in self._looks if other.run_id != look.run_id]
        self._looks = [*others, look][-_LOOKS_KEPT:]

    def to_json(self, *, now: datetime, window: timedelta) -> dict[str, Any]:
        """Give the plain form, without errors from before the window."""
        oldest = (now - window).timestamp()
        fresh = sorted((item for item in self.errors.items() if item[1][1] >= oldest), key=lambda item: -item[1][1])
        return {
            "errors": {k: [e.kind, e.text, e.signature, round(at, 1)] for k, (e, at) in fresh[:_ERRORS_KEPT]},
            "looks": [[look.run_id, look.failed, look.retrying] for look in self._looks],
            "places": self._places,
            "failed": self.failed.to_json(),
        }


def place_of(ti: TaskInstance, place: str) -> str:
    """Give the host, pool or operator of a task instance; empty if it has none."""
    return {"host": ti.hostname, "pool": ti.pool, "operator": ti.operator}[place]
