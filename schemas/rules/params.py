"""Rules on params: a default that fits what the param says a value must be, and one wherever there is a schedule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.compiled import Compiler, UnsupportedKeywordError
from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.rules.clocks import runs_by_itself
from schemas.source import Tree
from schemas.spelling import nearest
from schemas.wording import shown

_DESCRIBING = frozenset({"default", "description", "description_md", "section", "values_display"})
"""Keys of a param that are no JSON Schema."""
_REPEATED_GROUP = re.compile(r"[*+}?]\)*\)(?:[*+]|\{\d*,)")
"""A repetition at the end of what is repeated itself: to try such a pattern can take for ever."""
_LONGEST = 20
"""Characters for which it does not yet."""
_MOST_REPETITIONS = 3
_REPETITION = re.compile(r"[*+]|\{\d*,\d*\}")
_LONG = 500
_LONGEST_REASON = 200


def iter_param_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield params that Airflow refuses, or that no run could have."""
    scheduled = runs_by_itself(outline)
    for path, param in _iter_defined(outline):
        if "default" in param:
            yield from _default(path, param, tree, may_be_empty=not scheduled)
        elif scheduled and not _is_misspelt(param):
            message = f'param "{path[-1]}" has no default, and the schedule gives none'
            yield Finding("P308", tree.key(path), message, "add a default, or write schedule: null")


def _iter_defined(outline: Outline) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the params that are more than a default."""
    params = outline.config.get("params")
    for name, param in params.items() if isinstance(params, dict) else ():
        if isinstance(param, dict):
            yield (outline.dag_id, "params", name), param


def _is_misspelt(param: Mapping[str, Any]) -> bool:
    """Tell whether the default may stand there under a name that is wrong, which is said of that."""
    return any(nearest(key, ("default",)) for key in param)


def _default(path: Path, param: Mapping[str, Any], tree: Tree, *, may_be_empty: bool) -> Iterator[Finding]:
    value = param["default"]
    if value is None and may_be_empty:
        # a field of the form that people must fill
        return
    schema = {key: part for key, part in param.items() if key not in _DESCRIBING}
    place = tree.find((*path, "default")).place
    slow = slow_pattern(value, schema)
    if slow:
        message = f"the pattern {shown(slow)} repeats what repeats; to try a default with it may take for ever"
        yield Finding("P318", place, message, "write the pattern without a repetition in a repetition")
        return
    problem = _problem(value, schema)
    if problem:
        message = f'the default of param "{path[-1]}" is {shown(value)}, which it does not allow: {problem}'
        yield Finding("P307", place, message, "change the default, or what the param allows")


def _problem(value: Any, schema: Mapping[str, Any]) -> str:
    """Say why a value does not fit, as Airflow would; nothing if it does, or if the schema is wrong itself."""
    if "format" not in str(schema) and _fits(value, schema):
        return ""
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import SchemaError, best_match

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return ""
    try:
        error = best_match(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value))
    except (OverflowError, ValueError):
        # more digits than can be divided, or "not a number"
        return "it is no number to reckon with"
    return "" if error is None else error.message.rstrip(".")[:_LONGEST_REASON]


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Tell quickly that a value fits; not whether it does not."""
    try:
        return Compiler(lambda _: False, {}, takes_whole_floats=True).compile(schema)(value)
    except (UnsupportedKeywordError, TypeError, KeyError, AttributeError, re.error):
        return False


def slow_pattern(value: Any, schema: Any) -> str:
    """Find a pattern that could keep the check, and Airflow, busy for ever; nothing if there is none.

    :param value: the default
    :param schema: what it must be; the patterns in it may be tried on any text of the default
    """
    longest = max((len(text) for text in _iter_texts(value)), default=0)
    for pattern in _iter_patterns(schema):
        nested = _REPEATED_GROUP.search(pattern) is not None and longest > _LONGEST
        many = len(_REPETITION.findall(pattern)) > _MOST_REPETITIONS and longest > _LONG
        if nested or many:
            return pattern
    return ""


def _iter_texts(value: Any) -> Iterator[str]:
    work = [value]
    while work:
        current = work.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict | list):
            work.extend(current.values() if isinstance(current, dict) else current)


def _iter_patterns(schema: Any) -> Iterator[str]:
    work = [schema]
    while work:
        current = work.pop()
        if isinstance(current, dict):
            if isinstance(current.get("pattern"), str):
                yield current["pattern"]
            work.extend(current.values())
        elif isinstance(current, list):
            work.extend(current)
