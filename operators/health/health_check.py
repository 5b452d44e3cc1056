"""What every health check does around its own question: measure, judge, leave a report, and succeed."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import ArtifactWriter
from operators.health.finding import FINDING, Finding
from operators.mistakes import mistakes_fail_the_task
from operators.thresholds import Threshold, ThresholdError, parse_duration, parse_threshold
from operators.verdict import METRIC_VALUE, Judgement, Outcome, Verdict, record_judgement

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["Finding", "HealthCheckOperator", "Judgement"]

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


class HealthCheckOperator(BaseOperator):
    """Ask one question about the health of something and judge the answer.

    A check that finds something wrong has done its job and succeeds: its verdict is in the result, in the XCom
    ``verdict``, in ``verdicts.json`` and in ``report.html``. Only a check that could not measure fails.
    A new check is one subclass in a module ``check_<name>.py`` of this folder: :meth:`check`, and its parameters.
    """

    @abstractmethod
    def check(self, context: Context) -> Finding:
        """Measure and judge.

        :param context: the task's context
        """

    def execute(self, context: Context) -> dict[str, Any]:
        """Measure, judge and publish.

        :returns: the reference of an artefact of kind ``judgement``, and the ``verdict``
        :raises AirflowFailException: if a parameter makes no sense, or the account or its connection is not right
        :raises AirflowApiError: if Airflow could not be asked
        """
        started = time.perf_counter()
        with mistakes_fail_the_task(self.task_id):
            finding = self.check(context)
            if not finding.judgement.verdicts:
                raise ThresholdError("thresholds: none is given, so there is nothing to judge")
        seconds = time.perf_counter() - started
        artifact = ArtifactWriter(context)
        record_judgement(context, artifact, finding.judgement, sections=finding.sections)
        artifact.write_json(FINDING, finding.to_json(seconds=seconds))
        tags = {"dag_id": context["ti"].dag_id, "check": self.task_id}
        stats.emit(stats.HEALTH_CHECK_DURATION, seconds, **tags)
        stats.emit(stats.HEALTH_REQUESTS, finding.requests, **tags)
        reference = artifact.publish("judgement", rows=finding.rows)
        return {**reference.to_xcom(), "verdict": str(finding.judgement.outcome)}


def read_threshold(value: Mapping[str, Any] | None, *, where: str) -> Threshold | None:
    """Read a threshold that may be left out.

    :raises ThresholdError: if it makes no sense
    """
    if value is not None and not isinstance(value, Mapping):
        raise ThresholdError(f"{where}: {value!r} is not a threshold; write it as in {{warn: 0, fail: 2}}")
    return None if value is None else parse_threshold(value, where=where)


def read_window(value: str | int | float, *, where: str) -> timedelta:
    """Read how far back something counts.

    :raises ThresholdError: if it is not a duration, or so short that nothing could ever be within it
    """
    window = parse_duration(value, where=where)
    if not window:
        raise ThresholdError(f"{where}: {value!r} is too short, nothing ends within it; write how far back, as in 24h")
    return window


def judge_each(
    name: str,
    observed: Mapping[str, float],
    threshold_of: Callable[[str], Threshold | None],
    note_of: Callable[[str], str],
) -> tuple[Verdict, ...]:
    """Judge one number of many things: a verdict for each that warns or fails, the worst first.

    Where none does, there is a single verdict, on the thing with the highest number (or on none, with 0), so that the
    report shows that it was looked at.

    :param name: what the number is, e.g. ``failed_runs``
    :param observed: thing -> number; higher is worse
    :param threshold_of: gives a thing's threshold; ``""`` stands for things without one of their own
    :param note_of: gives a sentence on a thing, for people
    """
    judged = [
        threshold.judge(f"{thing}.{name}", value, message=note_of(thing))
        for thing, value in sorted(observed.items(), key=lambda item: -item[1])
        if (threshold := threshold_of(thing)) is not None
    ]
    noticed = [verdict for verdict in judged if verdict.outcome is not Outcome.PASS]
    if noticed:
        return tuple(sorted(noticed, key=lambda verdict: -METRIC_VALUE[verdict.outcome]))
    general = threshold_of("")
    if judged:
        return (judged[0],)
    return () if general is None else (general.judge(name, 0.0, message="none"),)


def or_nothing_yet(verdicts: Sequence[Verdict], *, has_thresholds: bool) -> tuple[Verdict, ...]:
    """Give the verdicts or, where no threshold applied to anything, a pass that says so.

    :param has_thresholds: whether there are any; without one there is no verdict, and the check is a mistake
    """
    if verdicts or not has_thresholds:
        return tuple(verdicts)
    return (
        Verdict(
            name="nothing_to_judge",
            outcome=Outcome.PASS,
            observed=None,
            threshold="none applies yet",
            message="what has a threshold did not occur, or too little is known yet to compare it with",
        ),
    )


def is_ignored(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name fits one of the patterns, where ``*`` stands for any characters."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def read_patterns(value: Any, *, where: str) -> tuple[str, ...]:
    """Read an ``ignore`` list.

    :raises ThresholdError: if it is not a list of texts
    """
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(v, str) for v in value):
        raise ThresholdError(f"{where}: {value!r} is not a list of names; write it as in [test_*, my_dag]")
    return tuple(value)


def format_span(seconds: float) -> str:
    """Write a span of time for people, in its two largest units, as in ``2h 13m``."""
    left, parts = round(seconds), []
    for unit, size in _UNITS:
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"
