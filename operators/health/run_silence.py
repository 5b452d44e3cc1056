"""Which DAGs have not succeeded for too long, and for how much of that time runs were due that should have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from operators.health.airflow_api import AirflowApi
from operators.health.airflow_rows import Dag, DagRun
from operators.health.health_check import is_ignored
from operators.health.run_activity import Activity
from operators.health.run_history import DagPast, RunHistory
from operators.health.run_rules import RunRuleBook
from operators.thresholds import Threshold
from operators.verdict import Outcome

_NOT_ASKED = "whether it is paused could not be asked within the requests that a check may make"
_NOT_READ = "its last success is not among those that could be read within the requests that a check may make"
_NEVER_READ = "whether a run was ever due could not be asked within the requests that a check may make"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The time in which one DAG has not succeeded."""

    age: float | None
    """Seconds since its last success; None if none is known."""
    missed: float
    """Seconds for which its schedule has had runs that did not succeed since then."""
    gap: float | None
    """Seconds between two of its scheduled runs; None if too few are known."""
    due: float | None = None
    """Where it has never succeeded: seconds since its first run could start, 0 if none was due yet; None if it has no
    schedule."""

    @property
    def times(self) -> float | None:
        """How many times the usual its silence is, 0 if no run was missed; None if that cannot be said.

        The run before the first that was missed may have succeeded long before that one was due, as on a Friday.
        """
        if self.age is None or not self.gap:
            return None
        return min(self.age, self.missed + self.gap) / self.gap if self.missed else 0.0


class SilenceLooker:
    """Looks for DAGs that are silent.

    :param api: logged in
    :param rules: the thresholds
    :param history: what is known of the DAGs; what is asked is added to it
    :param queued: the runs that have not started
    :param left: gives how many requests may still be made
    """

    def __init__(
        self,
        api: AirflowApi,
        rules: RunRuleBook,
        history: RunHistory,
        queued: Sequence[DagRun],
        *,
        left: Callable[[], int],
    ) -> None:
        self._api = api
        self._rules = rules
        self._history = history
        self._queued = tuple(run for run in queued if run.run_type == "scheduled")
        self._left = left
        self._now = api.now.timestamp()

    def suspects(self, ignored: Sequence[str]) -> tuple[str, ...]:
        """Give the DAGs that may be silent for too long, those with a threshold of their own first."""
        known = dict.fromkeys((*self._rules.watched, *self._history.dags))
        return tuple(d for d in known if self._may_be_silent(d) and not is_ignored(d, ignored))

    def look(self, suspects: Sequence[str], activity: Activity) -> tuple[dict[str, Silence], dict[str, str]]:
        """Give the active DAGs whose last success may be too long ago, and why that is not known of others."""
        unsure = {dag_id: _NOT_ASKED for dag_id in suspects if activity.is_active(dag_id) is None}
        silent = [d for d in suspects if activity.is_active(d) and self.is_told(d, self._measure(d))]
        unsure |= dict.fromkeys(self._learn_successes(silent), _NOT_READ)
        found = {dag_id: self._measure(dag_id) for dag_id in silent if dag_id not in unsure}
        never = [dag_id for dag_id, silence in found.items() if silence.age is None]
        dues = self._first_dues(never, activity)
        unsure |= {dag_id: _NEVER_READ for dag_id in never if dag_id not in dues}
        found |= {dag_id: replace(found[dag_id], due=due) for dag_id, due in dues.items()}
        return {dag_id: silence for dag_id, silence in found.items() if dag_id not in unsure}, unsure

    def is_told(self, dag_id: str, silence: Silence) -> bool:
        """Tell whether a silence is over a threshold, as far as is known."""
        rules = self._rules.of(dag_id)
        if silence.age is None:
            return rules.success_age is not None
        return is_over(rules.success_age, silence.age) or is_over(rules.usual.success_age, silence.times)

    def _may_be_silent(self, dag_id: str) -> bool:
        """Tell whether a DAG has to be looked into: it is silent for too long if all the time counts."""
        past = self._history.past(dag_id)
        last, gap = past.last_success, past.median_gap(min_runs=self._rules.of(dag_id).usual.min_runs)
        age = None if last is None else max(self._now - last, 0.0)
        return self.is_told(dag_id, Silence(age=age, missed=age or 0.0, gap=gap))

    def _measure(self, dag_id: str) -> Silence:
        return measure_silence(
            self._history.past(dag_id),
            queued=[run.due_at.timestamp() for run in self._queued if run.dag_id == dag_id],
            next_due=self._history.next_due(dag_id),
            now=self._now,
            min_runs=self._rules.of(dag_id).usual.min_runs,
        )

    def _learn_successes(self, dag_ids: Sequence[str]) -> tuple[str, ...]:
        """Ask for the last success of each DAG, and give those of which it is still not known."""
        left = list(dag_ids)
        while left and self._left() > 0:
            listing = self._api.latest_successes(left)
            self._history.learn_successes(listing.rows)
            found = {run.dag_id for run in listing.rows}
            left = [dag_id for dag_id in left if dag_id not in found] if listing.is_cut else []
        return tuple(dag_id for dag_id in left if not self._knows_last_success(dag_id))

    def _knows_last_success(self, dag_id: str) -> bool:
        last = self._history.past(dag_id).last_success
        return last is not None and self._history.is_complete_since(last)

    def _first_dues(self, dag_ids: Sequence[str], activity: Activity) -> dict[str, float | None]:
        """Give how long ago the first run of each DAG could start, see :attr:`Silence.due`, where that is known."""
        starts: dict[str, float] = {}
        for run in self._queued:
            _keep_earliest(starts, run)
        for dag_id in dag_ids:
            if known := self._history.past(dag_id).first_start:
                starts[dag_id] = known
        found: dict[str, float | None] = {}
        for dag_id in dag_ids:
            moment = starts.get(dag_id, self._next_due(activity.dag(dag_id)))
            if moment is None or moment <= self._now:
                found[dag_id] = None if moment is None else self._now - moment
        return found | self._ask_first_dues([dag_id for dag_id in dag_ids if dag_id not in found])

    def _next_due(self, dag: Dag | None) -> float | None:
        if dag is None or dag.next_due_at is None:
            return None
        return self._history.next_due(dag.dag_id) or dag.next_due_at.timestamp()

    def _ask_first_dues(self, dag_ids: Sequence[str]) -> dict[str, float]:
        """Ask for the first runs of DAGs whose next one is not due yet."""
        if not dag_ids or self._left() <= 0:
            return {}
        listing = self._api.first_runs(dag_ids)
        starts: dict[str, float] = {}
        for run in listing.rows:
            if run.run_type == "scheduled":
                _keep_earliest(starts, run)
        known = dag_ids if not listing.is_cut else starts
        return {dag_id: max(self._now - starts.get(dag_id, self._now), 0.0) for dag_id in known}


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
    # After so many runs without a success that the first ones are forgotten, it does not matter when they were due.
    missed = past.forgotten_until(since) - since + _missed(sorted(dues), overdue, now, gap) if gap else 0.0
    return Silence(age=None if last is None else round(max(now - last, 0.0), 1), missed=missed, gap=gap)


def is_over(threshold: Threshold | None, value: float | None) -> bool:
    """Tell whether a value would be told of; there may be no threshold, or no value."""
    return threshold is not None and value is not None and threshold.outcome(value) is not Outcome.PASS


def _missed(dues: list[float], overdue: float | None, now: float, gap: float) -> float:
    """Add up the time after each run that was due, up to the next one, or to where the next one would usually be.

    :param overdue: since when a run should have been made: from there on, all time counts
    """
    end = now if overdue is None else overdue
    marks = [*(due for due in dues if due < end), end]
    counted = sum(min(later - earlier, gap) for earlier, later in pairwise(marks))
    return counted + (now - end)


def _keep_earliest(starts: dict[str, float], run: DagRun) -> None:
    start = run.started_at or max(run.due_at, run.queued_at or run.due_at)
    starts[run.dag_id] = min(start.timestamp(), starts.get(run.dag_id, start.timestamp()))
