"""Rules on thresholds: bounds that contradict each other, or that the number they are set on can never reach."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.diagnostic import Finding, Place
from schemas.outline import Outline, Path
from schemas.quantities import NUMBER, Quantity, read_quantity
from schemas.rules.metrics import ANY_NUMBER, ANYTHING, COUNT, METRICS, MILLISECONDS, PART, SPAN, TIMES, Kind
from schemas.source import Tree

_KEYS = ("min", "max", "between", "warn", "fail")
_PAIRS = ("between", "warn")
_LIKE_PERCENT = 5
"""A number from here to 100, where only 0 to 1 can be, was probably meant as a percentage."""
_DAG_RUNS = {
    "failed_runs": COUNT,
    "failure_ratio": PART,
    "duration": SPAN,
    "running_for": SPAN,
    "late_by": SPAN,
    "success_age": SPAN,
    "versus_usual.duration": TIMES,
    "versus_usual.late_by": SPAN,
    "versus_usual.failure_ratio": PART,
    "versus_usual.success_age": TIMES,
}
_DAG_TASKS = {"failed_tasks": COUNT, "same_task": COUNT}
_THRESHOLDS: Mapping[str, Mapping[str, Kind]] = {
    "ValidateData": {
        "rows": COUNT,
        "duplicates": PART,
        "freshness": SPAN,
        "columns.*.nulls": PART,
        "columns.*.bad": PART,
        "columns.*": ANY_NUMBER,
    },
    "DeployModel": {"smoke_test.latency_ms": MILLISECONDS},
    "CheckDagRuns": {**_DAG_RUNS, **{f"dags.*.{key}": kind for key, kind in _DAG_RUNS.items()}},
    "CheckTaskFailures": {
        **_DAG_TASKS,
        **{f"dags.*.{key}": kind for key, kind in _DAG_TASKS.items()},
        "same_error": COUNT,
        "retrying": COUNT,
        "failure_ratio": PART,
        "concentration": PART,
        "versus_usual.failed_tasks": TIMES,
        "versus_usual.retries": TIMES,
    },
    "CheckSchedulerHealth": {
        **dict.fromkeys(("heartbeat_age", "parse_time", "parse_age", "queued_for", "scheduled_for"), SPAN),
        **dict.fromkeys(("database_latency", "scheduler_loop"), SPAN),
        **dict.fromkeys(("alive.scheduler", "alive.dag_processor", "alive.triggerer"), COUNT),
        **dict.fromkeys(("lost_jobs", "import_errors"), COUNT),
        **dict.fromkeys(("pool_usage", "triggerer_usage", "executor_usage"), PART),
    },
}
"""Operator -> parameter (``*`` stands for any key) -> what its threshold is set on."""
_GATES = ("gates.*", "slices.gates.*")
_MARGINS = "versus_champion.*"
_PARTS: Mapping[str, tuple[str, ...]] = {
    "PreprocessData": ("split.test_size", "numeric.clip", "categorical.min_frequency")
}
"""Operator -> parameters that are a part of the whole by themselves."""


def thresholds_of(operator: str) -> Mapping[str, Kind]:
    """Give the thresholds of an operator: parameter (``*`` stands for any key) -> what it is set on."""
    return _THRESHOLDS.get(operator, {})


def iter_threshold_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield what is wrong with the bounds that a pipeline sets."""
    for task in outline.tasks:
        config = task.config or {}
        operator = config.get("operator")
        if not isinstance(operator, str):
            continue
        for pattern, kind in _kinds(operator, config).items():
            for path, value in iter_matching(config, pattern):
                yield from threshold_findings(value, (*task.path, *path), kind, tree)
        if operator == "EvaluateModel":
            yield from _gates(config, task.path, tree)
        for name in _PARTS.get(operator, ()):
            for path, value in iter_matching(config, name):
                yield from _part(value, (*task.path, *path), tree)


def _kinds(operator: str, config: Mapping[str, Any]) -> Mapping[str, Kind]:
    """Give the thresholds of an operator; those of a health check of the project's own are known by their form."""
    if operator in _THRESHOLDS or not operator.startswith("Check"):
        return _THRESHOLDS.get(operator, {})
    by_form = {key for key, value in config.items() if isinstance(value, dict) and value and set(value) <= {*_KEYS}}
    return dict.fromkeys(by_form, ANYTHING)


def known_parameters() -> Mapping[str, tuple[str, ...]]:
    """Operator -> its parameters that are thresholds."""
    return {**{name: tuple(kinds) for name, kinds in _THRESHOLDS.items()}, "EvaluateModel": _GATES}


def threshold_findings(value: Any, path: Path, kind: Kind, tree: Tree) -> Iterator[Finding]:
    """Yield what is wrong with one threshold.

    :param value: as in the YAML
    :param path: where it stands, from the DAG's id on
    :param kind: what it is set on
    :param tree: the places of the file
    """
    yield from _Threshold(value, path, kind, tree).findings()


def iter_matching(value: Any, pattern: str) -> Iterator[tuple[Path, Any]]:
    """Yield the values below a mapping whose keys fit a pattern such as ``columns.*.nulls``."""
    head, _, rest = pattern.partition(".")
    if not isinstance(value, dict):
        return
    for key in value if head == "*" else (head,):
        if key in value and not rest:
            yield (key,), value[key]
        elif key in value:
            yield from (((key, *path), found) for path, found in iter_matching(value[key], rest))


def _gates(config: Mapping[str, Any], path: Path, tree: Tree) -> Iterator[Finding]:
    for pattern in _GATES:
        for inner, value in iter_matching(config, pattern):
            if inner[-1] in METRICS:
                kind = METRICS[str(inner[-1])].kind
                yield from threshold_findings(value, (*path, *inner), kind, tree)
    for inner, value in iter_matching(config, _MARGINS):
        if inner[-1] in METRICS and isinstance(value, dict):
            yield from _margin(value, (*path, *inner), METRICS[str(inner[-1])].kind, tree)


@dataclass(frozen=True, slots=True)
class _Threshold:
    """One threshold of the YAML; its meaning is that of ``operators/thresholds.py``."""

    value: Any
    path: Path
    kind: Kind
    tree: Tree

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong; of one mistake only what says it best."""
        if not isinstance(self.value, dict) or not any(key in self.value for key in _KEYS):
            return
        twice = self._given_twice()
        if twice is not None:
            yield twice
            return
        bounds = self._bounds()
        if bounds is None:
            return
        out_of_place = [finding for bound in bounds for finding in self._bound_findings(bound)]
        yield from out_of_place or self._contradictions(dict(bounds)) or self._wrong_side()

    def _given_twice(self) -> Finding | None:
        for first, others in (("between", ("min", "max", "fail")), ("fail", ("max",))):
            for second in others:
                if first in self.value and second in self.value:
                    message = f'"{self._name}" bounds the same side twice, by "{first}" and by "{second}"'
                    return Finding("P603", self.tree.key((*self.path, second)), message, "keep one of the two")
        return None

    @property
    def _name(self) -> str:
        names = [str(part) for part in self.path[3:]]
        return ".".join(names)

    def _bounds(self) -> list[tuple[Path, Quantity]] | None:
        """Read every bound; None if the schema has something to say of one."""
        found: list[tuple[Path, Quantity]] = []
        for key in _KEYS:
            if key not in self.value:
                continue
            value = self.value[key]
            is_pair = isinstance(value, list) and len(value) == 2 and key in _PAIRS  # noqa: PLR2004
            parts = [((key, index), part) for index, part in enumerate(value)] if is_pair else [((key,), value)]
            for path, part in parts:
                quantity = read_quantity(part)
                if quantity is None or (key == "between" and not is_pair):
                    return None
                found.append((path, quantity))
        return found

    def _bound_findings(self, bound: tuple[Path, Quantity]) -> Iterator[Finding]:
        path, quantity = bound
        yield from _misfit(self._name, quantity, self.kind, self.tree.find((*self.path, *path)).place)

    def _contradictions(self, bounds: Mapping[Path, Quantity]) -> list[Finding]:
        fail, texts = _interval(bounds, "between", ("min",), ("max", "fail"))
        if fail[0] > fail[1]:
            key = "between" if "between" in self.value else "min"
            message = f'nothing can pass "{self._name}": the lowest value {texts[0]} is above the highest {texts[1]}'
            return [Finding("P601", self._place(key), message, "exchange the two bounds")]
        if "warn" not in self.value:
            return []
        if ("warn",) in bounds and fail[0] > -math.inf and fail[1] < math.inf:
            message = f'"{self._name}" can fail on two sides, and "warn" is {bounds[("warn",)].text} for both'
            return [Finding("P604", self._place("warn"), message, f"give two bounds, as in {_example(fail)}")]
        return self._warn_findings(bounds, fail, texts)

    def _warn_findings(
        self, bounds: Mapping[Path, Quantity], fail: tuple[float, float], texts: tuple[str, str]
    ) -> list[Finding]:
        lower = ("warn",) if "min" in self.value else ()
        warn, shown = _interval(bounds, "warn", lower, () if lower else ("warn",))
        if warn[0] > warn[1]:
            message = f'nothing passes "{self._name}" without a warning: {shown[0]} is above {shown[1]}'
            return [Finding("P601", self._place("warn"), message, "exchange the two bounds")]
        for side, limit in (("below", 0), ("above", 1)):
            looser = warn[0] < fail[0] if side == "below" else warn[1] > fail[1]
            if looser:
                message = f'the warning of "{self._name}" is never seen: {side} {texts[limit]} it fails already'
                hint = f'"warn" is the stricter bound: {"more" if side == "below" else "less"} than {texts[limit]}'
                return [Finding("P602", self._place("warn"), message, hint)]
        return []

    def _wrong_side(self) -> list[Finding]:
        better = self.kind.higher_is_better
        has_lower = "min" in self.value or "between" in self.value or isinstance(self.value.get("warn"), list)
        has_upper = any(key in self.value for key in ("max", "between", "fail")) or not has_lower
        if better is None or (has_lower if better else has_upper):
            return []
        key = next(key for key in _KEYS if key in self.value)
        way, bad = ("higher", "high") if better else ("lower", "low")
        message = f'of "{self.path[-1]}", {way} is better, and this bound refuses only what is too {bad}'
        hint = "bound it from below, as in {min: 0.9, warn: 0.95}" if better else "bound it from above, with max"
        return [Finding("P607", self.tree.key((*self.path, key)), message, hint)]

    def _place(self, key: str) -> Place:
        return self.tree.find((*self.path, key)).place


def _example(fail: tuple[float, float]) -> str:
    middle = (fail[0] + fail[1]) / 2
    return f"[{(fail[0] + middle) / 2:g}, {(fail[1] + middle) / 2:g}]"


def _interval(
    bounds: Mapping[Path, Quantity], pair: str, lower: tuple[str, ...], upper: tuple[str, ...]
) -> tuple[tuple[float, float], tuple[str, str]]:
    """Give lowest and highest value, and how the YAML has them."""
    low = next((bounds[key] for key in ((pair, 0), *((k,) for k in lower)) if key in bounds), None)
    high = next((bounds[key] for key in ((pair, 1), *((k,) for k in upper)) if key in bounds), None)
    values = (low.value if low else -math.inf, high.value if high else math.inf)
    return values, (low.text if low else "", high.text if high else "")


def _misfit(name: str, quantity: Quantity, kind: Kind, place: Place) -> Iterator[Finding]:
    """Say that a value has the wrong unit, or is beyond what the number can be."""
    if quantity.unit not in kind.units:
        allowed = " or ".join(kind.units)
        message = f'"{name}" is compared with {quantity.text}, {quantity.unit}; it takes {allowed}'
        hint = f'"{name}" is {kind.what}' if kind.what else ""
        yield Finding("P608", place, message, hint)
    elif not kind.low <= quantity.value <= kind.high and math.isfinite(quantity.value):
        message = f'"{name}" is compared with {quantity.text}, which it can never be; it is {kind.range}'
        yield Finding("P606", place, message, _as_part(quantity, kind))


def _as_part(quantity: Quantity, kind: Kind) -> str:
    is_percent = kind.high == 1 and quantity.unit == NUMBER and _LIKE_PERCENT <= quantity.value <= 100  # noqa: PLR2004
    return f"write {quantity.text}% or {quantity.value / 100:g}" if is_percent else ""


def _part(value: Any, path: Path, tree: Tree) -> Iterator[Finding]:
    """Judge what is a part of the whole by itself, or a pair of such."""
    values = [((), value)] if not isinstance(value, list) else [((i,), item) for i, item in enumerate(value)]
    name, found = ".".join(map(str, path[3:])), []
    for inner, item in values:
        quantity = read_quantity(item)
        if quantity is None:
            return
        found.append(quantity)
        # a number beyond 1 is against the schema, which says so
        if quantity.unit != NUMBER and not 0 <= quantity.value <= 1:
            place = tree.find((*path, *inner)).place
            yield Finding("P606", place, f'"{name}" is {quantity.text}; a part of the whole is from 0 to 100%')
            return
    if len(found) == 2 and found[0].value >= found[1].value:  # noqa: PLR2004
        message = f'nothing is left by "{name}": {found[0].text} is not below {found[1].text}'
        yield Finding("P601", tree.find(path).place, message, "the lower bound comes first")


def _margin(value: Mapping[str, Any], path: Path, kind: Kind, tree: Tree) -> Iterator[Finding]:
    """Judge a distance from the champion's value."""
    name = ".".join(map(str, path[3:]))
    margins = {key: read_quantity(value[key]) for key in ("not_worse_than", "better_by", "warn") if key in value}
    reach = kind.high - kind.low
    for key, margin in margins.items():
        place = tree.find((*path, key)).place
        if margin is None:
            return
        if margin.unit not in kind.units:
            message = f'"{name}.{key}" is {margin.text}, {margin.unit}; a distance takes {" or ".join(kind.units)}'
            yield Finding("P608", place, message, "write 0.01, or 1% of the champion's value")
            return
        if margin.unit == NUMBER and margin.value >= reach:
            message = f'"{name}.{key}" is {margin.text}; no two values are so far apart: {path[-1]} is {kind.range}'
            yield Finding("P606", place, message, _as_part(margin, PART) or "write 1% or 0.01")
            return
    yield from _margin_warning(margins, path, tree)


def _margin_warning(margins: Mapping[str, Quantity | None], path: Path, tree: Tree) -> Iterator[Finding]:
    warn = margins.get("warn")
    kind = next((key for key in ("not_worse_than", "better_by") if margins.get(key)), None)
    fail = margins.get(kind) if kind else None
    if warn is None or fail is None or warn.unit != fail.unit:
        return
    looser = warn.value > fail.value if kind == "not_worse_than" else warn.value < fail.value
    if looser:
        name = ".".join(map(str, path[3:]))
        message = f'the warning of "{name}" is never seen: it fails at {fail.text} already'
        hint = f'"warn" is the stricter margin: {"less" if kind == "not_worse_than" else "more"} than {fail.text}'
        yield Finding("P602", tree.find((*path, "warn")).place, message, hint)
