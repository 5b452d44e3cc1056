"""The tasks that wait in one state, and in which pools more of them wait than were read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from operators.health.airflow_rows import Listing, TaskInstance

_ROWS = 100
_POOLS_NAMED_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class WaitingTasks:
    """Those of one state."""

    tasks: tuple[TaskInstance, ...]
    number: int
    """How many there are, which may be more than were read."""
    unread: Mapping[str, float]
    """Pool with tasks that were not read -> the seconds that one of them may have been waiting, at most."""


def read_waiting(
    ask: Callable[[Sequence[str]], Listing[TaskInstance]],
    slots: Mapping[str, int],
    *,
    ignored: Container[str],
    may_ask_again: bool,
    now: datetime,
) -> WaitingTasks:
    """Ask for all of them or, where those of ignored pools would hide others, for those of the others.

    :param ask: lists a hundred tasks, those of the oldest runs first, of the pools named, or of all if none is
    :param slots: pool -> the slots that its tasks in this state want
    :param ignored: pools that are not looked at
    :param may_ask_again: whether there is a request left for the pools of which the first answer has no task
    :param now: the server's time
    """
    waiting = sorted((name for name in slots if slots[name] > 0), key=lambda name: -slots[name])
    counted = [name for name in waiting if name not in ignored]
    is_hidden = len(counted) < len(waiting) and sum(slots.values()) > _ROWS
    if is_hidden and not counted:
        return WaitingTasks((), 0, {})
    named = counted[:_POOLS_NAMED_AT_MOST] if is_hidden else []
    first = ask(named)
    unread = {name: math.inf for name in counted if named and name not in named}
    unread |= _unread(first, slots, named or counted, now)
    rows, known = first.rows, {ti.pool for ti in first.rows}
    missed = [name for name in unread if name not in known][:_POOLS_NAMED_AT_MOST]
    if missed and may_ask_again:
        second = ask(missed)
        rows = (*rows, *second.rows)
        unread = {name: seconds for name, seconds in unread.items() if name not in missed}
        unread |= _unread(second, slots, missed, now)
    return WaitingTasks(rows, max(first.total, len(rows)), unread)


def _unread(
    listing: Listing[TaskInstance], slots: Mapping[str, int], names: Sequence[str], now: datetime
) -> dict[str, float]:
    """Give the pools of which a list does not have all tasks; none can wait longer than since its run was due."""
    if not listing.is_cut:
        return {}
    read = Counter(ti.pool for ti in listing.rows)
    seconds = max((now - max(ti.due_at for ti in listing.rows)).total_seconds(), 0.0)
    return {name: seconds for name in names if slots[name] > read[name]}
