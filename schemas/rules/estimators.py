"""What scikit-learn has, from a file that a test compares with it: estimators, and what their parameters take."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

Constraint = Sequence[Any]
"""A kind and its details, as ``operators/model/estimator_catalogue.py`` writes them."""


class Estimator(NamedTuple):
    """One estimator."""

    task: str
    """``classification`` or ``regression``."""
    gives: tuple[str, ...]
    """``scores`` and ``probabilities``, where it has them with its default parameters."""
    may_give: tuple[str, ...]
    """Those it has with other parameters."""
    parameters: Mapping[str, Sequence[Constraint]]


@cache
def estimators() -> Mapping[str, Estimator]:
    """Full name -> estimator, of those that TrainModel can use."""
    text = Path(__file__).with_name("estimators.json").read_text(encoding="utf-8")
    return {
        name: Estimator(it["task"], tuple(it["gives"]), tuple(it["may_give"]), it["parameters"])
        for name, it in json.loads(text).items()
    }


def fits(value: Any, constraints: Sequence[Constraint]) -> bool:
    """Tell whether a plain value is one that scikit-learn takes; a template may be anything."""
    if isinstance(value, str) and "{{" in value:
        return True
    return any(_FITS[kind](value, *details) for kind, *details in constraints)


def describe(constraints: Sequence[Constraint]) -> str:
    """Say what a parameter takes, as in ``an integer from 1 on or null``."""
    parts = [text for constraint in constraints for text in _describe(constraint)]
    return " or ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else "no plain value"


def options(constraints: Sequence[Constraint]) -> list[str]:
    """List the words that a parameter takes."""
    return [str(option) for kind, *details in constraints if kind == "options" for option in details]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _within(value: float, low: float | None, high: float | None, closed: str) -> bool:
    # a side without a bound reaches to infinity, which is in the range only if that side is closed
    lowest, highest = -math.inf if low is None else low, math.inf if high is None else high
    above = value > lowest or (value == lowest and closed in ("left", "both"))
    below = value < highest or (value == highest and closed in ("right", "both"))
    return above and below


def _is_option(value: Any, *options: Any) -> bool:
    if value == math.inf:
        return "inf" in options
    return isinstance(value, str | int | float) and value in options


_FITS: Mapping[str, Callable[..., bool]] = {
    "any": lambda value: True,
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value, *range_: isinstance(value, int) and _within(value, *range_),
    "number": lambda value, *range_: _is_number(value) and _within(value, *range_),
    "fraction": lambda value, *range_: isinstance(value, float) and _within(value, *range_),
    "options": _is_option,
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "mapping": lambda value: isinstance(value, dict),
}
_NAMES = {
    "null": "null",
    "boolean": "true or false",
    "text": "text",
    "list": "a list",
    "mapping": "a mapping",
    "any": "anything",
}
_NUMBERS = {"integer": "an integer", "number": "a number", "fraction": "a number with a decimal point"}


def _describe(constraint: Constraint) -> Iterator[str]:
    kind, *details = constraint
    if kind == "options":
        yield from (f'"{option}"' if isinstance(option, str) else str(option) for option in details)
    elif kind in _NUMBERS:
        yield _NUMBERS[kind] + _describe_range(*details)
    else:
        yield _NAMES[kind]


def _describe_range(low: float | None, high: float | None, closed: str) -> str:
    first = "from" if closed in ("left", "both") else "above"
    last = "to" if closed in ("right", "both") else "below"
    if low is None:
        return "" if high is None else f" {last.replace('to', 'up to')} {high:g}"
    if high is None:
        return f" {first} {low:g}{' on' if first == 'from' else ''}"
    between = {"from to": "from {} to {}", "above below": "between {} and {}"}
    form = between.get(f"{first} {last}", f"{first} {{}} and {last.replace('to', 'up to')} {{}}")
    return f" {form.format(f'{low:g}', f'{high:g}')}"
