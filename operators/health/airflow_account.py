"""Where the health checks ask, and as whom: an Airflow connection of type http."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from operators.http_client import url_of

if TYPE_CHECKING:
    from airflow.sdk import Connection


@dataclass(frozen=True, slots=True)
class Account:
    """Where something is and who asks."""

    conn_id: str
    url: str
    """Scheme, host, port and path prefix, without a slash at the end and without credentials."""
    login: str
    password: str = field(repr=False)


def read_account(conn_id: str) -> Account:
    """Look up the connection to Airflow's API and check that it can be used.

    :raises AirflowFailException: if it is missing or incomplete; the message says how to create it
    """
    from airflow.sdk.exceptions import AirflowFailException

    connection = _find(conn_id)
    if connection is None:
        raise AirflowFailException(f"there is no Airflow connection {conn_id!r}. {_how_to_create(conn_id)}")
    return _check(connection, conn_id, ("host", "login", "password"), _how_to_create(conn_id))


def read_address(conn_id: str) -> Account | None:
    """Look up the connection to Prometheus, which may need no login; None if there is no such connection.

    :raises AirflowFailException: if it has no host
    """
    connection = _find(conn_id)
    return None if connection is None else _check(connection, conn_id, ("host",), "Give it host and port.")


def _find(conn_id: str) -> Connection | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection: Connection = Connection.get(conn_id)
    except AirflowNotFoundException:
        return None
    return connection


def _check(connection: Connection, conn_id: str, needed: tuple[str, ...], fix: str) -> Account:
    from airflow.sdk.exceptions import AirflowFailException

    missing = [name for name in needed if not getattr(connection, name)]
    if missing:
        raise AirflowFailException(f"the Airflow connection {conn_id!r} has no {' and no '.join(missing)}. {fix}")
    try:
        url = url_of(connection)
    except ValueError as error:
        raise AirflowFailException(f"the Airflow connection {conn_id!r} has no usable address: {error}") from None
    return Account(conn_id, url, str(connection.login or ""), str(connection.password or ""))


def _how_to_create(conn_id: str) -> str:
    return (
        "Create it for a user with the role viewer: "
        f"airflow connections add {conn_id} --conn-type http --conn-schema http --conn-host HOST --conn-port 8080 "
        f"--conn-login LOGIN --conn-password PASSWORD, or set the environment variable AIRFLOW_CONN_{conn_id.upper()}."
    )
