"""Why a task failed: the last error in its log, and what it has in common with those of other tasks."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operators.health.airflow_api import REQUESTS_AT_MOST, AirflowApi, AirflowApiError, AnswerTooLongError
from operators.health.airflow_rows import TaskInstance

log = logging.getLogger("airflow.task")

_SECONDS_FOR_LOGS = 1.0
_TEXT_CHARACTERS = 160
_ERROR_LEVELS = ("error", "critical")
_VARYING = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+"), "<address>"),
    (re.compile(r"(?<!\w)/[\w.@~-]+(?:/[\w.@~-]*)+"), "<path>"),
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`"), "<text>"),
    (re.compile(r"\b(?:0x)?[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b"), "<id>"),
    (re.compile(r"\d+"), "#"),
)
"""What differs from one occurrence of an error to the next, in this order."""


@dataclass(frozen=True, slots=True)
class TaskError:
    """An error as the log has it."""

    kind: str
    """The exception's class, e.g. ``ConnectionError``; empty for a line that was only logged."""
    text: str
    """On one line, cut."""
    signature: str
    """Kind and text without what varies."""

    @property
    def label(self) -> str:
        """A short name for it, e.g. ``ConnectionError#3f2a``."""
        return f"{self.kind or 'error'}#{hashlib.sha256(self.signature.encode()).hexdigest()[:4]}"

    def to_text(self) -> str:
        """Write it for people."""
        return f"{self.kind}: {self.text}" if self.kind else self.text


NO_ERROR = TaskError("", "", "")
"""Stands for a log without an error, e.g. that of a task that was killed: it has nothing in common with others."""


def read_errors(api: AirflowApi, failed: Iterable[TaskInstance], *, spent: int) -> tuple[dict[str, TaskError], int]:
    """Read the logs of failed tasks, as long as there are requests and time left.

    :param failed: in the order in which they are wanted
    :param spent: requests that were made elsewhere
    :returns: the errors by :func:`key_of`, and how many logs could not be read
    """
    found: dict[str, TaskError] = {}
    unread = 0
    until = time.monotonic() + _SECONDS_FOR_LOGS
    for ti in failed:
        if api.requests + spent >= REQUESTS_AT_MOST or time.monotonic() > until:
            break
        try:
            lines = api.log_lines(ti)
        except AirflowApiError as error:
            log.warning("the log of %s in %s is left out: %s", ti.task, ti.run_id, error)
            unread += 1
            if isinstance(error, AnswerTooLongError):
                # Read again with each check, it would take the time of all others.
                found[key_of(ti)] = NO_ERROR
            continue
        found[key_of(ti)] = find_error(lines, ti) or NO_ERROR
    return found, unread


def find_error(lines: Sequence[str], ti: TaskInstance) -> TaskError | None:
    """Find the last exception in a log; if there is none, the last line that was logged as an error.

    :param lines: one JSON value each
    :param ti: whose log it is; its names are no part of an error's signature
    """
    events = [event for event in map(_event_of, lines) if event]
    for event in reversed(events):
        details = event.get("error_detail")
        if isinstance(details, list) and details and isinstance(details[0], Mapping):
            return _make_error(str(details[0].get("exc_type", "")), str(details[0].get("exc_value", "")), ti)
    for event in reversed(events):
        if event.get("level") in _ERROR_LEVELS:
            return _make_error("", str(event.get("event", "")), ti)
    return None


def key_of(ti: TaskInstance) -> str:
    """Name one try of one task instance."""
    return f"{ti.task}|{ti.run_id}|{ti.map_index}|{ti.try_number}"


def _event_of(line: str) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None  # a line that was cut, or that the task printed
    return event if isinstance(event, Mapping) else None


def _make_error(kind: str, text: str, ti: TaskInstance) -> TaskError:
    line = " ".join(text.split())
    general = line
    for name in sorted((ti.dag_id, ti.task_id, ti.run_id), key=len, reverse=True):
        general = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "<name>", general)
    for pattern, instead in _VARYING:
        general = pattern.sub(instead, general)
    return TaskError(kind, line[:_TEXT_CHARACTERS], f"{kind}: {general[:_TEXT_CHARACTERS]}")
