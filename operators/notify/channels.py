"""Channels: hands one rendered message to each; one that fails does not keep it from the others."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from operators import stats
from operators.artifacts import artifact_root, open_location, path_safe
from operators.notify.channel_config import CHANNEL_TYPES, Channel, read_channels
from operators.notify.message_value import Message, one_line
from operators.notify.notifiers import MisconfiguredError, notify

if TYPE_CHECKING:
    from airflow.sdk import Connection, Context, ObjectStoragePath

__all__ = [
    "Channel",
    "Delivery",
    "DeliveryError",
    "Message",
    "Status",
    "count_deliveries",
    "read_channels",
    "require_delivered",
    "send",
]

log = logging.getLogger("airflow.task")

_PATH = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?[^/?#]*(?P<path>[/?#].+)", re.IGNORECASE | re.DOTALL)
"""An address with or without its scheme."""
_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What a client leaves as it is."""


class DeliveryError(RuntimeError):
    """A message that at least one channel did not take; the task is retried, and only that channel is tried again."""


class Status(StrEnum):
    """How a delivery went."""

    DELIVERED = "delivered"
    ALREADY_DELIVERED = "already delivered"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one channel said."""

    channel: str
    """Type and connection id, e.g. ``slack team_chat``."""
    status: Status
    error: str = ""
    """Why it failed, without secrets."""

    @property
    def is_done(self) -> bool:
        """Whether the channel has the message."""
        return self.status in (Status.DELIVERED, Status.ALREADY_DELIVERED)

    def to_json(self) -> dict[str, str]:
        """Give the plain form."""
        return {key: str(value) for key, value in asdict(self).items()}


def send(
    channels: Sequence[Mapping[str, Any]], message: Message, context: Context, *, where: str = "channels"
) -> tuple[Delivery, ...]:
    """Send a message through every channel; one that fails does not keep it from the others.

    :param channels: ``[{type, conn_id, …}]`` as in the YAML
    :param message: what to send; it is sent as it is, nothing in it is rendered as a template
    :param context: the task's context
    :param where: how to call the parameter in an error
    :returns: one result for each channel, in order; see :func:`require_delivered`
    :raises AirflowFailException: if an entry is not a channel, before anything is sent
    """
    return tuple(deliver(channel, message, context) for channel in read_channels(channels, where=where))


def deliver(channel: Channel, message: Message, context: Context) -> Delivery:
    """Send a message through one channel, unless it took this very message in an earlier try of the task.

    A receipt beside the run's artefacts says so. Should the process die between a delivery and its receipt, or the
    storage fail, the retry sends once more.
    """
    receipt = _receipt_path(channel, message, context)
    if _has_receipt(receipt):
        log.info("%s took this message in an earlier try; not sent again", channel.name)
        return Delivery(channel.name, Status.ALREADY_DELIVERED)
    delivery = _deliver(channel, message, context)
    if delivery.status is Status.DELIVERED:
        log.info("%s took the message %r", channel.name, message.subject)
        _write_receipt(receipt, delivery)
    else:
        log.error("%s did not take the message: %s", channel.name, delivery.error)
    return delivery


def count_deliveries(metric: stats.Metric, deliveries: Sequence[Delivery], context: Context) -> None:
    """Add deliveries to a counter, by channel and outcome.

    One of an earlier try was counted there. One that another try of the task may heal is counted by that.
    """
    ti = context["ti"]
    is_retried = ti.try_number <= ti.max_tries and any(delivery.status is Status.FAILED for delivery in deliveries)
    counted = {Status.DELIVERED} if is_retried else {Status.DELIVERED, Status.FAILED, Status.MISCONFIGURED}
    for delivery in deliveries:
        if delivery.status in counted:
            channel, _, conn_id = delivery.channel.partition(" ")
            tags = {"channel": channel, "conn_id": conn_id, "outcome": str(delivery.status)}
            stats.emit(metric, 1, dag_id=ti.dag_id, **tags)


def require_delivered(deliveries: Sequence[Delivery]) -> None:
    """Fail the task if a channel did not take the message.

    :param deliveries: what :func:`send` returned
    :raises DeliveryError: if a channel failed in a way that a retry may heal
    :raises AirflowFailException: if all that failed are misconfigured, where a retry cannot help
    """
    from airflow.sdk.exceptions import AirflowFailException

    undelivered = [delivery for delivery in deliveries if not delivery.is_done]
    if not undelivered:
        return
    reasons = "; ".join(f"{d.channel}: {d.error}" for d in undelivered)
    text = f"{len(undelivered)} of {len(deliveries)} channels did not take the message. {reasons}"
    if all(d.status is Status.MISCONFIGURED for d in undelivered):
        raise AirflowFailException(text)
    raise DeliveryError(text)


def _receipt_path(channel: Channel, message: Message, context: Context) -> ObjectStoragePath:
    ti = context["ti"]
    parts = [channel.type, channel.conn_id, json.dumps(channel.options, sort_keys=True), message.subject, message.text]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    folder = [artifact_root().rstrip("/"), ti.dag_id, path_safe(ti.run_id), ti.task_id, "delivered"]
    return open_location("/".join([*folder, f"{key}.json"]))


def _has_receipt(receipt: ObjectStoragePath) -> bool:
    # Whatever a storage raises: to tell somebody twice is better than not to tell the others.
    try:
        return receipt.exists()
    except Exception as error:  # noqa: BLE001
        log.warning(
            "Not known whether %s is there, so the message is sent: %s: %s", receipt, type(error).__name__, error
        )
        return False


def _write_receipt(receipt: ObjectStoragePath, delivery: Delivery) -> None:
    try:
        receipt.parent.mkdir(parents=True, exist_ok=True)
        receipt.write_bytes(json.dumps(delivery.to_json()).encode())
    except Exception as error:  # noqa: BLE001
        log.warning("%s cannot be written; another try sends again: %s: %s", receipt, type(error).__name__, error)


def _deliver(channel: Channel, message: Message, context: Context) -> Delivery:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection: Connection = Connection.get(channel.conn_id)
    except AirflowNotFoundException:
        problem = f"there is no Airflow connection {channel.conn_id!r}; create it, or correct {channel.where}.conn_id"
        return Delivery(channel.name, Status.MISCONFIGURED, problem)
    allowed = CHANNEL_TYPES[channel.type].conn_types
    if connection.conn_type not in allowed:
        problem = (
            f"the connection {channel.conn_id!r} has type {connection.conn_type!r}; "
            f"a channel of type {channel.type!r} takes {' or '.join(allowed)}"
        )
        return Delivery(channel.name, Status.MISCONFIGURED, problem)
    _mask_addresses(connection)
    # Whatever a notifier raises is this channel's failure alone: it is kept, logged, and raised after the last channel.
    try:
        notify(channel, connection, message, context)
    except (AirflowNotFoundException, MisconfiguredError) as error:
        return Delivery(channel.name, Status.MISCONFIGURED, _describe(error, connection))
    except Exception as error:  # noqa: BLE001
        return Delivery(channel.name, Status.FAILED, _describe(error, connection))
    return Delivery(channel.name, Status.DELIVERED)


def _describe(error: Exception, connection: Connection) -> str:
    text = one_line(str(error) if isinstance(error, MisconfiguredError) else f"{type(error).__name__}: {error}")
    for secret in sorted(_secrets_of(connection), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text[:300]


def _mask_addresses(connection: Connection) -> None:
    """Have Airflow keep webhook addresses out of the task's log, which hooks write into as well.

    It does so by itself for the password and for extra as wholes, not for a host or for parts of these.
    """
    from airflow.sdk.log import mask_secret

    for path in _paths_of(connection):
        mask_secret(path)


def _secrets_of(connection: Connection) -> set[str]:
    """List what may be secret in a connection: the password, values of extra, and the paths of webhook addresses."""
    values: list[Any] = [connection.password, *_leaves(connection.extra_dejson), *_paths_of(connection)]
    return {value for value in values if isinstance(value, str) and len(value) >= 4}  # noqa: PLR2004


def _paths_of(connection: Connection) -> set[str]:
    """List what comes after the host in the addresses of a connection, as it is written and as it is sent."""
    others = [connection.password, *_leaves(connection.extra_dejson)]
    addresses = [connection.host, *(other for other in others if isinstance(other, str) and "://" in other)]
    found = {match["path"] for address in addresses if (match := _PATH.fullmatch(address or ""))}
    return found | {quote(path, safe=_SAFE) for path in found}


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for child in value.values() for leaf in _leaves(child)]
    if isinstance(value, list):
        return [leaf for child in value for leaf in _leaves(child)]
    return [value]
