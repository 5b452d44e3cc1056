"""HTTP for operators: a client with timeouts, and the address of an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx
    from airflow.sdk import Connection

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0


def open_http() -> httpx.Client:
    """Open an HTTP client with timeouts; a proxy of the environment never gets what is meant for this very machine."""
    import httpx

    direct = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    return httpx.Client(timeout=timeout, mounts=direct, headers={"Accept": "application/json"})


def url_of(connection: Connection) -> str:
    """Build the address as Airflow's HTTP hook does: a host with a scheme is an address already.

    :raises ValueError: if it is no address
    """
    host = str(connection.host)
    parts = urlsplit(host if "://" in host else f"{connection.schema or 'http'}://{host}")
    port = connection.port or parts.port
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
