"""How long a DAG has not succeeded, and how much of that time runs were due that should have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from operators.health.run_history import DagPast


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The time in which one DAG has not succeeded."""

    age: float | None
    """Seconds since its last success; None if none is known."""
    missed: float
    """Seconds for which its schedule has had runs that did not succeed since then."""
    gap: float | None
    """Seconds between two of its scheduled runs; None if too few are known."""

    @property
    def times(self) -> float | None:
        """How many times the usual its silence is, 0 if no run was missed; None if that cannot be said.

        The run before the first that was missed may have succeeded long before that one was due, as on a Friday.
        """
        if self.age is None or not self.gap:
            return None
        return min(self.age, self.missed + self.gap) / self.gap if self.missed else 0.0


def measure_silence(
    past: DagPast, *, queued: Iterable[float], next_due: float | None, now: float, min_runs: int
) -> Silence:
    """Measure a DAG's silence; all moments are Unix times.

    :param past: its runs
    :param queued: when those of its scheduled runs were due that have not started
    :param next_due: when the first of its runs is or was due that was not made; None if it has no next run
    :param min_runs: so many intervals of its schedule have to be known
    """
    last = past.last_success
    since = last or 0.0
    gap = past.usual_gap(min_runs=min_runs, next_due=next_due)
    dues = [due for due in {*(due for due, _ in past.starts), *queued} if since < due <= now]
    overdue = max(next_due, since) if next_due is not None and next_due <= now else None
    return Silence(
        age=None if last is None else round(max(now - last, 0.0), 1),
        missed=_missed(sorted(dues), overdue, now, gap) if gap else 0.0,
        gap=gap,
    )


def _missed(dues: list[float], overdue: float | None, now: float, gap: float) -> float:
    """Add up the time after each run that was due, up to the next one, or to where the next one would usually be.

    :param overdue: since when a run should have been made: from there on, all time counts
    """
    end = now if overdue is None else overdue
    marks = [*(due for due in dues if due < end), end]
    counted = sum(min(later - earlier, gap) for earlier, later in pairwise(marks))
    return counted + (now - end)
