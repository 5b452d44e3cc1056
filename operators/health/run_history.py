"""What CheckDagRuns remembers of each DAG's runs, so that a DAG can be compared with what it usually does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from operators.health.airflow_rows import DagRun, Listing
from operators.health.known_failures import KnownFailures

_RUNS_KEPT = 30
_FORGOTTEN_AFTER = timedelta(days=90)
_GAPS_NEEDED = 2
_LONG_GAP = 1.5
"""Times the usual; a longer one is a pause."""
_OVERLAP = timedelta(minutes=5)
"""A run may get its end a little after another check has looked."""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """One finished run."""

    ended_at: float
    """Unix time."""
    seconds: float
    succeeded: bool


@dataclass(slots=True)
class DagPast:
    """What is known of one DAG."""

    runs: list[KnownRun] = field(default_factory=list)
    """The last ones, in the order in which they ended."""
    starts: list[tuple[float, float]] = field(default_factory=list)
    """When its last scheduled runs were due (Unix time), and by how many seconds they started late; the newest last."""
    by_hand: list[float] = field(default_factory=list)
    """The dates that its last runs were for that took the place of scheduled ones (Unix time)."""

    @property
    def newest_due(self) -> float:
        """When the newest run that was seen was due; a run that was due earlier and starts now is a repetition."""
        return self.starts[-1][0] if self.starts else 0.0

    @property
    def newest_late(self) -> float | None:
        """By how many seconds the newest run started late; None if that cannot be said, as after a pause.

        A DAG that is taken out of its pause, or has a new schedule, gets a run that was due long ago.
        """
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(self.starts)]
        is_regular = len(gaps) >= _GAPS_NEEDED and gaps[-1] <= _LONG_GAP * median(gaps[:-1])
        return self.starts[-1][1] if is_regular else None

    @property
    def last_success(self) -> float | None:
        """When its last success ended."""
        return next((run.ended_at for run in reversed(self.runs) if run.succeeded), None)

    @property
    def last_seen(self) -> float:
        """When anything was last heard of it."""
        return max(self.newest_due, self.runs[-1].ended_at if self.runs else 0.0)

    def usual_seconds(self, *, before: float, min_runs: int) -> float | None:
        """Give the median duration of the successes that ended before a moment; None if there are too few."""
        known = [run.seconds for run in self.runs if run.succeeded and run.ended_at < before]
        return median(known) if len(known) >= min_runs else None

    def usual_late(self, *, min_runs: int) -> float | None:
        """Give the median lateness of all runs but the newest; None if there are too few."""
        known = [late for _, late in self.starts[:-1]]
        return median(known) if len(known) >= min_runs else None

    def usual_failure_ratio(self, *, before: float, min_runs: int) -> float | None:
        """Give the failed part of the runs that ended before a moment; None if there are too few."""
        known = [run for run in self.runs if run.ended_at < before]
        return sum(not run.succeeded for run in known) / len(known) if len(known) >= min_runs else None

    def usual_gap(self, *, min_runs: int) -> float | None:
        """Give the time between two scheduled runs; None if too few are known.

        It is the median or, should the schedule have become a slower one, the newest.
        """
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(self.starts)]
        return max(median(gaps), gaps[-1]) if len(gaps) >= min_runs else None


class RunHistory:
    """The past of all DAGs."""

    def __init__(self, kept: Mapping[str, Any] | None) -> None:
        value = kept or {}
        self._seen_until: float | None = value.get("seen_until")
        self._complete_since: float | None = value.get("complete_since")
        self.silent: frozenset[str] = frozenset(value.get("silent", ()))
        """The active DAGs that had not succeeded for unusually long when the last look was taken."""
        self.failed = KnownFailures(DagRun, lambda run: (run.dag_id, run.run_id), value.get("failed"))
        """The runs that failed within the window."""
        self.dags: dict[str, DagPast] = {name: _read_past(past) for name, past in value.get("dags", {}).items()}

    def past(self, dag_id: str) -> DagPast:
        """Give what is known of a DAG, which may be nothing."""
        return self.dags.get(dag_id) or DagPast()

    def next_look(self, *, now: datetime, window: timedelta) -> datetime:
        """Give the moment since which successes have to be read."""
        start = now - window
        return start if self._seen_until is None else max(start, _moment(self._seen_until) - _OVERLAP)

    def learn(self, failed: Listing[DagRun], succeeded: Listing[DagRun], *, since: datetime, now: datetime) -> None:
        """Add the runs that were read.

        :param succeeded: those since ``since``, the newest first
        :param since: see :meth:`next_look`
        """
        self._note_completeness(failed, succeeded, since)
        self._seen_until = now.timestamp()
        for run in sorted((*failed.rows, *succeeded.rows), key=lambda run: run.due_at):
            self._note_start(run)
            self._note_date(run)
        for run in sorted((*failed.rows, *succeeded.rows), key=lambda run: run.ended_at or now):
            self._note_end(run)

    def learn_starts(self, runs: Iterable[DagRun]) -> None:
        """Add what running runs say about being late."""
        for run in sorted(runs, key=lambda run: run.due_at):
            self._note_start(run)
            self._note_date(run)

    def learn_successes(self, runs: Iterable[DagRun]) -> None:
        """Add some successes that were asked for by name."""
        for run in runs:
            self._note_end(run)

    def count_finished(self, dag_id: str, *, since: datetime) -> int | None:
        """Count a DAG's runs that ended since a moment; None where not all of them are known."""
        runs = self.past(dag_id).runs
        start = since.timestamp()
        forgot_some = len(runs) >= _RUNS_KEPT and runs[0].ended_at > start
        if self._complete_since is None or self._complete_since > start or forgot_some:
            return None
        return sum(run.ended_at >= start for run in runs)

    def to_json(self, *, now: datetime) -> dict[str, Any]:
        """Give the plain form, without DAGs that nobody has seen for long."""
        oldest = (now - _FORGOTTEN_AFTER).timestamp()
        return {
            "seen_until": self._seen_until,
            "complete_since": self._complete_since,
            "silent": sorted(self.silent),
            "failed": self.failed.to_json(),
            "dags": {name: _write_past(past) for name, past in self.dags.items() if past.last_seen >= oldest},
        }

    def _note_completeness(self, failed: Listing[DagRun], succeeded: Listing[DagRun], since: datetime) -> None:
        """Note since when every finished run is known: two looks that touch are one, and a list may be cut."""
        is_touching = self._seen_until is not None and since.timestamp() <= self._seen_until
        before = self._complete_since if is_touching and self._complete_since is not None else since.timestamp()
        ends = [listing.rows[-1].ended_at for listing in (failed, succeeded) if listing.is_cut and listing.rows]
        self._complete_since = max(before, *(end.timestamp() for end in ends if end), 0.0)

    def _note_start(self, run: DagRun) -> None:
        past = self.dags.setdefault(run.dag_id, DagPast())
        due = run.due_at.timestamp()
        if run.run_type != "scheduled" or run.started_at is None or due <= past.newest_due:
            return
        late = round(max(run.started_at.timestamp() - due, 0.0), 1)
        past.starts = [*past.starts, (due, late)][-_RUNS_KEPT:]

    def _note_date(self, run: DagRun) -> None:
        if run.run_type == "scheduled" or run.logical_at is None:
            return
        past, date = self.dags.setdefault(run.dag_id, DagPast()), run.logical_at.timestamp()
        if date not in past.by_hand:
            past.by_hand = [*past.by_hand, date][-_RUNS_KEPT:]

    def _note_end(self, run: DagRun) -> None:
        if run.ended_at is None or run.seconds is None:
            return
        past = self.dags.setdefault(run.dag_id, DagPast())
        known = KnownRun(round(run.ended_at.timestamp(), 3), round(run.seconds, 3), run.state == "success")
        if known not in past.runs:
            past.runs = sorted([*past.runs, known], key=lambda other: other.ended_at)[-_RUNS_KEPT:]


def _read_past(value: Mapping[str, Any]) -> DagPast:
    runs = [KnownRun(ended, seconds, bool(succeeded)) for ended, seconds, succeeded in value["runs"]]
    return DagPast(runs, [(due, late) for due, late in value["starts"]], value.get("by_hand", []))


def _write_past(past: DagPast) -> dict[str, Any]:
    runs = [[run.ended_at, run.seconds, int(run.succeeded)] for run in past.runs]
    return {"runs": runs, "starts": [list(start) for start in past.starts], "by_hand": past.by_hand}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
