"""The failures of a window, those included that a list no longer shows because many newer ones fill it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import astuple, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from operators.health.airflow_rows import DagRun, Listing, TaskInstance
from operators.verdict import Outcome, Verdict

Failed = TypeVar("Failed", bound=DagRun | TaskInstance)

_KEPT = 3000
"""A DAG that fails each minute has 1440 in a day."""
_OVERLAP = timedelta(minutes=1)
"""A failure may be seen a little after its end."""


class KnownFailures(Generic[Failed]):
    """What failed, as earlier looks have seen it.

    Lists are cut after their newest rows. So a failure that was seen once counts as long as newer ones hide it, until
    the window has left it behind.

    :param row: what a failure is
    :param key_of: tells which failures are one, e.g. the instances of a mapped task in one run; the latest stands for
        all
    :param kept: the plain form; None for the first time
    """

    def __init__(
        self, row: type[Failed], key_of: Callable[[Failed], Hashable], kept: Mapping[str, Any] | None = None
    ) -> None:
        self._row = row
        self._key_of = key_of
        value = kept if kept and kept["fields"] == self._fields else {}
        self._rows: tuple[Failed, ...] = tuple(self._read(values) for values in value.get("rows", ()))
        self._since = _moment(value.get("since"))
        self._until = _moment(value.get("until"))

    def reaches(self, listing: Listing[Failed], *, start: datetime) -> bool:
        """Tell whether a list goes back to what is known, or to the start of the window."""
        end = _end_of(listing, start)
        return not listing.is_cut or (end is not None and self._until is not None and end <= self._until - _OVERLAP)

    def is_complete(self, *, start: datetime) -> bool:
        """Tell whether every failure since a moment is known."""
        return self._since is not None and self._since <= start

    @property
    def since(self) -> datetime | None:
        """The moment since which every failure is known; None before the first look."""
        return self._since

    def learn(self, listing: Listing[Failed], *, start: datetime, now: datetime) -> tuple[Failed, ...]:
        """Add what a list shows.

        :param listing: the newest failures, the latest first
        :param start: of the window that was asked for
        :returns: the failures within the window that are too old for the list
        """
        is_reached = self.reaches(listing, start=start)
        end = _end_of(listing, start) or now
        listed: dict[Hashable, Failed] = {}
        for row in listing.rows:
            if row.ended_at:
                listed.setdefault(self._key_of(row), row)
        hidden = tuple(
            row
            for row in self._rows
            if row.ended_at and start <= row.ended_at <= end and listing.is_cut and self._key_of(row) not in listed
        )
        self._note_span(end, is_reached=is_reached, start=start, now=now)
        self._keep((*listed.values(), *hidden))
        return hidden

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {
            "fields": self._fields,
            "rows": [[_plain(value) for value in astuple(row)] for row in self._rows],
            "since": _plain(self._since),
            "until": _plain(self._until),
        }

    def _note_span(self, end: datetime, *, is_reached: bool, start: datetime, now: datetime) -> None:
        before = self._since if self._since is not None and is_reached else end
        self._since = max(min(before, end), start)
        self._until = now

    def _keep(self, rows: tuple[Failed, ...]) -> None:
        self._rows = rows[:_KEPT]
        if len(rows) > _KEPT and self._since is not None:
            self._since = max(self._since, self._rows[-1].ended_at or self._since)

    def _read(self, values: list[Any]) -> Failed:
        named = zip(self._fields, values, strict=True)
        read: dict[str, Any] = {name: _moment(value) if name.endswith("_at") else value for name, value in named}
        return self._row(**read)

    @property
    def _fields(self) -> list[str]:
        return [field.name for field in fields(self._row)]


def judge_unseen(name: str, what: str, *, known: int, number: int, since: datetime) -> Verdict:
    """Say that failures are not known, so that nothing can be said of those.

    :param name: of the verdict
    :param what: what failed, in the plural
    :param known: so many failures are known
    :param number: of so many
    :param since: every later one is known
    """
    return Verdict(
        name=name,
        outcome=Outcome.INCONCLUSIVE,
        observed=f"{known} of {number}",
        threshold="all",
        message=(
            f"more failed at once than a check reads; which {what} failed before {since:%d %b %H:%M} UTC is not known, "
            "so what was wrong there may still be"
        ),
    )


def _end_of(listing: Listing[Any], start: datetime) -> datetime | None:
    """Give the moment back to which a list shows everything; None if that cannot be said."""
    if not listing.is_cut:
        return start
    return next((row.ended_at for row in reversed(listing.rows) if row.ended_at), None)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if value else None
