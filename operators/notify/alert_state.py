"""The life of alerts over reports: when one is raised and taken back, and what each channel has been told of it.

A channel is told the difference between what it knows and what is. So one that did not take a message gets it with the
next report, whatever became of the others, and nobody is told twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from operators.notify.alerts import Alert
from operators.severity import SEVERITIES

_RECENT = 12
"""Reports over which it is counted how often a problem comes and goes, or changes its severity."""
_FLAPS_FROM = 4
_CALM_BELOW = 2


@dataclass(frozen=True, slots=True)
class Damping:
    """How quickly alerts are raised and taken back."""

    raise_after: int = 1
    """So many reports in a row must have the problem."""
    clear_after: int = 2
    """So many reports in a row must be without it, or have it in a milder form."""
    repeat: timedelta | None = None
    """After so long a channel is told again of what lasts; None for never."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel knows of an alert."""

    severity: str
    """The most urgent that it was told."""
    at: str
    """When it was told last."""


@dataclass(slots=True, kw_only=True)
class Tracked:
    """One alert over time."""

    alert: Alert
    """As the newest report has it, with the severity of ``observe``."""
    since: str
    """When it was first seen, ISO 8601."""
    is_open: bool = False
    is_flapping: bool = False
    recent: str = ""
    """1 for each of the last reports that had the problem, 0 for each that had not; the newest at the end."""
    severities: list[str] = field(default_factory=list)
    """How urgent it was in each of the last reports that had it, the newest at the end."""
    is_hovering: bool = False
    """Whether it is now more urgent and now less."""
    told: dict[str, Told] = field(default_factory=dict)
    """Channel -> what it knows."""

    def begin(self, now: str) -> None:
        """Let a new episode begin: nothing of an earlier one counts."""
        self.since, self.severities, self.is_hovering = now, [], False

    def observe(self, alert: Alert, damping: Damping) -> None:
        """Take a report's form of it: as urgent as the worst of the last ``clear_after``, or of all while it hovers.

        So somebody who is told only of what is critical is not told of its end, and of it as new, with each report.
        """
        self.severities = [*self.severities, alert.severity][-_RECENT:]
        self.is_hovering = _is_restless(self.severities, already=self.is_hovering)
        counting = self.severities if self.is_hovering else self.severities[-damping.clear_after :]
        self.alert = replace(alert, severity=min(counting, key=SEVERITIES.index))

    def advance(self, *, is_present: bool, damping: Damping) -> None:
        """Take one more report into account."""
        self.recent = (self.recent + str(int(is_present)))[-_RECENT:]
        self.is_flapping = _is_restless(self.recent, already=self.is_flapping)
        in_a_row = len(self.recent) - len(self.recent.rstrip(self.recent[-1]))
        if is_present and in_a_row >= damping.raise_after:
            self.is_open = True
        elif not is_present and in_a_row >= damping.clear_after and not self.is_flapping:
            self.is_open = False

    @property
    def is_history(self) -> bool:
        """Whether nobody needs it any more."""
        return not self.is_open and not self.told and "1" not in self.recent


@dataclass(frozen=True, slots=True)
class News:
    """What one channel has to be told."""

    new: tuple[Tracked, ...] = ()
    worse: tuple[Tracked, ...] = ()
    still: tuple[Tracked, ...] = ()
    """Open for so long that it is worth a reminder."""
    recovered: tuple[Tracked, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.worse or self.still or self.recovered)

    @property
    def begun(self) -> tuple[Tracked, ...]:
        """All that is open."""
        return (*self.new, *self.worse, *self.still)


@dataclass(frozen=True, slots=True)
class Routing:
    """What one entry of ``channels`` is for."""

    severities: frozenset[str] = frozenset(SEVERITIES)
    checks: tuple[str, ...] = ()
    """Patterns of checks, or of alerts' keys; none: all of them."""
    wants_recoveries: bool = True

    def wants(self, alert: Alert, severity: str) -> bool:
        """Tell whether an alert is for it when it is this urgent."""
        names = (alert.check, alert.key)
        is_chosen = not self.checks or any(fnmatchcase(name, pattern) for name in names for pattern in self.checks)
        return is_chosen and severity in self.severities


@dataclass(frozen=True, slots=True)
class Audience:
    """A channel as the state knows it: whoever gets a message, by however many entries of the YAML."""

    key: str
    routings: tuple[Routing, ...] = (Routing(),)

    def wants(self, alert: Alert) -> bool:
        """Tell whether an alert is for it."""
        return any(routing.wants(alert, alert.severity) for routing in self.routings)

    def wants_end_of(self, alert: Alert, told: Told) -> bool:
        """Tell whether it is told that an alert is over; what told of the alert decides, if it is still there."""
        by = [routing for routing in self.routings if routing.wants(alert, told.severity)]
        return any(routing.wants_recoveries for routing in by or self.routings)


class AlertState:
    """All alerts, and the last report that was taken into account.

    :param kept: the plain form; None for the first time
    """

    def __init__(self, kept: Mapping[str, Any] | None) -> None:
        value = kept or {}
        self.last_run: str = value.get("last_run", "")
        """The run of the newest report that was taken into account."""
        self.last_report: str = value.get("last_report", "")
        """When that was made, UTC, ISO 8601; empty if it was never kept."""
        self.failing: set[str] = set(value.get("failing", ()))
        """Channels that did not take their last message."""
        self.alerts: dict[str, Tracked] = {key: _read(tracked) for key, tracked in value.get("alerts", {}).items()}

    def is_newer_than(self, created_at: str) -> bool:
        """Tell whether a later report was taken into account, as when the task of an old run is cleared.

        :param created_at: when the report was made, UTC, ISO 8601
        """
        return bool(self.last_report) and datetime.fromisoformat(created_at) < datetime.fromisoformat(self.last_report)

    def advance(
        self,
        alerts: Iterable[Alert],
        *,
        unmeasured: Iterable[str],
        unclear: Iterable[str] = (),
        run_id: str,
        created_at: str,
        now: datetime,
        damping: Damping,
    ) -> None:
        """Take a report into account; the same one again, as in another try of the task, changes nothing.

        :param alerts: its problems
        :param unmeasured: checks that could not be made, or did not see everything: what they do not name is not known
        :param unclear: keys of which nothing is known; what is open stays open, and as urgent as it was
        :param run_id: the report's run
        :param created_at: when it was made, UTC, ISO 8601; not before the last one
        """
        if run_id == self.last_run and self.last_report in (created_at, ""):
            return
        self.last_run, self.last_report = run_id, created_at
        unknown = set(unmeasured)
        left = {key for key in unclear if key in self.alerts and self.alerts[key].is_open}
        present = {alert.key: alert for alert in alerts if alert.key not in left}
        for key, alert in present.items():
            tracked = self.alerts.setdefault(key, Tracked(alert=alert, since=_text(now)))
            if not tracked.is_open and not tracked.recent.endswith("1"):
                tracked.begin(_text(now))
            tracked.observe(alert, damping)
        for key, tracked in list(self.alerts.items()):
            if key in left:
                continue
            if key in present or tracked.alert.check not in unknown:
                tracked.advance(is_present=key in present, damping=damping)
            if tracked.is_history:
                del self.alerts[key]

    @property
    def open(self) -> tuple[Tracked, ...]:
        """What is open, the most urgent first."""
        found = [tracked for tracked in self.alerts.values() if tracked.is_open]
        return tuple(sorted(found, key=lambda t: (SEVERITIES.index(t.alert.severity), t.alert.key)))

    def news_for(self, audience: Audience, *, now: datetime, damping: Damping) -> News:
        """Give what a channel does not know yet."""
        new, worse, still = [], [], []
        for tracked in self.open:
            told = tracked.told.get(audience.key)
            if not audience.wants(tracked.alert):
                continue
            if told is None:
                new.append(tracked)
            elif SEVERITIES.index(tracked.alert.severity) < SEVERITIES.index(told.severity):
                worse.append(tracked)
            elif damping.repeat is not None and now - datetime.fromisoformat(told.at) >= damping.repeat:
                still.append(tracked)
        over = []
        for tracked in self._known_to(audience):
            if tracked.is_open and audience.wants(tracked.alert):
                continue
            if audience.wants_end_of(tracked.alert, tracked.told[audience.key]):
                over.append(tracked)
            else:
                del tracked.told[audience.key]
        return News(tuple(new), tuple(worse), tuple(still), tuple(over))

    def note_told(self, audience: Audience, news: News, *, now: datetime) -> None:
        """Remember that a channel knows."""
        for tracked in news.begun:
            tracked.told[audience.key] = Told(tracked.alert.severity, _text(now))
        for tracked in news.recovered:
            del tracked.told[audience.key]

    def forget_channels(self, known: Iterable[str]) -> None:
        """Forget what was told to channels that are no longer in the YAML."""
        keys = set(known)
        self.failing &= keys
        for tracked in self.alerts.values():
            tracked.told = {key: told for key, told in tracked.told.items() if key in keys}

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {
            "last_run": self.last_run,
            "last_report": self.last_report,
            "failing": sorted(self.failing),
            "alerts": {key: asdict(tracked) for key, tracked in self.alerts.items()},
        }

    def _known_to(self, audience: Audience) -> tuple[Tracked, ...]:
        return tuple(tracked for tracked in self.alerts.values() if audience.key in tracked.told)


def _read(value: Mapping[str, Any]) -> Tracked:
    told = {channel: Told(**known) for channel, known in value["told"].items()}
    alert = Alert(**value["alert"])
    return Tracked(**{"severities": [alert.severity], **value, "alert": alert, "told": told})


def _is_restless(recent: Sequence[str], *, already: bool) -> bool:
    """Tell whether something changes so often that only calm counts; calm asks for less than its beginning."""
    return sum(a != b for a, b in pairwise(recent)) >= (_CALM_BELOW if already else _FLAPS_FROM)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
