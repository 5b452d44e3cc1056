"""What CheckDagRuns says of what it saw: each DAG against its thresholds, and against what it usually does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from operators.health.health_check import format_span, judge_each
from operators.health.known_failures import judge_unseen
from operators.health.run_look import RunLook
from operators.health.run_rules import RunRuleBook, RunRules
from operators.thresholds import Threshold
from operators.verdict import Outcome, Verdict

_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Noted:
    """A number and what it is, for people."""

    value: float
    note: str


def judge_runs(look: RunLook, rules: RunRuleBook) -> tuple[Verdict, ...]:
    """Give every verdict.

    :param rules: the thresholds
    """
    absolute: tuple[tuple[str, Mapping[str, Noted], Callable[[RunRules], Threshold | None]], ...] = (
        ("failed_runs", _failures(look), lambda r: r.failed_runs),
        ("failure_ratio", _ratios(look, rules), lambda r: r.failure_ratio),
        ("duration", _durations(look, rules), lambda r: r.duration),
        ("running_for", _ages(look), lambda r: r.running_for),
        ("late_by", _lateness(look), lambda r: r.late_by),
        ("success_age", _silences(look), lambda r: r.success_age),
        ("duration_vs_usual", dict(_unusual_durations(look, rules)), lambda r: r.usual.duration),
        ("late_by_vs_usual", dict(_unusual_lateness(look, rules)), lambda r: r.usual.late_by),
        ("failure_ratio_vs_usual", dict(_unusual_ratios(look, rules)), lambda r: r.usual.failure_ratio),
        ("success_age_vs_usual", dict(_unusual_silences(look)), lambda r: r.usual.success_age),
    )
    judged = [verdict for each in absolute for verdict in _judge(*each, rules)]
    if not look.sees_every_failure(rules.failure_window):
        judged = [*(verdict for verdict in judged if not _may_hide_failures(verdict)), _unseen(look)]
    return (*judged, *_never_succeeded(look, rules), *_not_known(look, rules))


def _may_hide_failures(verdict: Verdict) -> bool:
    what = verdict.name.rpartition(".")[2]
    return verdict.outcome is Outcome.PASS and what in ("failed_runs", "failure_ratio", "failure_ratio_vs_usual")


def _unseen(look: RunLook) -> Verdict:
    since = look.failures_known_since
    return judge_unseen("failed_runs_seen", "runs", known=len(look.failed), number=look.failed_number, since=since)


def _judge(
    name: str, seen: Mapping[str, Noted], threshold_of: Callable[[RunRules], Threshold | None], rules: RunRuleBook
) -> tuple[Verdict, ...]:
    return judge_each(
        name,
        {dag_id: noted.value for dag_id, noted in seen.items()},
        lambda dag_id: threshold_of(rules.of(dag_id) if dag_id else rules.general),
        lambda dag_id: seen[dag_id].note,
    )


def _failures(look: RunLook) -> dict[str, Noted]:
    return {
        dag_id: Noted(count, f"of {look.finished[dag_id].all} finished" if dag_id in look.finished else "")
        for dag_id, count in look.failures.items()
    }


def _ratios(look: RunLook, rules: RunRuleBook) -> dict[str, Noted]:
    return {
        dag_id: Noted(finished.failed / finished.all, f"{finished.failed} of {finished.all} finished runs")
        for dag_id, finished in look.finished.items()
        if finished.all >= rules.of(dag_id).min_runs
    }


def _durations(look: RunLook, rules: RunRuleBook) -> dict[str, Noted]:
    found = {}
    for dag_id, past in look.history.dags.items():
        start = (look.now - rules.of(dag_id).window).timestamp()
        seconds = [run.seconds for run in past.runs if run.succeeded and run.ended_at >= start]
        if seconds and dag_id in look.counted_dags:
            found[dag_id] = Noted(max(seconds), f"longest of {len(seconds)} runs, {format_span(max(seconds))}")
    return found


def _ages(look: RunLook) -> dict[str, Noted]:
    return {
        dag_id: Noted(look.age(run), f"{run.run_id} for {format_span(look.age(run))}")
        for dag_id, run in look.longest.items()
    }


def _lateness(look: RunLook) -> dict[str, Noted]:
    return {dag_id: Noted(s, f"{what}, {format_span(s)}") for dag_id, (s, what) in look.late.items()}


def _silences(look: RunLook) -> dict[str, Noted]:
    return {
        dag_id: Noted(silence.age, f"last success {format_span(silence.age)} ago")
        for dag_id, silence in look.silent.items()
        if silence.age is not None
    }


def _never_succeeded(look: RunLook, rules: RunRuleBook) -> Iterator[Verdict]:
    """Judge a DAG without a success by the time since its first run was due; one that was never due is all right."""
    for dag_id, silence in look.silent.items():
        threshold = rules.of(dag_id).success_age
        if silence.age is not None or threshold is None:
            continue
        outcome = Outcome.FAIL if silence.due is None else threshold.outcome(silence.due)
        if outcome is not Outcome.PASS or dag_id in rules.watched:
            yield Verdict(
                name=f"{dag_id}.success_age",
                outcome=outcome,
                observed=None,
                threshold=threshold.text,
                message=_describe_never(silence.due),
            )


def _describe_never(due: float | None) -> str:
    if due is None:
        return "has never succeeded, as far as Airflow knows"
    return f"has not succeeded yet; its first run was due {format_span(due)} ago" if due else "no run was due yet"


def _not_known(look: RunLook, rules: RunRuleBook) -> Iterator[Verdict]:
    """Say what could not be judged: silent DAGs, those with a promise of their own one by one, and queued runs."""
    number, most = look.unread
    if number:
        what = f"so many more are queued than were read; most of those that were are of {most}"
        yield _inconclusive("queued_runs", number, rules.general.late_by, what)
    named = [dag_id for dag_id in look.unsure if dag_id in rules.watched]
    for dag_id in named:
        yield _inconclusive(f"{dag_id}.success_age", None, rules.of(dag_id).success_age, look.unsure[dag_id])
    others = sorted(set(look.unsure) - set(named))
    if others:
        some = ", ".join(others[:_NAMED_AT_MOST]) + (", …" if len(others) > _NAMED_AT_MOST else "")
        threshold = rules.general.success_age or rules.general.usual.success_age
        yield _inconclusive("silent_dags", len(others), threshold, f"{some}: {look.unsure[others[0]]}")


def _inconclusive(name: str, observed: float | None, threshold: Threshold | None, message: str) -> Verdict:
    text = threshold.text if threshold else ""
    return Verdict(name=name, outcome=Outcome.INCONCLUSIVE, observed=observed, threshold=text, message=message)


def _unusual_durations(look: RunLook, rules: RunRuleBook) -> Iterator[tuple[str, Noted]]:
    """Compare the newest run of each DAG, or the one that runs, with the median of those before it."""
    for dag_id, past in look.history.dags.items():
        newest = next((run for run in reversed(past.runs) if run.succeeded), None)
        if newest is None or dag_id not in look.counted_dags:
            continue
        limits = rules.of(dag_id).usual
        usual = past.usual_seconds(before=newest.ended_at, min_runs=limits.min_runs)
        running = look.longest.get(dag_id)
        seconds, what = newest.seconds, "the last run took"
        if running and look.age(running) > seconds:
            seconds, what = look.age(running), f"{running.run_id} has been running for"
        if usual and seconds - usual >= limits.at_least:
            note = f"times the usual: {what} {format_span(seconds)}, usual are {format_span(usual)}"
            yield dag_id, Noted(round(seconds / usual, 2), note)


def _unusual_lateness(look: RunLook, rules: RunRuleBook) -> Iterator[tuple[str, Noted]]:
    for dag_id, (seconds, what) in look.late.items():
        limits = rules.of(dag_id).usual
        usual = look.history.past(dag_id).usual_late(min_runs=limits.min_runs)
        if usual is not None and seconds - usual >= limits.at_least:
            yield (
                dag_id,
                Noted(round(seconds - usual, 1), f"{what}, {format_span(seconds)}; usual are {format_span(usual)}"),
            )


def _unusual_ratios(look: RunLook, rules: RunRuleBook) -> Iterator[tuple[str, Noted]]:
    for dag_id, noted in _ratios(look, rules).items():
        own = rules.of(dag_id)
        start = (look.now - own.window).timestamp()
        usual = look.usual_failure_ratio(dag_id, before=start, min_runs=own.usual.min_runs)
        if usual is not None and noted.value > usual:
            yield dag_id, Noted(round(noted.value - usual, 4), f"{noted.note}; usual are {usual:.0%}")


def _unusual_silences(look: RunLook) -> Iterator[tuple[str, Noted]]:
    for dag_id, silence in look.silent.items():
        times, age, gap = silence.times, silence.age, silence.gap
        if times is not None and age is not None and gap is not None and dag_id in look.silent_before:
            missed = f"it has missed its runs for {format_span(silence.missed)}"
            note = (
                f"times the usual: last success {format_span(age)} ago, {missed}, usual is one every {format_span(gap)}"
            )
            yield dag_id, Noted(round(times, 2), note)
