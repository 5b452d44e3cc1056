"""What CheckDagRuns sees in one look: runs, what is due, and the past, in at most ten requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from operators.health.airflow_api import REQUESTS_AT_MOST, AirflowApi
from operators.health.airflow_rows import Dag, DagRun
from operators.health.health_check import is_ignored
from operators.health.prometheus_api import Answers, PrometheusApi
from operators.health.run_history import RunHistory
from operators.health.run_rules import RunRuleBook
from operators.verdict import Outcome

_FAILED_PAGES = 2
_RESERVED_REQUESTS = 2
"""Kept for questions about what has caught the eye: the last success of silent DAGs, and whether they are paused."""
_NAMED_AT_MOST = 20
_USUAL_DAYS = "7d"


@dataclass(frozen=True, slots=True)
class Finished:
    """How many runs of one DAG ended within its window."""

    failed: int
    all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLook:
    """The runs that count."""

    now: datetime
    failed: tuple[DagRun, ...]
    """Within the window of their DAG, the latest first; those too old for the list as earlier looks have seen them."""
    failed_number: int
    """How many there are, those that are ignored included."""
    failures_known_since: datetime
    """Since when every failed run is known."""
    running: tuple[DagRun, ...]
    """Those that have been running longest."""
    running_number: int
    finished: Mapping[str, Finished]
    """DAG with failures -> its finished runs, where they could be counted."""
    late: Mapping[str, tuple[float, str]]
    """DAG -> seconds, and what is late."""
    silent: Mapping[str, float | None]
    """Active DAG -> seconds since its last success, None if none is known."""
    silent_before: frozenset[str]
    """Those that were silent at the last look, too; one that was taken out of its pause since then is not."""
    history: RunHistory
    counted_dags: frozenset[str]
    """The DAGs of the history that are not ignored."""
    answers: Answers | None
    """What Prometheus said; None if it is not asked."""

    def sees_every_failure(self, window: timedelta) -> bool:
        """Tell whether every run that failed within a window is known."""
        return self.failures_known_since <= self.now - window

    @property
    def failures(self) -> Counter[str]:
        """DAG -> failed runs."""
        return Counter(run.dag_id for run in self.failed)

    def age(self, run: DagRun) -> float:
        """Give the seconds that a run has been running for."""
        return round((self.now - (run.started_at or self.now)).total_seconds(), 1)

    def usual_failure_ratio(self, dag_id: str, *, before: float, min_runs: int) -> float | None:
        """Give the failed part of a DAG's earlier runs, by Prometheus or from memory; None if too few are known."""
        if self.answers is not None:
            failed, succeeded = (self.answers.by_label(f"usual_{state}") for state in ("failed", "succeeded"))
            total = failed.get(dag_id, 0.0) + succeeded.get(dag_id, 0.0)
            if total >= min_runs:
                return failed.get(dag_id, 0.0) / total
        return self.history.past(dag_id).usual_failure_ratio(before=before, min_runs=min_runs)

    @property
    def longest(self) -> Mapping[str, DagRun]:
        """DAG -> its run that has been running longest."""
        return {run.dag_id: run for run in sorted(self.running, key=self.age)}


class Looker:
    """Looks once.

    :param api: logged in
    :param prometheus: None if there is none
    :param rules: the thresholds, which say how far back to look
    :param ignored: patterns of DAG ids
    :param history: what is known from earlier looks; this look is added to it
    :param this: DAG and run id of the run that looks, which is always running
    """

    def __init__(
        self,
        api: AirflowApi,
        prometheus: PrometheusApi | None,
        rules: RunRuleBook,
        *,
        ignored: Sequence[str],
        history: RunHistory,
        this: tuple[str, str],
    ) -> None:
        self._api = api
        self._prometheus = prometheus
        self._rules = rules
        self._ignored = ignored
        self._history = history
        self._this = this
        self._now = api.now

    def look(self) -> RunLook:
        """Ask everything."""
        start = self._now - self._rules.longest_window
        failed = self._api.failed_runs(since=start, pages=_FAILED_PAGES)
        hidden = self._history.failed.learn(failed, start=start, now=self._now)
        listing = self._api.running_runs()
        running = self._counted(listing.rows)
        waiting, missing = self._waiting(), self._missing()
        answers = self._ask_prometheus()
        since = self._history.next_look(now=self._now, window=self._rules.general.window)
        pages = max(self._left - _RESERVED_REQUESTS, 1)
        self._history.learn(failed, self._api.succeeded_runs(since=since, pages=pages), since=since, now=self._now)
        self._history.learn_starts(running)
        counted = tuple(run for run in self._counted((*failed.rows, *hidden)) if self._is_within(run))
        silent, silent_before = self._silent(), self._history.silent
        self._history.silent = frozenset(silent)
        return RunLook(
            now=self._now,
            failed=counted,
            failed_number=failed.total,
            failures_known_since=self._history.failed.since or self._now,
            running=tuple(run for run in running if (run.dag_id, run.run_id) != self._this),
            running_number=listing.total - (len(listing.rows) - len(running)),
            finished=self._count(counted, answers),
            late=self._late(waiting, missing),
            silent=silent,
            silent_before=silent_before,
            history=self._history,
            counted_dags=frozenset(dag_id for dag_id in self._history.dags if not is_ignored(dag_id, self._ignored)),
            answers=answers,
        )

    @property
    def _left(self) -> int:
        asked = self._api.requests + (self._prometheus.requests if self._prometheus else 0)
        return REQUESTS_AT_MOST - asked

    def _counted(self, runs: Iterable[DagRun]) -> tuple[DagRun, ...]:
        return tuple(run for run in runs if not is_ignored(run.dag_id, self._ignored))

    def _is_within(self, run: DagRun) -> bool:
        return run.ended_at is None or run.ended_at >= self._now - self._rules.of(run.dag_id).window

    def _waiting(self) -> dict[str, tuple[float, str]]:
        """Find runs that should have started, and are queued."""
        found: dict[str, tuple[float, str]] = {}
        for run in self._counted(self._api.queued_runs().rows):
            since = max(run.due_at, run.queued_at or run.due_at) if run.run_type != "scheduled" else run.due_at
            _keep_latest(found, run.dag_id, self._age(since), f"{run.run_id} is queued")
        return found

    def _missing(self) -> tuple[Dag, ...]:
        """Find the DAGs whose next run should have been made."""
        dags = self._api.active_dags(pages=1).rows
        overdue = (dag for dag in dags if dag.next_due_at and dag.next_due_at < self._now)
        return tuple(dag for dag in overdue if not is_ignored(dag.dag_id, self._ignored))

    def _late(self, waiting: dict[str, tuple[float, str]], missing: Iterable[Dag]) -> dict[str, tuple[float, str]]:
        """Add to what waits the runs that nobody made, and by how much the newest run of each DAG has started late."""
        for dag in missing:
            # Where a run by hand has the date of the scheduled one, each parse lets that one be due again for a moment.
            is_made = dag.next_logical_at and dag.next_logical_at.timestamp() in self._history.past(dag.dag_id).by_hand
            if dag.next_due_at and not is_made:
                what = f"the run due at {dag.next_due_at:%Y-%m-%d %H:%M} UTC was not made"
                _keep_latest(waiting, dag.dag_id, self._age(dag.next_due_at), what)
        for dag_id, past in self._history.dags.items():
            is_recent = past.newest_due >= (self._now - self._rules.of(dag_id).window).timestamp()
            if past.newest_late is not None and is_recent and not is_ignored(dag_id, self._ignored):
                _keep_latest(waiting, dag_id, past.newest_late, "its newest run started late")
        return waiting

    def _silent(self) -> dict[str, float | None]:
        """Give the DAGs whose last success is too long ago, of those that are active."""
        suspects = [dag_id for dag_id in self._history.dags if self._is_silent(dag_id)]
        suspects += [dag_id for dag_id in self._rules.watched if dag_id not in self._history.dags]
        suspects = [dag_id for dag_id in suspects if not is_ignored(dag_id, self._ignored)][:_NAMED_AT_MOST]
        if not suspects or self._left < _RESERVED_REQUESTS:
            return {}
        active = {dag.dag_id for dag in self._api.active_dags(pages=1, named=suspects).rows}
        suspects = [dag_id for dag_id in suspects if dag_id in active]
        if suspects:
            self._history.learn_successes(self._api.latest_successes(suspects))
        return {dag_id: self._success_age(dag_id) for dag_id in suspects}

    def _is_silent(self, dag_id: str) -> bool:
        rules, age = self._rules.of(dag_id), self._success_age(dag_id)
        gap = self._history.past(dag_id).usual_gap(min_runs=rules.usual.min_runs)
        if age is None:
            return rules.success_age is not None
        too_old = rules.success_age is not None and rules.success_age.outcome(age) is not Outcome.PASS
        times = age / gap if gap else 0.0
        unusual = rules.usual.success_age is not None and rules.usual.success_age.outcome(times) is not Outcome.PASS
        return too_old or unusual

    def _success_age(self, dag_id: str) -> float | None:
        last = self._history.past(dag_id).last_success
        return None if last is None else round(max(self._now.timestamp() - last, 0.0), 1)

    def _count(self, failed: Sequence[DagRun], answers: Answers | None) -> dict[str, Finished]:
        """Count the finished runs of each DAG with failures: by Prometheus, from memory, or by asking for the worst."""
        found = {}
        for dag_id, number in Counter(run.dag_id for run in failed).most_common():
            since = self._now - self._rules.of(dag_id).window
            known = self._count_by_prometheus(dag_id, number, answers)
            if known is None:
                known = self._history.count_finished(dag_id, since=since)
            if known is None and self._left > 0:
                known = self._api.count_finished_runs(dag_id, since=since)
            if known is not None:
                found[dag_id] = Finished(number, max(known, number))
        return found

    def _count_by_prometheus(self, dag_id: str, failed: int, answers: Answers | None) -> int | None:
        if answers is None or self._rules.of(dag_id).window != self._rules.general.window:
            return None
        succeeded = answers.by_label("succeeded")
        # A DAG without a series has not succeeded, if any DAG has.
        return failed + round(succeeded.get(dag_id, 0.0)) if succeeded else None

    def _ask_prometheus(self) -> Answers | None:
        if self._prometheus is None:
            return None
        return self._prometheus.ask(run_questions(self._rules.general.window), label="dag_id")

    def _age(self, moment: datetime) -> float:
        return round(max((self._now - moment).total_seconds(), 0.0), 1)


def run_questions(window: timedelta) -> dict[str, str]:
    """Give what Prometheus is asked: finished runs by DAG, within the window and in the week before it.

    :param window: how far back
    """
    seconds = f"{int(window.total_seconds())}s"
    counts = {"succeeded": "airflow_dagrun_duration_success_count", "failed": "airflow_dagrun_duration_failed_count"}
    now = {name: f"sum by (dag_id) (increase({count}[{seconds}]))" for name, count in counts.items()}
    before = {
        f"usual_{name}": f"sum by (dag_id) (increase({count}[{_USUAL_DAYS}] offset {seconds}))"
        for name, count in counts.items()
    }
    return now | before


def _keep_latest(found: dict[str, tuple[float, str]], dag_id: str, seconds: float, what: str) -> None:
    if seconds > found.get(dag_id, (-1.0, ""))[0]:
        found[dag_id] = (seconds, what)
