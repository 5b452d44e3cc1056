"""Tells those who come from dag-factory or Airflow 2 what to write instead, in the hint of a diagnostic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from schemas.diagnostic import Finding, Place
from schemas.migrate.known import INSTEAD, INSTEAD_OF_SCHEDULE, RENAMED, TRIGGER_RULES, WITHOUT_EFFECT, Scope
from schemas.migrate.migration import DATES, DURATIONS, written
from schemas.migrate.objects import schedule_form
from schemas.migrate.operators import MOVED
from schemas.migrate.values import OBJECT_MARKS, duration_of, is_object, is_relative_date, object_type
from schemas.migrate.walk import Found, iter_entries
from schemas.source import Source

_ADVISED = frozenset(("P101", "P102", "P103", "P104", "P105", "P301", "P303", "P401", "P402"))
_BY_MIGRATE = "; `pipelines migrate` writes it for you"
_CLASS = re.compile(r"[\w.]+\.[A-Z]\w*")
_OF_ASSETS = frozenset(("datasets", "file", "uri", "name", "alias", "ref", *OBJECT_MARKS))
_OF_ALL_FILES = frozenset(("default_args", "schedule", "start_date", "tags", "catchup", "max_active_runs"))


def with_advice(findings: list[Finding], source: Source, *, only_defaults: bool = False) -> list[Finding]:
    """Give findings at a word of dag-factory or Airflow 2 a hint that says what to write instead.

    :param findings: all findings of a file; those that lie in other files are left as they are
    :param source: the file
    :param only_defaults: whether the file is a ``defaults.yaml``
    """
    file = source.tree.place.file
    if not any(finding.code in _ADVISED and finding.place.file == file for finding in findings):
        return findings
    advice = dict(_iter_advice(source, only_defaults=only_defaults))
    return [_advised(finding, advice) if finding.place.file == file else finding for finding in findings]


def _advised(finding: Finding, advice: dict[tuple[int, int], str]) -> Finding:
    hint = advice.get((finding.place.line, finding.place.column))
    return replace(finding, hint=hint) if hint and finding.code in _ADVISED else finding


def _iter_advice(source: Source, *, only_defaults: bool) -> Iterator[tuple[tuple[int, int], str]]:
    for found in iter_entries(source, only_defaults=only_defaults):
        of_key, of_value = _of_key(found), _of_value(found)
        if of_key:
            yield _at(found.entry.key_place), of_key
        if of_value:
            yield _at(found.entry.value_place), of_value
            yield from ((_at(place), of_value) for place in _marks(found, source))
            if found.entry.key == "schedule":
                yield _at(found.entry.key_place), of_value


def _marks(found: Found, source: Source) -> Iterator[Place]:
    """Yield where the words stand that make an object of a value."""
    value = found.entry.value
    for mark in OBJECT_MARKS:
        if isinstance(value, dict) and mark in value:
            yield source.tree.key((*found.entry.path, mark))


def _at(place: Place) -> tuple[int, int]:
    return place.line, place.column


def _of_key(found: Found) -> str:
    key, scope = found.entry.key, found.scope
    new = RENAMED.get(scope, {}).get(key)
    if new:
        return f'it is called "{new}" now{_BY_MIGRATE}' if new not in found.siblings else f'keep "{new}" alone'
    if key in WITHOUT_EFFECT.get(scope, ()):
        return f"it has no effect in Airflow 3; leave it out{_BY_MIGRATE.replace('writes', 'does')}"
    if scope is Scope.FILE and key in _OF_ALL_FILES:
        return 'values that pipelines share stand under "default:", or in a file defaults.yaml'
    if scope is Scope.DAG and found.owner and found.owner[0] in INSTEAD[Scope.FILE]:
        return INSTEAD[Scope.FILE][str(found.owner[0])]
    return INSTEAD.get(scope, {}).get(key, "")


def _of_value(found: Found) -> str:
    value, key, scope = found.entry.value, found.entry.key, found.scope
    if scope is Scope.FILE:
        return INSTEAD[scope].get(key, "")
    if scope is Scope.TASK and key == "operator" and isinstance(value, str):
        return _of_operator(value)
    if scope is Scope.DAG and key == "schedule":
        return _of_schedule(value)
    if key in DATES and is_relative_date(value):
        return 'write the date itself, as in "2026-01-31"; one that is counted back from today moves every day'
    if key == "trigger_rule" and isinstance(value, str) and value in TRIGGER_RULES:
        return f'it is called "{TRIGGER_RULES[value]}" now{_BY_MIGRATE}'
    return _of_object(value, is_duration=key in DURATIONS) if is_object(value) else ""


def _of_operator(name: str) -> str:
    if name in MOVED:
        return f'it is "{MOVED[name]}" now{_BY_MIGRATE}'
    own = _CLASS.fullmatch(name) and not name.startswith(("airflow.", "operators."))
    return 'operators of your own stand under operators/ and are named "operators.module.Class"' if own else ""


def _of_schedule(value: Any) -> str:
    kind = object_type(value)
    form = schedule_form(value) if is_object(value) else None
    if form is not None:
        return f"write {written(form)}{_BY_MIGRATE}"
    if kind.rpartition(".")[2] in ("timedelta", "relativedelta"):
        return INSTEAD_OF_SCHEDULE["timedelta"]
    if kind and "asset" not in kind.lower() and "dataset" not in kind.lower():
        return INSTEAD_OF_SCHEDULE["timetable"]
    is_asset = isinstance(value, dict) and not _OF_ASSETS.isdisjoint(value) and "timetable" not in value
    return INSTEAD_OF_SCHEDULE["assets"] if is_asset else ""


def _of_object(value: Any, *, is_duration: bool) -> str:
    length = duration_of(value)
    if length and is_duration:
        return f"write {length}{_BY_MIGRATE}"
    if object_type(value).endswith(".Param"):
        return f"leave out __type__: {{default: …, type: …}} is a param{_BY_MIGRATE}"
    return "values in a pipeline file are plain; an operator of your own under operators/ can build the object"
