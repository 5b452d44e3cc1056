"""Rewrites one file of dag-factory as far as the meaning stays the same, and notes what its reader must know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from schemas.contract import Contract
from schemas.diagnostic import Place
from schemas.migrate import zones
from schemas.migrate.edits import Edit, Layout, apply_edits
from schemas.migrate.known import (
    IGNORED_BEFORE,
    OFF_BY_ITSELF,
    RENAMED,
    SECONDS,
    TRIGGER_RULES,
    WITHOUT_EFFECT,
    Scope,
)
from schemas.migrate.operators import MOVED
from schemas.migrate.values import duration_of, is_object, moment_of, plain_value, without_offset
from schemas.migrate.walk import Found, iter_entries
from schemas.source import Source

DURATIONS = frozenset(("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout"))
DATES = frozenset(("start_date", "end_date"))
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something that no diagnostic says, because the file is right as it is but means something else now."""

    line: int
    column: int
    message: str
    to_do: bool = False
    """Whether somebody must change the file."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What becomes of a file."""

    text: str
    edits: tuple[Edit, ...]
    """The changes that made the text."""
    notes: tuple[Note, ...]
    """Their places are those in the file as it was."""


def migrate(source: Source, contract: Contract, *, only_defaults: bool = False) -> Migration:
    """Rewrite a file.

    :param source: a file that was read without a syntax error
    :param contract: the schema, which knows what parameters are lengths of time
    :param only_defaults: whether the file is dag-factory's ``defaults.yml``
    """
    edits: list[Edit] = []
    notes: list[Note] = []
    for found in iter_entries(source, only_defaults=only_defaults):
        edits += _edits_of(found, contract)
        notes += _notes_of(found)
    notes += _variables(source)
    return Migration(apply_edits(source.text, edits), tuple(edits), tuple(sorted(set(notes))))


def _edits_of(found: Found, contract: Contract) -> Iterator[Edit]:
    """Give the changes of one key; the first step that has an answer is the only one."""
    for step in _STEPS:
        edits = step(found, contract)
        if edits is not None:
            yield from edits
            return


def _drop(found: Found, _: Contract) -> list[Edit] | None:
    entry, scope = found.entry, found.scope
    gone = entry.key in WITHOUT_EFFECT.get(scope, ())
    off = entry.key in OFF_BY_ITSELF.get(scope, ()) and entry.value is False
    repeated = scope is Scope.TASK and entry.key == "task_id" and isinstance(found.owner[-1], str)
    # the dates beside it are written so that they need no zone
    zone = scope is Scope.ARGS and entry.key == "timezone"
    if not (gone or off or repeated or zone):
        return None
    edit = entry.remove()
    return [edit] if edit else []


def _rename(found: Found, _: Contract) -> list[Edit] | None:
    new = RENAMED.get(found.scope, {}).get(found.entry.key)
    if new is None:
        return None
    if new in _mapping(found):
        return []
    edits = [found.entry.rename(new)]
    if found.entry.key in SECONDS and isinstance(found.entry.value, int | float):
        edits += found.entry.replace(duration_of(found.entry.value) or str(found.entry.value))
    elif new in DURATIONS or new == "schedule":
        edits += _value_edits(found, new)
    return edits


def _value(found: Found, contract: Contract) -> list[Edit] | None:
    return _value_edits(found, found.entry.key, contract)


def _value_edits(found: Found, key: str, contract: Contract | None = None) -> list[Edit]:
    value = _new_value(found, key, contract)
    return [] if value is None else found.entry.replace(value)


def _new_value(found: Found, key: str, contract: Contract | None) -> str | None:
    """Give the text of the value that stands for the old one, or None if it may stay."""
    value, scope = found.entry.value, found.scope
    kind = _kind(found, key, contract)
    if kind == "duration":
        return duration_of(value) if is_object(value) or key == "execution_delta" else None
    if kind == "date":
        return _new_date(found)
    if scope is Scope.DAG and key == "schedule" and _is_none(value):
        return "null"
    if is_object(value):
        plain = plain_value(value)
        return None if plain is None else _written(plain)
    if key == "trigger_rule" and scope in (Scope.TASK, Scope.ARGS):
        return TRIGGER_RULES.get(value) if isinstance(value, str) else None
    return None


def _kind(found: Found, key: str, contract: Contract | None) -> str:
    if found.scope in (Scope.DAG, Scope.ARGS, Scope.TASK):
        if key in DURATIONS:
            return "duration"
        if key in DATES:
            return "date"
    if found.scope is Scope.TASK and contract is not None:
        operator = str(_mapping(found).get("operator"))
        return contract.conversions(MOVED.get(operator, operator)).get(key, "")
    return ""


def _new_date(found: Found) -> str | None:
    value = found.entry.value
    moment = moment_of(value) or (without_offset(value) if isinstance(value, str) else None)
    if moment is None or found.scope is Scope.TASK:
        return None
    if found.scope is Scope.ARGS:
        moment = zones.with_offset(moment, found) or moment
    elif isinstance(value, str) and zones.is_offset_in(value, moment, zones.of_pipeline(found)):
        return None
    return None if moment == value else f'"{moment}"'


def _operator(found: Found, _: Contract) -> list[Edit] | None:
    entry = found.entry
    if found.scope is not Scope.TASK or entry.key != "operator" or entry.value not in MOVED:
        return None
    edit = entry.rewrite(entry.value, MOVED[entry.value])
    return [edit] if edit else []


_STEPS: tuple[Callable[[Found, Contract], list[Edit] | None], ...] = (_drop, _rename, _operator, _value)


def _mapping(found: Found) -> dict[str, Any]:
    value: Any = found.entry.source.data
    for part in found.entry.path[:-1]:
        value = value[part]
    return value if isinstance(value, dict) else {}


def _is_none(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == "none" and value != "none"


def _written(value: Any) -> str:
    """Write a plain value on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def _notes_of(found: Found) -> Iterator[Note]:
    entry = found.entry
    if entry.key in IGNORED_BEFORE.get(found.scope, ()):
        message = f'dag-factory drops "{entry.key}" without a word; here it has its effect'
        yield _note(entry.key_place, message)
    if entry.key in DATES and found.scope in (Scope.DAG, Scope.ARGS) and zones.reads_past_offset(found):
        message = f'dag-factory reads past the offset of "{entry.value}", and so does what is written now'
        yield _note(entry.value_place, message)


def _variables(source: Source) -> Iterator[Note]:
    """Note where dag-factory put variables of the environment into the text, before it was YAML."""
    layout = Layout(source.text)
    for match in _VARIABLE.finditer(source.text):
        line, column = layout.position(match.start())
        start = layout.line_start(match.start())
        before = source.text[start : match.start()]
        if before.lstrip().startswith("#") or " #" in before:
            continue
        if "bash_command" in before:
            message = f"the shell replaces {match[0]} when the task runs; dag-factory did when it read the file"
            yield Note(line, column, message)
            continue
        message = (
            f"dag-factory replaced {match[0]} by the environment of whoever read the file; here it stays as it is "
            'written: write the value, or "{{ var.value.name }}" where templates are allowed'
        )
        yield Note(line, column, message, to_do=True)


def _note(place: Place, message: str) -> Note:
    return Note(place.line, place.column, message)
