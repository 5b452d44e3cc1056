"""Rewrites one file of dag-factory as far as the meaning stays the same, and notes what its reader must know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml

from schemas.contract import Contract
from schemas.diagnostic import Place
from schemas.migrate import zones
from schemas.migrate.edits import Edit, Layout, apply_edits, remove_keys
from schemas.migrate.known import (
    IGNORED_BEFORE,
    OFF_BY_ITSELF,
    RENAMED,
    SECONDS,
    TRIGGER_RULES,
    WITHOUT_EFFECT,
    Scope,
)
from schemas.migrate.objects import assets_form, param_form, schedule_form
from schemas.migrate.operators import MOVED
from schemas.migrate.tasks import is_replaced, task_edits, variables_of
from schemas.migrate.values import duration_of, is_object, moment_of, plain_value, without_offset
from schemas.migrate.walk import Found, Path, iter_entries
from schemas.source import Source

DURATIONS = frozenset(("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout"))
DATES = frozenset(("start_date", "end_date"))
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})", re.ASCII)
_OF_FUNCTION = re.compile(r"_(?:file|name)['\"]?\s*:\s")


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
    gone: dict[Path, set[str]] = {}
    for found in iter_entries(source, only_defaults=only_defaults):
        notes += _notes_of(found, contract)
        if _is_needless(found) or is_replaced(found, contract):
            gone.setdefault(found.entry.path[:-1], set()).add(found.entry.key)
            edits += _zone_of_pipeline(found)
        else:
            edits += _edits_of(found, contract)
    for path, keys in gone.items():
        edits += remove_keys(source, Layout(source.text), path, keys)
    notes += _variables(source)
    return Migration(apply_edits(source.text, edits), tuple(edits), tuple(sorted(set(notes))))


def _edits_of(found: Found, contract: Contract) -> Iterator[Edit]:
    """Give the changes of one key; the first step that has an answer is the only one."""
    for step in _STEPS:
        edits = step(found, contract)
        if edits is not None:
            yield from edits
            return


def _is_needless(found: Found) -> bool:
    entry, scope = found.entry, found.scope
    gone = entry.key in WITHOUT_EFFECT.get(scope, ())
    off = entry.key in OFF_BY_ITSELF.get(scope, ()) and entry.value is False
    repeated = scope is Scope.TASK and entry.key == "task_id" and isinstance(found.owner[-1], str)
    # the dates beside it are written so that they need no zone
    zone = scope is Scope.ARGS and entry.key == "timezone"
    return gone or off or repeated or zone


def _zone_of_pipeline(found: Found) -> Iterator[Edit]:
    if found.entry.key == "timezone" and zones.moves_up(found):
        arguments = replace(found.entry, path=found.entry.path[:-1])
        yield arguments.put_before(f"timezone: {written(found.entry.value)}")


def _rename(found: Found, _: Contract) -> list[Edit] | None:
    new = RENAMED.get(found.scope, {}).get(found.entry.key)
    if new is None:
        return None
    if new in found.siblings:
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
    form = _form(found, key)
    if form is not None:
        return None if form == value else written(form)
    if key == "trigger_rule" and scope in (Scope.TASK, Scope.ARGS):
        return TRIGGER_RULES.get(value) if isinstance(value, str) else None
    return None


def _form(found: Found, key: str) -> Any:
    """Give the plain value that stands for an object, or for a list of objects; None if there is none."""
    value, path = found.entry.value, found.entry.path
    if found.scope is Scope.DAG and key == "schedule" and isinstance(value, dict | list):
        return schedule_form(value)
    if key in ("inlets", "outlets") and found.scope in (Scope.TASK, Scope.ARGS):
        return assets_form(value)
    if not is_object(value):
        return None
    is_param = len(path) > 1 and path[-2] == "params"
    return param_form(value) if is_param else plain_value(value)


def _kind(found: Found, key: str, contract: Contract | None) -> str:
    if found.scope in (Scope.DAG, Scope.ARGS, Scope.TASK):
        if key in DURATIONS:
            return "duration"
        if key in DATES:
            return "date"
    if found.scope is Scope.TASK and contract is not None:
        operator = str(found.siblings.get("operator"))
        return contract.conversions(MOVED.get(operator, operator)).get(key, "")
    return ""


def _new_date(found: Found) -> str | None:
    value = found.entry.value
    moment = moment_of(value)
    if _has_own_zone(found):
        # the zone beside it goes: up to the pipeline, or else the date must say by itself what it means
        bare = moment or without_offset(str(value))
        moment = bare if zones.moves_up(found) else zones.with_offset(bare, found) or bare
    return None if moment in (None, value) else f'"{moment}"'


def _has_own_zone(found: Found) -> bool:
    return found.scope is Scope.ARGS and "timezone" in found.siblings


def _operator(found: Found, _: Contract) -> list[Edit] | None:
    entry = found.entry
    if found.scope is not Scope.TASK or entry.key != "operator":
        return None
    if not isinstance(entry.value, str) or entry.value not in MOVED:
        return None
    edit = entry.rewrite(entry.value, MOVED[entry.value])
    return [edit] if edit else []


_STEPS: tuple[Callable[[Found, Contract], list[Edit] | None], ...] = (_rename, _operator, task_edits, _value)


def _is_none(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == "none" and value != "none"


def written(value: Any) -> str:
    """Write a plain value on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _notes_of(found: Found, contract: Contract) -> Iterator[Note]:
    entry = found.entry
    if variables_of(found, contract):
        message = "dag-factory reads Airflow variables whenever it reads the file; here a task reads them when it runs"
        yield _note(entry.key_place, message)
    if entry.key in IGNORED_BEFORE.get(found.scope, ()):
        message = f'dag-factory drops "{entry.key}" without a word; here it has its effect'
        yield _note(entry.key_place, message)
    if entry.key in DATES and not _has_own_zone(found):
        meant = zones.moment_meant(found)
        if meant:
            message = f'dag-factory means {meant} by "{entry.value}"; write that, if it matters{_of_schedule(found)}'
            yield _note(entry.value_place, message)


def _of_schedule(found: Found) -> str:
    """Say that the schedule moves as well, where the only dates are those of ``default_args``."""
    moves = found.scope is Scope.ARGS and zones.sets_zone_of_schedule(found)
    return ", and leave out the timezone of the pipeline: there, the schedule is in UTC" if moves else ""


def _variables(source: Source) -> Iterator[Note]:
    """Note where dag-factory put variables of the environment into the text, before it was YAML."""
    layout = Layout(source.text)
    for match in _VARIABLE.finditer(source.text):
        line, column = layout.position(match.start())
        start = layout.line_start(match.start())
        before = source.text[start : match.start()]
        # a comment, or the file of a function, which there is something to be said of anyway
        if before.lstrip().startswith("#") or " #" in before or _OF_FUNCTION.search(before):
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
