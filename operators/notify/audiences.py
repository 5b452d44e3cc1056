"""Who is told of which alerts: the channels of SendAlerts with their routing, as the YAML has them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operators.health.health_check import read_patterns
from operators.mistakes import DataMistakeError, check_choice, check_count
from operators.notify.alert_state import Audience, Damping
from operators.notify.channel_config import Channel, read_channels
from operators.severity import SEVERITIES
from operators.thresholds import ThresholdError, parse_duration

_ROUTING_KEYS = ("severities", "checks", "recoveries")
LOG = Audience("log", frozenset(SEVERITIES))
"""The task's log and artefacts, which are told everything."""


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, and what goes there."""

    channel: Channel
    audience: Audience


def read_routes(values: Sequence[Mapping[str, Any]], *, where: str) -> tuple[Route, ...]:
    """Check the ``channels`` of SendAlerts.

    :param where: how to call the parameter in an error
    :raises AirflowFailException: if an entry is not a channel, or its routing has no meaning
    """
    channels = read_channels(values, where=where, also=_ROUTING_KEYS)
    return tuple(_read_route(channel, value) for channel, value in zip(channels, values, strict=True))


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


def _read_route(channel: Channel, value: Mapping[str, Any]) -> Route:
    from airflow.sdk.exceptions import AirflowFailException

    try:
        return Route(channel, _read_audience(_key_of(channel), value))
    except (DataMistakeError, ThresholdError) as error:
        raise AirflowFailException(f"{channel.where} ({channel.type}): {error}") from None


def _read_audience(key: str, value: Mapping[str, Any]) -> Audience:
    severities = read_patterns(value.get("severities", SEVERITIES), where="severities")
    for severity in severities:
        check_choice(severity, SEVERITIES, where="severities")
    recoveries = value.get("recoveries", True)
    if not isinstance(recoveries, bool):
        raise DataMistakeError(f"recoveries: {recoveries!r} is neither true nor false")
    checks = read_patterns(value.get("checks", ()), where="checks")
    return Audience(key, frozenset(severities), checks, wants_recoveries=recoveries)


def _key_of(channel: Channel) -> str:
    """Name a channel by what makes it another one; its routing may change."""
    options = json.dumps(channel.options, sort_keys=True, default=str)
    return f"{channel.name} {hashlib.sha256(options.encode()).hexdigest()[:8]}"
