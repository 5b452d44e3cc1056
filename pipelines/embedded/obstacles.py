"""What keeps the embedded Airflow from starting: another ``make run`` in the same folder, a port that is taken."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.embedded.settings import Settings

_PORTS_TRIED = 50


class StartError(RuntimeError):
    """The embedded Airflow cannot be started; the message says what was found and what to do."""


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Keep a second ``make run`` in the same folder out.

    :raises StartError: naming the one that is at work
    """
    settings.run.mkdir(parents=True, exist_ok=True)
    with _lock_path(settings).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartError(
                f"Another `make run` is at work in this folder (process {lock.read().strip() or 'unknown'}). Wait for "
                "its end, or end it with `make stop`."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def running_exclusive(settings: Settings) -> int | None:
    """Give the process number of the ``make run`` at work, if there is one."""
    path = _lock_path(settings)
    if not path.exists():
        return None
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = lock.read().strip()
            return int(text) if text.isdigit() else None
    return None


def check_port(settings: Settings) -> None:
    """Make sure that the UI's port can be had.

    :raises StartError: naming a port that can be had
    """
    try:
        _bind(settings.host, settings.port)
    except PermissionError:
        raise StartError(
            f"Port {settings.port} is the system administrator's. Take one above 1023: `make run PORT=8080`."
        ) from None
    except OSError as error:
        raise StartError(
            f"Port {settings.port} on {settings.host} is taken by another program ({error.strerror}). Choose another: "
            f"`make run PORT={_free_port(settings)}`, or find out who has it: `ss -ltnp 'sport = :{settings.port}'`."
        ) from None


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        # As the server does: connections of the one before, still in TIME_WAIT, are no hindrance.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        attempt.bind((host, port))


def _free_port(settings: Settings) -> int:
    for port in range(settings.port + 1, settings.port + _PORTS_TRIED):
        try:
            _bind(settings.host, port)
        except OSError:
            continue
        return port
    return settings.port + _PORTS_TRIED


def _lock_path(settings: Settings) -> Path:
    return settings.run / "lock"
