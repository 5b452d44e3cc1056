"""What constructors of installed operators say of parameters that do not go together; each by its full path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas.outline import Path
from schemas.rules.thresholds import iter_matching

Problem = tuple[Path, str, str]
"""Where it is, what is wrong, and the fix."""
Finder = Callable[[Mapping[str, Any]], Iterator[Problem]]

_STANDARD = "airflow.providers.standard"
_TASK_STATES = (
    *("removed", "scheduled", "queued", "running", "success", "restarting", "failed", "up_for_retry"),
    *("up_for_reschedule", "upstream_failed", "skipped", "deferred", "awaiting_input"),
)
_RUN_STATES = ("queued", "running", "success", "failed")
_OTHER_TASKS = ("external_task_id", "external_task_ids", "external_task_group_id")


def iter_installed_problems(operator: str, config: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the constructor of an installed operator would refuse.

    :param operator: its full path
    :param config: the task
    """
    if config.get("soft_fail") is True and config.get("never_fail") is True:
        yield ("never_fail",), '"soft_fail" and "never_fail" exclude each other', "keep one of the two"
    find = _FINDERS.get(operator)
    if find is not None:
        yield from find(config)


def _answers(config: Mapping[str, Any]) -> Iterator[Problem]:
    options, defaults = config.get("options"), config.get("defaults")
    defaults = [defaults] if isinstance(defaults, str) else defaults
    if isinstance(options, list) and isinstance(defaults, list):
        for value in defaults:
            if value not in options:
                message = f'"defaults" holds "{value}", which is none of the options'
                yield ("defaults",), message, f"options: {', '.join(map(str, options[:10]))}"
    if isinstance(defaults, list) and len(defaults) > 1 and config.get("multiple") is not True:
        yield ("defaults",), "several defaults, and only one option may be chosen", "set multiple: true, or give one"


def _branches(config: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _answers(config)
    options, chosen = config.get("options"), config.get("options_mapping")
    if isinstance(options, list) and isinstance(chosen, dict):
        for option in chosen:
            if option not in options:
                message = f'"{option}" is none of the options'
                yield ("options_mapping", option), message, f"options: {', '.join(map(str, options[:10]))}"


def _other_dag(config: Mapping[str, Any]) -> Iterator[Problem]:
    given = [key for key in _OTHER_TASKS if config.get(key)]
    if len(given) > 1:
        yield (given[1],), f'"{given[0]}" and "{given[1]}" exclude each other', "keep one of the two"
    allowed, of_what = (_TASK_STATES, "a task") if given else (_RUN_STATES, "a run")
    first: dict[str, str] = {}
    for key, state in _given_states(config):
        if state not in allowed:
            yield (key,), f'"{state}" is no state of {of_what}', f"allowed: {', '.join(allowed)}"
        elif state in first:
            yield (key,), f'"{state}" stands in "{key}", and in "{first[state]}" already', "keep one of the two"
        first.setdefault(state, key)


def _given_states(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("allowed_states", "skipped_states", "failed_states"):
        states = config.get(key)
        yield from ((key, state) for state in (states if isinstance(states, list) else ()) if isinstance(state, str))


def _dates(config: Mapping[str, Any]) -> Iterator[Problem]:
    keys = ("target_lower", "target_upper")
    if all(key in config and config[key] is None for key in keys):
        yield ("target_lower",), '"target_lower" and "target_upper" are both null', "give one of the two"


def _column_checks(config: Mapping[str, Any]) -> Iterator[Problem]:
    for path, bounds in iter_matching(config, "column_mapping.*.*"):
        for key, message, hint in _bounds(bounds) if isinstance(bounds, dict) else ():
            yield (*path, *key), f'"{".".join(map(str, path[1:]))}" {message}', hint


def _bounds(bounds: Mapping[str, Any]) -> Iterator[Problem]:
    low = [key for key in ("greater_than", "geq_to") if key in bounds]
    high = [key for key in ("less_than", "leq_to") if key in bounds]
    if not low and not high and "equal_to" not in bounds:
        yield (), "has no bound", "give one of equal_to, greater_than, geq_to, less_than, leq_to"
    elif (low or high) and "equal_to" in bounds:
        yield ("equal_to",), "is compared with equal_to and with another bound", "keep one of the two"
    elif max(len(low), len(high)) > 1:
        yield (max(low, high, key=len)[1],), "is bounded on the same side twice", "keep one of the two"
    elif low and high:
        yield from _order(bounds, low[0], high[0])


def _order(bounds: Mapping[str, Any], low: str, high: str) -> Iterator[Problem]:
    least, most = bounds[low], bounds[high]
    if isinstance(least, str) != isinstance(most, str):
        yield (high,), f"is compared with a number and with a text: {least} and {most}", "write two numbers"
    elif least > most or (least == most and (low, high) != ("geq_to", "leq_to")):
        yield (high,), f"can never hold: {low} is {least}, and {high} is {most}", "exchange the two"


_HITL = f"{_STANDARD}.operators.hitl"
_FINDERS: Mapping[str, Finder] = {
    f"{_HITL}.ApprovalOperator": _answers,
    f"{_HITL}.HITLBranchOperator": _branches,
    f"{_HITL}.HITLEntryOperator": lambda config: _answers({"options": ["OK"], **config}),
    f"{_HITL}.HITLOperator": _answers,
    f"{_STANDARD}.operators.datetime.BranchDateTimeOperator": _dates,
    f"{_STANDARD}.sensors.external_task.ExternalTaskSensor": _other_dag,
    "airflow.providers.common.sql.operators.sql.SQLColumnCheckOperator": _column_checks,
}
