"""Severities: how urgent something is for people, as alerts of Prometheus and of the health pipeline have it."""

from __future__ import annotations

from operators.verdict import Outcome

SEVERITIES = ("critical", "warning", "info")
"""The most urgent first: somebody has to act now, within the day, or only has to know."""

_OF_OUTCOME = {Outcome.FAIL: "critical", Outcome.INCONCLUSIVE: "warning", Outcome.WARN: "warning"}


def severity_of(outcome: Outcome) -> str:
    """Give the severity of a verdict that is no pass.

    What could not be measured is as urgent as a warning: nobody knows how it is.
    """
    return _OF_OUTCOME.get(outcome, "info")
