"""What CheckDagRuns remembers of each DAG's runs, so that a DAG can be compared with what it usually does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from operators.health.airflow_rows import Dag, DagRun, Listing
from operators.health.known_failures import KnownFailures

_RUNS_KEPT = 30
_FORGOTTEN_AFTER = timedelta(days=90)
_GAPS_NEEDED = 2
_LONG_GAP = 1.5
"""Times the usual; a longer one is a pause."""
_CATCHING_UP = 3
"""So many runs have to start in short order; fewer may do so by chance."""
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
    first_start: float | None = None
    """When the first of its scheduled runs that was seen has started (Unix time)."""
    last_success: float | None = None
    """When its last success ended (Unix time), also where so many failures came after it that it is not in ``runs``."""

    @property
    def newest_due(self) -> float:
        """When the newest run that was seen was due; a run that was due earlier and starts now is a repetition."""
        return self.starts[-1][0] if self.starts else 0.0

    def forgotten_until(self, moment: float) -> float:
        """Give the moment up to which scheduled runs may be forgotten that were due after a moment (Unix times)."""
        is_full = len(self.starts) >= _RUNS_KEPT
        return max(moment, self.starts[0][0]) if is_full else moment

    @property
    def newest_start(self) -> float:
        """When the newest scheduled run that was seen has started (Unix time)."""
        return sum(self.starts[-1]) if self.starts else 0.0

    @property
    def newest_end(self) -> float:
        """When the last run has ended (Unix time)."""
        return self.runs[-1].ended_at if self.runs else 0.0

    @property
    def newest_late(self) -> float | None:
        """By how many seconds the newest run started late; None if that cannot be said, as after a pause.

        A DAG that is taken out of its pause, or has a new schedule, gets a run that was due long ago. One that works
        off a backlog gets many.
        """
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(self.starts)]
        is_regular = len(gaps) >= _GAPS_NEEDED and gaps[-1] <= _LONG_GAP * median(gaps[:-1])
        return self.starts[-1][1] if is_regular and not self._is_catching_up else None

    @property
    def _is_catching_up(self) -> bool:
        """Whether the newest runs started at least twice as fast one after the other as they were due."""
        pairs = list(pairwise(self.starts[-_CATCHING_UP:]))
        return all(sum(later) - sum(earlier) <= (later[0] - earlier[0]) / 2 for earlier, later in pairs)

    @property
    def last_seen(self) -> float:
        """When anything was last heard of it."""
        return max(self.newest_start, self.newest_end)

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

    def median_gap(self, *, min_runs: int) -> float | None:
        """Give the median time between two scheduled runs; None if too few are known."""
        gaps = [later[0] - earlier[0] for earlier, later in pairwise(self.starts)]
        return median(gaps) if len(gaps) >= min_runs else None

    def usual_gap(self, *, min_runs: int, next_due: float | None) -> float | None:
        """Give the time between two scheduled runs; None if too few are known.

        It is the median or, should the schedule have become a slower one, the newest. After a night without runs the
        newest is long, too, but then the next run is due soon.

        :param next_due: when the next run is due (Unix time)
        """
        usual = self.median_gap(min_runs=min_runs)
        if usual is None:
            return None
        newest = self.starts[-1][0] - self.starts[-2][0]
        coming = newest if next_due is None else max(next_due - self.newest_due, 0.0)
        return max(usual, min(newest, coming))


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
        self._due_before: Mapping[str, float] = value.get("due", {})
        self._due: dict[str, float] = {}
        self.inactive: Mapping[str, float] = value.get("inactive", {})
        """DAGs that were asked for and not found active -> when that was (Unix time)."""
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

    def learn_due(self, dags: Iterable[Dag], *, now: datetime, knows_running: bool) -> None:
        """Add when the next run of each DAG is due; to be called after what teaches its runs.

        While Airflow cannot make the run of a DAG that does not catch up, it takes the next date again and again. The
        first one is kept, as long as every run is known that could have been made for it.

        :param knows_running: whether all runs were read that are running
        """
        for dag in dags:
            past = self.past(dag.dag_id)
            # Where a run by hand has the date of the scheduled one, each parse lets that one be due again for a moment.
            is_made = dag.next_logical_at is not None and dag.next_logical_at.timestamp() in past.by_hand
            if dag.next_due_at is None or is_made:
                continue
            due, before = dag.next_due_at.timestamp(), self._due_before.get(dag.dag_id, 0.0)
            is_open = max(past.newest_due, past.last_success or 0.0) < before < due <= now.timestamp()
            is_known = knows_running and self.is_complete_since(before)
            self._due[dag.dag_id] = before if is_open and is_known else due

    def next_due(self, dag_id: str) -> float | None:
        """Give when the first run of a DAG is or was due that was not made (Unix time); None if that is not known."""
        return self._due.get(dag_id)

    def is_complete_since(self, moment: float) -> bool:
        """Tell whether every run is known that has ended since a moment (Unix time)."""
        return self._complete_since is not None and self._complete_since <= moment

    def count_finished(self, dag_id: str, *, since: datetime) -> int | None:
        """Count a DAG's runs that ended since a moment; None where not all of them are known."""
        runs = self.past(dag_id).runs
        start = since.timestamp()
        forgot_some = len(runs) >= _RUNS_KEPT and runs[0].ended_at > start
        if forgot_some or not self.is_complete_since(start):
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
            "due": self._due,
            "inactive": {name: at for name, at in self.inactive.items() if at >= oldest},
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
        past.first_start = past.first_start or due + late
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
        if known.succeeded:
            past.last_success = max(known.ended_at, past.last_success or 0.0)
        if known not in past.runs:
            past.runs = sorted([*past.runs, known], key=lambda other: other.ended_at)[-_RUNS_KEPT:]


def _read_past(value: Mapping[str, Any]) -> DagPast:
    runs = [KnownRun(ended, seconds, bool(succeeded)) for ended, seconds, succeeded in value["runs"]]
    starts = [(due, late) for due, late in value["starts"]]
    first = value.get("first", sum(starts[0]) if starts else None)
    success = value.get("success", max((run.ended_at for run in runs if run.succeeded), default=None))
    return DagPast(runs, starts, value.get("by_hand", []), first, success)


def _write_past(past: DagPast) -> dict[str, Any]:
    runs = [[run.ended_at, run.seconds, int(run.succeeded)] for run in past.runs]
    starts = [list(start) for start in past.starts]
    success = {"first": past.first_start, "success": past.last_success}
    return {"runs": runs, "starts": starts, "by_hand": past.by_hand, **success}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
