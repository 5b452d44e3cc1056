"""The channels of the YAML: which types there are, what each takes, and where the YAML is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ChannelType:
    """What the YAML may say of one type of channel."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    conn_types: tuple[str, ...]
    """Which types of Airflow connection fit."""


CHANNEL_TYPES: Mapping[str, ChannelType] = {
    "smtp": ChannelType(("conn_id", "to"), ("from_email", "cc", "bcc"), ("smtp", "email")),
    "slack": ChannelType(("conn_id",), (), ("slackwebhook",)),
    "http": ChannelType(("conn_id",), ("endpoint", "method"), ("http", "https")),
    "pagerduty": ChannelType(("conn_id",), (), ("pagerduty_events", "http", "https")),
    "apprise": ChannelType(("conn_id",), ("tag",), ("apprise",)),
}
TIMEOUT_SECONDS = 30
"""How long a channel may take to answer."""
_HTTP_METHODS = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Channel:
    """One checked entry of ``channels``."""

    type: str
    conn_id: str
    options: Mapping[str, Any]
    where: str
    """Its place in the YAML, for errors."""

    @property
    def name(self) -> str:
        """Type and connection id."""
        return f"{self.type} {self.conn_id}"


def read_channels(values: Sequence[Mapping[str, Any]], *, where: str, also: Sequence[str] = ()) -> tuple[Channel, ...]:
    """Check the ``channels`` of the YAML; the connections are looked up only when something is sent.

    :param values: ``[{type: smtp|slack|http|pagerduty|apprise, conn_id: …, …}]``
    :param where: how to call the parameter in an error, e.g. ``send_notification.channels``
    :param also: keys that this operator takes beside those of the channel's type; they are no part of its options
    :raises AirflowFailException: if an entry is not a channel
    """
    return tuple(_read_channel(value, f"{where}[{position}]", also) for position, value in enumerate(values))


def listed(value: Any) -> list[Any]:
    """Give the parts of a list, or of a text with commas."""
    if value is None:
        return []
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)


def _read_channel(value: Any, where: str, also: Sequence[str]) -> Channel:
    from airflow.sdk.exceptions import AirflowFailException

    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in CHANNEL_TYPES:
        raise AirflowFailException(f"{where}: type must be one of {', '.join(CHANNEL_TYPES)}; found {kind!r}")
    problem = _problem_of(value, CHANNEL_TYPES[kind], also)
    if problem:
        raise AirflowFailException(f"{where} ({kind}): {problem}")
    options = {key: option for key, option in value.items() if key not in ("type", "conn_id", *also)}
    return Channel(kind, value["conn_id"], options, where)


def _problem_of(value: Mapping[str, Any], channel_type: ChannelType, also: Sequence[str]) -> str | None:
    allowed = ("type", *channel_type.required, *channel_type.optional, *also)
    for key in value:
        if key not in allowed:
            near = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f"; did you mean {near[0]!r}" if near else ""
            return f"{key!r} is unknown{hint}. Allowed: {', '.join(allowed)}"
    missing = [key for key in channel_type.required if not value.get(key)]
    if missing:
        return f"{', '.join(missing)} is missing"
    if value.get("method", "POST") not in _HTTP_METHODS:
        return f"method must be one of {', '.join(_HTTP_METHODS)}; found {value['method']!r}"
    bad = [a for key in ("to", "cc", "bcc", "from_email") for a in listed(value.get(key)) if not _is_address(a)]
    return f"{bad[0]!r} is not a mail address" if bad else None


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and "@" in value and value.isprintable()
