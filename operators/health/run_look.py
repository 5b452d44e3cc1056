"""What CheckDagRuns sees in one look: runs, what is due, and the past, in at most ten requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from operators.health.airflow_api import REQUESTS_AT_MOST, AirflowApi
from operators.health.airflow_rows import Dag, DagRun, Listing
from operators.health.health_check import is_ignored
from operators.health.prometheus_api import Answers, PrometheusApi
from operators.health.run_activity import Activity
from operators.health.run_history import RunHistory
from operators.health.run_rules import RunRuleBook
from operators.health.run_silence import Silence, SilenceLooker, is_over

_FAILED_PAGES = 2
_RESERVED_REQUESTS = 2
"""Kept for questions about what has caught the eye: the last success of silent DAGs, and whether they are paused."""
_USUAL_DAYS = "7d"
_COUNTER_ERROR = 1
"""By so many runs Prometheus may be off: it does not count the first value of a counter that is new."""
_COUNTER_ERROR_RATIO = 0.1


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
    unread: tuple[int, str]
    """How many queued runs were not read that may be late, and the DAG that has most of those that were."""
    late: Mapping[str, tuple[float, str]]
    """DAG -> seconds, and what is late."""
    silent: Mapping[str, Silence]
    """The active DAGs whose silence was looked into."""
    unsure: Mapping[str, str]
    """DAG that may be silent -> why that is not known."""
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
        waiting = self._api.queued_runs()
        queued = self._counted(waiting.rows)
        activity = Activity(self._api, self._history.inactive)
        answers = self._ask_prometheus()
        since = self._history.next_look(now=self._now, window=self._rules.general.window)
        pages = max(self._left - _RESERVED_REQUESTS, 1)
        self._history.learn(failed, self._api.succeeded_runs(since=since, pages=pages), since=since, now=self._now)
        self._history.learn_starts(running)
        counted = tuple(run for run in self._counted((*failed.rows, *hidden)) if self._is_within(run))
        failures_since = self._history.failed.since or self._now
        self._history.learn_due(activity.dags, now=self._now, knows_running=not listing.is_cut)
        late, silent_before = self._late(queued, activity, _Slots(listing, waiting)), self._history.silent
        silence = SilenceLooker(self._api, self._rules, self._history, queued, left=lambda: self._left)
        suspects = silence.suspects(self._ignored)
        self._ask_for_activity(activity, suspects, late, running)
        self._history.learn_due(activity.dags, now=self._now, knows_running=not listing.is_cut)
        silent, unsure = silence.look(suspects, activity)
        self._history.silent = frozenset(dag_id for dag_id, found in silent.items() if silence.is_told(dag_id, found))
        self._history.inactive = activity.inactive
        return RunLook(
            now=self._now,
            failed=counted,
            failed_number=failed.total,
            failures_known_since=failures_since,
            running=tuple(
                run
                for run in running
                if (run.dag_id, run.run_id) != self._this and activity.is_active(run.dag_id) is not False
            ),
            running_number=listing.total - (len(listing.rows) - len(running)),
            finished=self._count(counted, answers, failures_since),
            unread=self._unread(waiting),
            late={dag_id: found for dag_id, found in late.items() if activity.is_active(dag_id) is not False},
            silent=silent,
            unsure=unsure,
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

    def _late(self, queued: Iterable[DagRun], activity: Activity, slots: _Slots) -> dict[str, tuple[float, str]]:
        """Find what is late: runs that are queued, runs that nobody made, and newest runs that have started late."""
        found: dict[str, tuple[float, str]] = {}
        for run in queued:
            # A run that is started anew, or the first one after a pause, was due long before it could start.
            since = max(run.due_at, run.queued_at or run.due_at)
            _keep_latest(found, run.dag_id, self._age(since), f"{run.run_id} is queued")
        for dag in activity.dags:
            missing = self._missing(dag, slots)
            if missing and not is_ignored(dag.dag_id, self._ignored):
                _keep_latest(found, dag.dag_id, *missing)
        for dag_id, past in self._history.dags.items():
            is_recent = past.newest_due >= (self._now - self._rules.of(dag_id).window).timestamp()
            if past.newest_late is not None and is_recent and not is_ignored(dag_id, self._ignored):
                _keep_latest(found, dag_id, past.newest_late, "its newest run started late")
        return found

    def _unread(self, waiting: Listing[DagRun]) -> tuple[int, str]:
        """Count the queued runs that may be late and were not read: they were due after all those that were."""
        if not waiting.is_cut or not is_over(self._rules.general.late_by, self._age(waiting.rows[-1].due_at)):
            return 0, ""
        ((most, _),) = Counter(run.dag_id for run in waiting.rows).most_common(1)
        return waiting.total - len(waiting.rows), most

    def _missing(self, dag: Dag, slots: _Slots) -> tuple[float, str] | None:
        """Give by how much the next run of a DAG is late that nobody has made, and what it is; None if it is not late.

        A DAG that works off a backlog has a next run that was due before its newest one has started, maybe a year ago.
        That run waits for its turn: it is late only once there is room for it, from then on.
        """
        due = self._history.next_due(dag.dag_id)
        if due is None or due >= self._now.timestamp():
            return None
        past = self._history.past(dag.dag_id)
        is_backlog = past.newest_start > due
        if is_backlog and slots.may_be_full(dag):
            return None
        since = max(past.newest_start, past.newest_end) if is_backlog else due
        why = slots.describe(dag) or "was not made"
        return self._age(_moment(since)), f"the run due at {_moment(due):%Y-%m-%d %H:%M} UTC {why}"

    def _ask_for_activity(
        self,
        activity: Activity,
        suspects: Sequence[str],
        late: Mapping[str, tuple[float, str]],
        running: Iterable[DagRun],
    ) -> None:
        """Find out whether the DAGs are active that are about to be told of."""
        promised = (dag_id for dag_id in suspects if dag_id in self._rules.watched)
        waiting = (dag_id for dag_id, (seconds, _) in late.items() if self._is_late(dag_id, seconds))
        long = (run.dag_id for run in running if self._is_long(run))
        activity.find_out((*promised, *waiting, *long, *suspects), requests=self._left - (1 if suspects else 0))

    def _is_late(self, dag_id: str, seconds: float) -> bool:
        rules = self._rules.of(dag_id)
        usual = self._history.past(dag_id).usual_late(min_runs=rules.usual.min_runs)
        more = None if usual is None else seconds - usual
        return is_over(rules.late_by, seconds) or is_over(rules.usual.late_by, more)

    def _is_long(self, run: DagRun) -> bool:
        rules, seconds = self._rules.of(run.dag_id), self._age(run.started_at or self._now)
        usual = self._history.past(run.dag_id).usual_seconds(
            before=self._now.timestamp(), min_runs=rules.usual.min_runs
        )
        return is_over(rules.running_for, seconds) or is_over(rules.usual.duration, seconds / usual if usual else None)

    def _count(self, failed: Sequence[DagRun], answers: Answers | None, known_since: datetime) -> dict[str, Finished]:
        """Count the finished runs of each DAG with failures: from memory, by asking for the worst, or by Prometheus.

        :param known_since: since when every failed run is known
        """
        found = {}
        for dag_id, number in Counter(run.dag_id for run in failed).most_common():
            since = self._now - self._rules.of(dag_id).window
            known = self._history.count_finished(dag_id, since=since)
            if known is None and self._left > 0:
                known = self._api.count_finished_runs(dag_id, since=since)
            if known is None and answers is not None and _has_seen(answers, dag_id, number, is_cut=known_since > since):
                known = self._count_by_prometheus(dag_id, number, answers)
            if known is not None:
                found[dag_id] = Finished(number, max(known, number))
        return found

    def _count_by_prometheus(self, dag_id: str, failed: int, answers: Answers) -> int | None:
        if self._rules.of(dag_id).window != self._rules.general.window:
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


def _has_seen(answers: Answers, dag_id: str, failed: int, *, is_cut: bool) -> bool:
    """Tell whether Prometheus has watched this Airflow, and no other, for the whole window.

    One that is younger than the window has no value at its start. One that was away for a while, or that adds up two
    Airflows with a DAG of that name, has counted other failures than Airflow.

    :param failed: how many runs have failed, as Airflow says
    :param is_cut: whether there may be more
    """
    more = round(answers.by_label("failed").get(dag_id, 0.0)) - failed
    error = max(_COUNTER_ERROR, _COUNTER_ERROR_RATIO * failed)
    return bool(answers.by_label("before")) and -error <= more and (is_cut or more <= error)


class _Slots:
    """How many of the runs that a DAG may have at once are taken; a run of a backfill takes none.

    :param running: the runs that are running, or some of them
    :param queued: those that have not started, or some of them
    """

    def __init__(self, running: Listing[DagRun], queued: Listing[DagRun]) -> None:
        rows = (*running.rows, *queued.rows)
        self._taken = Counter(run.dag_id for run in rows if run.run_type != "backfill")
        self._is_cut = running.is_cut or queued.is_cut

    def may_be_full(self, dag: Dag) -> bool:
        """Tell whether no more run may be made, or whether that is not known as there are more runs than were read."""
        return dag.max_runs is not None and (self._is_cut or self._taken[dag.dag_id] >= dag.max_runs)

    def describe(self, dag: Dag) -> str:
        """Say that a DAG has no room for another run; nothing if it has."""
        if dag.max_runs is None or self._taken[dag.dag_id] < dag.max_runs:
            return ""
        return f"waits for one of the {self._taken[dag.dag_id]} runs that the DAG may have at once"


def run_questions(window: timedelta) -> dict[str, str]:
    """Give what Prometheus is asked: finished runs by DAG within the window, in the week before it, and at its start.

    :param window: how far back
    """
    seconds = f"{int(window.total_seconds())}s"
    counts = {"succeeded": "airflow_dagrun_duration_success_count", "failed": "airflow_dagrun_duration_failed_count"}
    now = {name: f"sum by (dag_id) (increase({count}[{seconds}]))" for name, count in counts.items()}
    before = {
        f"usual_{name}": f"sum by (dag_id) (increase({count}[{_USUAL_DAYS}] offset {seconds}))"
        for name, count in counts.items()
    }
    return now | before | {"before": f"sum(airflow_dagrun_duration_success_count offset {seconds})"}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _keep_latest(found: dict[str, tuple[float, str]], dag_id: str, seconds: float, what: str) -> None:
    if seconds > found.get(dag_id, (-1.0, ""))[0]:
        found[dag_id] = (seconds, what)
