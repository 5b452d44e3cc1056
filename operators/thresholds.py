"""The one threshold grammar of the project: what a number is compared with, and what the comparison says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from operators.verdict import Outcome, Verdict

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d|w)")
_DURATIONS = re.compile(r"(\d+(\.\d+)?(ms|s|m|h|d|w))+")
_LONGEST_SECONDS = 1000 * 365 * 86400.0
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_KEYS = ("min", "max", "between", "warn", "fail")


class ThresholdError(ValueError):
    """A threshold or quantity in the YAML that has no meaning; the message names the place and the fix."""


def parse_duration(value: str | int | float, *, where: str) -> timedelta:
    """Turn ``90s``, ``5m``, ``1.5h``, ``2d`` or ``1h30m`` (a bare number: seconds) into a timedelta.

    :param value: the YAML's value
    :param where: how to call the place in an error, e.g. ``check_dag_runs.window``
    :raises ThresholdError: if it is not a duration
    """
    seconds = -1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value
    elif isinstance(value, str) and _DURATIONS.fullmatch(value):
        seconds = sum(float(part["number"]) * _SECONDS[part["unit"]] for part in _DURATION.finditer(value))
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ThresholdError(
            f"{where}: {value!r:.80} is not a duration; write a number and a unit, as in 90s, 5m, 36h, 7d"
        )
    return timedelta(seconds=seconds)


def parse_interval(value: str | int | float, *, where: str) -> timedelta:
    """Turn a duration into a timedelta, also one with a minus before it: a moment that comes earlier.

    :param value: the YAML's value
    :param where: how to call the place in an error
    :raises ThresholdError: if it is not a duration
    """
    if isinstance(value, str) and value.startswith("-"):
        return -parse_duration(value[1:], where=where)
    return timedelta(seconds=value) if isinstance(value, int | float) else parse_duration(value, where=where)


def parse_quantity(value: str | int | float, *, where: str) -> float:
    """Turn a number, a percentage (``1%`` is 0.01) or a duration (in seconds) into a float.

    :param value: the YAML's value
    :param where: how to call the place in an error
    :raises ThresholdError: if it is none of these
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ThresholdError(f"{where}: {value!r} is not a number, a percentage or a duration")
    if isinstance(value, str) and not value.endswith("%"):
        return parse_duration(value, where=where).total_seconds()
    try:
        number = float(value[:-1]) / 100 if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ThresholdError(
            f"{where}: {value!r:.80} is not a finite number or percentage; write it as in 0.5, 1% or 0.5%"
        )
    return number


@dataclass(frozen=True, slots=True)
class Threshold:
    """Two nested intervals: outside ``fail`` the verdict is fail, outside ``warn`` it is warn, else pass."""

    fail: tuple[float, float]
    """Lowest and highest value that does not fail."""
    warn: tuple[float, float]
    """Lowest and highest value that does not warn."""
    text: str
    """The threshold as the YAML has it, for people."""

    def outcome(self, observed: float | None) -> Outcome:
        """Compare: a value that could not be measured (None, NaN) is inconclusive, never a pass."""
        if observed is None or math.isnan(observed):
            return Outcome.INCONCLUSIVE
        if not self.fail[0] <= observed <= self.fail[1]:
            return Outcome.FAIL
        return Outcome.PASS if self.warn[0] <= observed <= self.warn[1] else Outcome.WARN

    def judge(self, name: str, observed: float | None, *, message: str = "") -> Verdict:
        """Give the verdict on one observed value.

        :param name: what was observed, e.g. ``roc_auc`` or ``age.nulls``
        :param observed: the value; None if it could not be measured
        :param message: more for people, e.g. ``12 of 569 rows``
        """
        return Verdict(
            name=name,
            outcome=self.outcome(observed),
            observed=observed,
            threshold=self.text,
            message=message,
            limits=self.limits,
        )

    @property
    def limits(self) -> dict[str, float]:
        """The bounds by name; ``warn`` only where it is stricter than ``fail``."""
        sides = {"min": (self.fail[0], self.warn[0]), "max": (self.fail[1], self.warn[1])}
        bounds = {f"fail_{side}": fail for side, (fail, _) in sides.items()}
        bounds |= {f"warn_{side}": warn for side, (fail, warn) in sides.items() if warn != fail}
        return {name: bound for name, bound in bounds.items() if math.isfinite(bound)}


def parse_threshold(value: Mapping[str, Any], *, where: str) -> Threshold:
    """Read ``{min}``, ``{max}``, both, or ``{between: [a, b]}``, each with an optional ``warn``; or ``{warn, fail}``.

    ``min`` and ``max`` fail outside; ``warn`` is the stricter bound on the same side. ``{warn: 5%, fail: 10%}`` means
    "more than 5 % warns, more than 10 % fails", which is how bad things (nulls, failures, ages) are bounded.

    :param value: the YAML's mapping
    :param where: how to call the place in an error
    :raises ThresholdError: if a key is unknown, or the bounds contradict each other
    """
    keys = list(value) if isinstance(value, Mapping) else []
    unknown = [key for key in keys if key not in _KEYS]
    if unknown or not keys:
        found = ", ".join(map(repr, unknown)) or repr(value)
        raise ThresholdError(f"{where}: a threshold takes {', '.join(_KEYS)}; found {found:.100}")
    fail = _fail_interval(value, where)
    warn = _warn_interval(value, fail, where)
    if fail[0] > fail[1]:
        raise ThresholdError(f"{where}: min {fail[0]:g} is above max {fail[1]:g}; nothing could pass")
    if warn[0] < fail[0] or warn[1] > fail[1] or warn[0] > warn[1]:
        raise ThresholdError(f"{where}: warn must be stricter than what fails, else it can never be seen")
    return Threshold(fail=fail, warn=warn, text=describe_threshold(value))


def describe_threshold(value: Mapping[str, Any]) -> str:
    """Write a threshold for people, as in ``min 0.97, warn 0.98``."""
    return ", ".join(f"{key} {_describe(value[key])}" for key in _KEYS if key in value)


def _describe(value: Any) -> str:
    return " to ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)


def _fail_interval(value: Mapping[str, Any], where: str) -> tuple[float, float]:
    if "between" in value:
        if {"min", "max", "fail"} & set(value):
            raise ThresholdError(f"{where}: give between, or min and max, not both")
        return _pair(value["between"], f"{where}.between")
    if "fail" in value and "max" in value:
        raise ThresholdError(f"{where}: fail and max mean the same bound; give one")
    upper = "max" if "max" in value else "fail"
    return (
        parse_quantity(value["min"], where=f"{where}.min") if "min" in value else -math.inf,
        parse_quantity(value[upper], where=f"{where}.{upper}") if upper in value else math.inf,
    )


def _warn_interval(value: Mapping[str, Any], fail: tuple[float, float], where: str) -> tuple[float, float]:
    if "warn" not in value:
        return fail
    if isinstance(value["warn"], list | tuple):
        return _pair(value["warn"], f"{where}.warn")
    if "between" in value or ("min" in value and value.keys() & {"max", "fail"}):
        raise ThresholdError(f"{where}.warn: two sides can fail, so warn takes two bounds, as in [0.2, 0.8]")
    bound = parse_quantity(value["warn"], where=f"{where}.warn")
    return (bound, math.inf) if "min" in value else (-math.inf, bound)


def _pair(value: Any, where: str) -> tuple[float, float]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:  # noqa: PLR2004
        raise ThresholdError(f"{where}: {value!r} is not a pair; write two bounds, as in [0, 100]")
    return parse_quantity(value[0], where=where), parse_quantity(value[1], where=where)
