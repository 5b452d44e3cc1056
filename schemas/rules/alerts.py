"""Rules on who is told of what: patterns that fit no check of the report, and channels that add nothing to another."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Node, Outline, Path
from schemas.rules.full_ids import FullIds
from schemas.rules.hints import Hints
from schemas.rules.lineage import Lineage, operator_of
from schemas.source import Tree

_ROUTING = ("severities", "checks", "recoveries")
_SEVERITIES = ("critical", "warning", "info")
_LONGEST = 500
"""A longer pattern is not looked at; the ids of Airflow are shorter."""
_MAY_END_A_CHECK = "/*?]"


def iter_alert_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on SendAlerts, and on the channels of SendNotification."""
    hints = Hints()
    for task in outline.tasks:
        if operator_of(task) in ("SendAlerts", "SendNotification"):
            yield from _said_twice(task, tree)
        if operator_of(task) == "SendAlerts":
            yield from _fitting_nothing(task, outline, hints, tree)


def _fitting_nothing(task: Node, outline: Outline, hints: Hints, tree: Tree) -> Iterator[Finding]:
    lineage = Lineage(outline)
    report = lineage.source(task, "report")
    if operator_of(report) != "GenerateHealthReport" or report is None:
        return
    ids = FullIds(outline)
    named = (report.config or {}).get("checks")
    nodes = [lineage.task(name) for name in named if isinstance(name, str)] if isinstance(named, list) else []
    checks = [ids.of(node) for node in nodes if node is not None]
    if not checks:
        return
    for pattern, path in _patterns(task):
        if len(pattern) <= _LONGEST and not any(may_fit(pattern, check) for check in checks):
            place = tree.key(path) if path[-1] == pattern else tree.find(path).place
            message = f'"{pattern}" fits none of the checks of "{report.id}"'
            yield Finding("P610", place, message, hints.nearest_or_all(pattern.partition("/")[0], checks))


def _patterns(task: Node) -> Iterator[tuple[str, Path]]:
    severities = (task.config or {}).get("severities")
    if isinstance(severities, dict):
        yield from ((key, (*task.path, "severities", key)) for key in severities if isinstance(key, str))
    for position, channel in _channels(task):
        for number, pattern in enumerate(_listed(channel.get("checks"))):
            if isinstance(pattern, str):
                yield pattern, (*task.path, "channels", position, "checks", number)


def may_fit(pattern: str, check: str) -> bool:
    """Tell whether a pattern fits a check, or ``check/verdict`` with any verdict."""
    if fnmatchcase(check, pattern):
        return True
    heads = (pattern[:end] for end in range(1, len(pattern) + 1) if pattern[end - 1] in _MAY_END_A_CHECK)
    return any(fnmatchcase(f"{check}/", head) and (head != pattern or head.endswith("*")) for head in heads)


def _said_twice(task: Node, tree: Tree) -> Iterator[Finding]:
    by_receiver: dict[str, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for position, channel in _channels(task):
        by_receiver[_receiver(channel)].append((position, channel))
    for entries in by_receiver.values():
        for position, channel in entries:
            others = (entry for entry in entries if entry[0] != position)
            by = next((other for other, one in others if _covers(one, channel, is_first=other < position)), None)
            if by is not None:
                message = f"channels[{by}] sends all of this to the same receiver"
                place = tree.find((*task.path, "channels", position)).place
                yield Finding("P611", place, message, "leave this one out")


def _covers(one: Mapping[str, Any], other: Mapping[str, Any], *, is_first: bool) -> bool:
    """Tell whether a channel sends all that another of the same receiver does; of two that say the same, the first."""
    return _has_all_of(one, other) and (is_first or not _has_all_of(other, one))


def _has_all_of(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    checks, fewer = _listed(one.get("checks")), _listed(other.get("checks"))
    has_checks = not checks or (bool(fewer) and _texts(fewer) <= _texts(checks))
    has_recoveries = one.get("recoveries", True) is not False or other.get("recoveries", True) is False
    return has_checks and has_recoveries and _severities(other) <= _severities(one)


def _receiver(channel: Mapping[str, Any]) -> str:
    return json.dumps({key: channel[key] for key in channel if key not in _ROUTING}, sort_keys=True, default=str)


def _severities(channel: Mapping[str, Any]) -> frozenset[str]:
    return _texts(_listed(channel.get("severities")) or _SEVERITIES)


def _texts(values: Sequence[Any]) -> frozenset[str]:
    return frozenset(map(str, values))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _channels(task: Node) -> list[tuple[int, Mapping[str, Any]]]:
    channels = _listed((task.config or {}).get("channels"))
    return [(position, channel) for position, channel in enumerate(channels) if isinstance(channel, dict)]
