"""Where downloaded bytes come from: one stream for web servers and object stores, hashed on its way to a file."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from operators.artifacts import open_location
from operators.mistakes import DataMistakeError

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("airflow.task")

SCHEMES = ("abfs", "abfss", "file", "gs", "http", "https", "s3", "sample")
"""What may stand before ``://`` in a source."""

_PROVIDERS = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
}
_CHUNK = 1 << 20
_TIMEOUT_S = 30.0
_REPORT_EVERY_S = 5.0
_LONG_ENOUGH_TO_BE_A_SECRET = 16
_GONE = (404, 410)
_RETRIED_CLIENT_ERRORS = (408, 425, 429)
_SERVER_ERROR = 500


class SourceUnavailableError(RuntimeError):
    """The source could not be read this time; Airflow's retries may get it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched whole."""

    path: Path
    sha256: str
    size: int
    """In bytes."""


@dataclass(slots=True)
class Progress:
    """Says in the task's log how far a long download is; a short one is not worth a line."""

    total: int | None
    """In bytes, if the source tells."""
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    started: float = field(init=False)
    _reported: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self._reported = self.clock()

    def advance(self, size: int) -> None:
        """Count bytes, and log a line if the last one is some seconds old."""
        self.done += size
        now = self.clock()
        if now - self._reported >= _REPORT_EVERY_S:
            self._reported = now
            log.info("%s", self.describe(now - self.started))

    def describe(self, seconds: float) -> str:
        """Write the state for people, as in ``12.0 MB of 135.0 MB (9 %), 24.1 MB/s, 5 s left``."""
        rate = self.done / max(seconds, 1e-9)
        parts = [f"{self.done / 1e6:.1f} MB", f"{rate / 1e6:.1f} MB/s"]
        if self.total:
            parts[0] += f" of {self.total / 1e6:.1f} MB ({100 * self.done / self.total:.0f} %)"
            parts.append(f"{max(self.total - self.done, 0) / max(rate, 1):.0f} s left")
        return ", ".join(parts)


def public_name(source: str) -> str:
    """Write a source for logs and artefacts: without user, password, query and fragment.

    The name of an Airflow connection (``s3://my_conn@bucket``) is no secret and stays.
    """
    parts = _split(source)
    user, at, host = parts.netloc.rpartition("@")
    keeps_user = at and ":" not in user and parts.scheme not in ("http", "https")
    return urlunsplit((parts.scheme, parts.netloc if keeps_user else host, parts.path, "…" if parts.query else "", ""))


def scheme_of(source: str) -> str:
    """Give what stands before ``://``.

    :raises DataMistakeError: if that is not one of :data:`SCHEMES`
    """
    scheme, separator, rest = source.partition("://")
    if not separator:
        raise DataMistakeError(
            f"source: {public_name(source)!r} has no scheme; write it as in file:///data/table.csv or "
            f"https://example.org/table.csv (allowed: {', '.join(SCHEMES)})"
        )
    if scheme not in SCHEMES:
        raise DataMistakeError(f"source: unknown scheme {scheme!r}; allowed are {', '.join(SCHEMES)}")
    if scheme == "file" and not rest.startswith("/"):
        raise DataMistakeError(f"source: {source!r} is relative; write the whole path, as in file:///data/table.csv")
    return scheme


def hide_secrets(source: str) -> None:
    """Tell Airflow's log masker the password and the signatures that a source may hold."""
    from airflow.sdk.log import mask_secret

    parts = _split(source)
    values = [value for _, value in parse_qsl(parts.query)]
    secrets = [parts.password, parts.query, *(v for v in values if len(v) >= _LONG_ENOUGH_TO_BE_A_SECRET)]
    for secret in filter(None, secrets):
        mask_secret(secret)


def fetch(source: str, target: Path) -> Fetched:
    """Copy a source to a local file, whole, hashing it on the way.

    :param source: ``https://…``, ``file:///…``, ``s3://conn_id@bucket/…`` and the like
    :param target: the file to write
    :raises DataMistakeError: if the source does not exist or may not be read
    :raises SourceUnavailableError: if it cannot be reached now, or breaks off
    """
    opener = _open_web if scheme_of(source) in ("http", "https") else _open_store
    digest = hashlib.sha256()
    with opener(source) as (chunks, total), target.open("wb") as file:
        progress = Progress(total)
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            progress.advance(len(chunk))
    seconds = progress.clock() - progress.started
    log.info("fetched %s: %s bytes in %.1f s", public_name(source), f"{progress.done:,}", seconds)
    return Fetched(target, digest.hexdigest(), progress.done)


def _split(source: str) -> SplitResult:
    try:
        return urlsplit(source)
    except ValueError:
        raise DataMistakeError("source: is not a valid address") from None


@contextmanager
def _open_store(source: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    from airflow.sdk.exceptions import AirflowNotFoundException
    from airflow.sdk.io import has_fs

    name, scheme = public_name(source), scheme_of(source)
    try:
        path = open_location(source)
        if not has_fs(scheme):
            raise DataMistakeError(f"source: {name} needs a package that is not installed: {_PROVIDERS[scheme]}")
        size = path.stat().st_size
        with path.open("rb") as stream:  # type: ignore[no-untyped-call]
            yield iter(lambda: stream.read(_CHUNK), b""), size
    except FileNotFoundError:
        raise DataMistakeError(f"source: {name} does not exist; check the path") from None
    except IsADirectoryError:
        raise DataMistakeError(f"source: {name} is a directory; name one file in it") from None
    except PermissionError:
        raise DataMistakeError(f"source: {name} may not be read; check the rights of the file or connection") from None
    except ImportError as missing:
        raise DataMistakeError(f"source: {name} needs a package that is not installed: {missing}") from None
    except AirflowNotFoundException:
        fix = "create it with `airflow connections add`"
        raise DataMistakeError(f"source: the connection of {name} does not exist; {fix}") from None


@contextmanager
def _open_web(source: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    import httpx

    name = public_name(source)
    try:
        with (
            _quiet_client_log(),
            httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S) as client,
            # Transfer encodings would make the length and the hash those of something else than the file.
            client.stream("GET", source, headers={"Accept-Encoding": "identity"}) as response,
        ):
            _check_status(response, name)
            length = response.headers.get("Content-Length", "")
            yield response.iter_bytes(_CHUNK), int(length) if length.isdigit() else None
    except httpx.TransportError as problem:
        if isinstance(problem, httpx.UnsupportedProtocol):
            raise DataMistakeError(f"source: {name} redirects to something that is not http or https") from None
        raise SourceUnavailableError(f"{name} could not be read: {_reason(problem)}") from None
    except httpx.InvalidURL:
        raise DataMistakeError(f"source: {name} is not a valid address") from None
    except httpx.TooManyRedirects:
        raise DataMistakeError(f"source: {name} redirects in a circle") from None


def _check_status(response: httpx.Response, name: str) -> None:
    code = response.status_code
    answer = f"{name} answers {code} {response.reason_phrase}".rstrip()
    if response.is_success:
        return
    if code >= _SERVER_ERROR or code in _RETRIED_CLIENT_ERRORS:
        raise SourceUnavailableError(answer)
    fix = "there is no such file; check the address" if code in _GONE else "check the address and the credentials"
    raise DataMistakeError(f"source: {answer}; {fix}")


def _reason(problem: httpx.TransportError) -> str:
    text = re.sub(r"\s+", " ", str(problem)) or "no answer"
    return f"{type(problem).__name__}: {text}"


@contextmanager
def _quiet_client_log() -> Iterator[None]:
    """Keep httpx from logging whole addresses, with their signatures."""
    logger = logging.getLogger("httpx")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
