"""What CheckTaskFailures says of what it saw: numbers, and the patterns in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from operators.health.health_check import judge_each
from operators.health.known_failures import judge_unseen
from operators.health.task_look import TaskLook
from operators.health.task_memory import PLACES, place_of
from operators.health.task_rules import TaskRuleBook
from operators.thresholds import Threshold
from operators.verdict import Outcome, Verdict

_CLEARLY_MORE = 2.0
"""A place is suspect only if it has so many times more of the failures than of the tasks that run."""
_NAMED_AT_MOST = 5


def judge_tasks(look: TaskLook, rules: TaskRuleBook) -> tuple[Verdict, ...]:
    """Give every verdict."""
    patterns = (*_by_dag(look, rules), *_same_task(look, rules), *_same_error(look, rules))
    if not sees_every_pattern(look, rules):
        patterns = (*(verdict for verdict in patterns if verdict.outcome is not Outcome.PASS), _unseen(look))
    return (
        *_total(look, rules),
        *patterns,
        *_retries(look, rules),
        *_ratio(look, rules),
        *_concentration(look, rules),
    )


def sees_every_pattern(look: TaskLook, rules: TaskRuleBook) -> bool:
    """Tell whether a task that failed too often, or an error that many had, cannot have been missed."""
    return look.is_complete(rules.pattern_window)


def _unseen(look: TaskLook) -> Verdict:
    known = len(look.failed)
    return judge_unseen("failures_seen", "tasks", known=known, number=known + look.uncounted, since=look.known_since)


def _total(look: TaskLook, rules: TaskRuleBook) -> Iterator[Verdict]:
    """Judge how many failed: where not all were read, a verdict is one that holds whether or not the others count."""
    fewest, most = failed_numbers(look, rules)
    note = "" if fewest == most else f"or up to {most}: not all were read"
    usual = look.memory.usual("failed", run_id=look.run_id, min_looks=rules.min_looks)
    if threshold := rules.failed_tasks:
        yield _surest(*(threshold.judge("failed_tasks", number, message=note) for number in (fewest, most)))
    if (threshold := rules.usual_failed) and usual is not None:
        yield _surest(*(_times("failed_tasks_vs_usual", number, usual, threshold) for number in (fewest, most)))


def _surest(fewest: Verdict, most: Verdict) -> Verdict:
    is_sure = fewest.outcome in (most.outcome, Outcome.FAIL)
    return fewest if is_sure else replace(fewest, outcome=Outcome.INCONCLUSIVE)


def failed_numbers(look: TaskLook, rules: TaskRuleBook) -> tuple[int, int]:
    """Give how many failed at least, and at most."""
    most = len(look.failed) + look.uncounted
    return (most if rules.counts_everything else len(look.failed)), most


def _by_dag(look: TaskLook, rules: TaskRuleBook) -> Iterator[Verdict]:
    failures = Counter(ti.dag_id for ti in look.failed)
    own = {dag_id: n for dag_id, n in failures.items() if (found := rules.of(dag_id)) and found.failed_tasks}
    for dag_id, number in sorted(own.items(), key=lambda item: -item[1]):
        found = rules.of(dag_id)
        if found and found.failed_tasks:
            yield found.failed_tasks.judge(f"{dag_id}.failed_tasks", number)


def _same_task(look: TaskLook, rules: TaskRuleBook) -> tuple[Verdict, ...]:
    latest = {task: failures[0] for task, failures in look.by_task.items()}
    return judge_each(
        "same_task",
        look.runs_by_task,
        lambda task: rules.same_task_of(latest[task].dag_id if task else ""),
        lambda task: f"runs in which it failed; last in {latest[task].run_id}",
    )


def _same_error(look: TaskLook, rules: TaskRuleBook) -> tuple[Verdict, ...]:
    errors = {error.label: (error, tasks) for error, tasks in look.tasks_by_error.items()}

    def note(label: str) -> str:
        error, tasks = errors[label]
        more = f" and {len(tasks) - _NAMED_AT_MOST} more" if len(tasks) > _NAMED_AT_MOST else ""
        return f"tasks: {', '.join(tasks[:_NAMED_AT_MOST])}{more}; {error.to_text()}"

    return judge_each(
        "same_error", {label: len(tasks) for label, (_, tasks) in errors.items()}, lambda _: rules.same_error, note
    )


def _retries(look: TaskLook, rules: TaskRuleBook) -> Iterator[Verdict]:
    if rules.retrying:
        yield rules.retrying.judge("retrying", look.retrying, message="tasks that wait for another try")
    if rules.usual_retries is None:
        return
    recent, usual = (look.answers.number(name) if look.answers else None for name in ("retries", "usual_retries"))
    if recent is not None and usual is not None:
        yield _times("retries_vs_usual", recent, usual, rules.usual_retries, what="in the last hour")
        return
    usual = look.memory.usual("retrying", run_id=look.run_id, min_looks=rules.min_looks)
    if usual is not None:
        yield _times("retries_vs_usual", look.retrying, usual, rules.usual_retries, what="waiting")


def _ratio(look: TaskLook, rules: TaskRuleBook) -> tuple[Verdict, ...]:
    """Judge the failed part of the finished tasks of each DAG, by Prometheus."""
    if rules.failure_ratio is None or look.answers is None:
        return ()
    if look.answers.problem:
        return (
            Verdict(
                name="failure_ratio",
                outcome=Outcome.INCONCLUSIVE,
                observed=None,
                threshold=rules.failure_ratio.text,
                message=look.answers.problem,
            ),
        )
    failed, finished = look.answers.by_label("failed"), look.answers.by_label("finished")
    counted = {
        dag_id: (number, max(finished.get(dag_id, 0.0), number))
        for dag_id, number in failed.items()
        if number >= rules.min_failures and not rules.is_ignored(dag_id, "")
    }
    return judge_each(
        "failure_ratio",
        {dag_id: round(number / all_, 4) for dag_id, (number, all_) in counted.items()},
        lambda _: rules.failure_ratio,
        lambda dag_id: f"{counted[dag_id][0]:.0f} of {counted[dag_id][1]:.0f} finished tasks",
    )


def _concentration(look: TaskLook, rules: TaskRuleBook) -> tuple[Verdict, ...]:
    """Judge whether the failures are on one host, pool or operator, which is not where most tasks run anyway."""
    shares: dict[str, float] = {}
    notes: dict[str, str] = {}
    for place in PLACES:
        counts = Counter(name for ti in look.failed if (name := place_of(ti, place)))
        total = sum(counts.values())
        if total < rules.min_failures:
            continue
        name, number = counts.most_common(1)[0]
        usual = look.memory.share_of(place, name)
        if usual is not None and number / total >= _CLEARLY_MORE * usual:
            thing = f"{place} {name}"
            shares[thing] = round(number / total, 4)
            notes[thing] = f"{number} of {total} failures; of the tasks that run it has {usual:.0%}"
    return judge_each("concentration", shares, lambda _: rules.concentration, lambda thing: notes[thing])


def _times(name: str, now: float, usual: float, threshold: Threshold, *, what: str = "") -> Verdict:
    """Judge how many times more than usual something is; what is usually none is taken for one."""
    observed = round(now / max(usual, 1.0), 2)
    return threshold.judge(
        name, observed, message=f"times the usual: {now:g} {what}, usual are {usual:g}".replace(" ,", ",")
    )


def errors_by_task(look: TaskLook) -> Mapping[str, str]:
    """Give what is known of why each task failed last."""
    found: dict[str, str] = {}
    for ti in look.failed:
        error = look.memory.error_of(ti)
        if error is not None and error.signature:
            found.setdefault(ti.task, error.to_text())
    return found
