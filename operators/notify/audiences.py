"""Who is told of which alerts: the channels of SendAlerts with their routing, as the YAML has them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operators.health.health_check import read_patterns
from operators.mistakes import DataMistakeError, check_choice, check_count
from operators.notify.alert_state import Audience, Damping, Routing
from operators.notify.channel_config import Channel, read_channels
from operators.severity import SEVERITIES
from operators.thresholds import ThresholdError, parse_duration

_ROUTING_KEYS = ("severities", "checks", "recoveries")
LOG = Audience("log")
"""The task's log and artefacts, which are told everything."""


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, and what goes there."""

    channel: Channel
    audience: Audience


def read_routes(values: Sequence[Mapping[str, Any]], *, where: str) -> tuple[Route, ...]:
    """Check the ``channels`` of SendAlerts.

    Entries that differ only in what goes there lead to the same receiver, and are one route: were they two, a problem
    that passes from one to the other would be over for one and new for the other, and the receiver would be told both.

    :param where: how to call the parameter in an error
    :raises AirflowFailException: if an entry is not a channel, or its routing has no meaning
    """
    routes: dict[str, Route] = {}
    for channel, value in zip(read_channels(values, where=where, also=_ROUTING_KEYS), values, strict=True):
        key, routing = _key_of(channel), _read_routing(channel, value)
        if key in routes:
            known = routes[key].audience
            routes[key] = Route(routes[key].channel, Audience(key, (*known.routings, routing)))
        else:
            routes[key] = Route(channel, Audience(key, (routing,)))
    return tuple(routes.values())


def read_severities(value: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Check the parameter ``severities``: pattern -> severity.

    :raises DataMistakeError: if a severity is none
    """
    if value is not None and not isinstance(value, Mapping):
        raise DataMistakeError(f"severities: expected a mapping of patterns; found {value!r:.80}")
    given = value or {}
    return {str(pattern): check_choice(given[pattern], SEVERITIES, where=f"severities.{pattern}") for pattern in given}


def read_damping(raise_after: Any, clear_after: Any, repeat: Any) -> Damping:
    """Check the parameters that say how quickly alerts come and go.

    :raises DataMistakeError: if a number is not one from 1 on
    :raises ThresholdError: if ``repeat`` is not a duration
    """
    return Damping(
        raise_after=check_count(raise_after, where="raise_after"),
        clear_after=check_count(clear_after, where="clear_after"),
        repeat=parse_duration(repeat, where="repeat") or None,
    )


def _read_routing(channel: Channel, value: Mapping[str, Any]) -> Routing:
    from airflow.sdk.exceptions import AirflowFailException

    try:
        return _read_keys(value)
    except (DataMistakeError, ThresholdError) as error:
        raise AirflowFailException(f"{channel.where} ({channel.type}): {error}") from None


def _read_keys(value: Mapping[str, Any]) -> Routing:
    severities = read_patterns(value.get("severities", SEVERITIES), where="severities")
    for severity in severities:
        check_choice(severity, SEVERITIES, where="severities")
    recoveries = value.get("recoveries", True)
    if not isinstance(recoveries, bool):
        raise DataMistakeError(f"recoveries: {recoveries!r} is neither true nor false")
    checks = read_patterns(value.get("checks", ()), where="checks")
    return Routing(frozenset(severities), checks, recoveries)


def _key_of(channel: Channel) -> str:
    """Name a channel by what makes it another receiver; what goes there may change, and be said by several entries."""
    options = json.dumps(channel.options, sort_keys=True, default=str)
    return f"{channel.name} {hashlib.sha256(options.encode()).hexdigest()[:8]}"
