"""HTTP to Airflow's own REST API: one login, pages, errors that say what to do, and a count of the requests."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from operators.health.airflow_account import Account, read_account
from operators.health.airflow_rows import Listing
from operators.http_client import READ_SECONDS, open_http

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("airflow.task")

T = TypeVar("T")

PAGE = 100
"""Airflow's default ``[api] maximum_page_limit``; more is cut without a word."""
_LINES_KEPT = 5_000_000
"""Characters that are kept of an answer that is read line by line."""
_DETAIL_CHARACTERS = 200
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE = 401, 403, 404, 422


class AirflowApiError(RuntimeError):
    """The API answered, but not what was asked for; the task is retried."""


class AnswerTooLongError(AirflowApiError):
    """The end of an answer did not come in time."""


class AirflowUnreachableError(AirflowApiError):
    """Nobody answered at the address, or not in time; the task is retried."""


@contextmanager
def open_airflow_client(conn_id: str) -> Iterator[AirflowClient]:
    """Log in once and read as often as wanted; the token lives as long as the block.

    :param conn_id: Airflow connection of type http: host, port, schema (http or https), login, password
    :raises AirflowFailException: if the connection is missing or incomplete, or the login is refused
    :raises AirflowUnreachableError: if nobody answers
    :raises AirflowApiError: if the answer is an error of the server
    """
    with open_http() as http:
        client = AirflowClient(http, read_account(conn_id))
        client.log_in()
        yield client


class AirflowClient:
    """Asks; made by :func:`open_airflow_client`."""

    def __init__(self, http: httpx.Client, account: Account) -> None:
        self._http = http
        self._account = account
        self._server_time = datetime.now(UTC)
        self._heard_at = monotonic()
        self.requests = 0
        """How many were made, the login included."""

    @property
    def now(self) -> datetime:
        """The server's time: ages and windows must not depend on the clock of the machine that runs the check."""
        return self._server_time + timedelta(seconds=monotonic() - self._heard_at)

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._account.url

    def log_in(self) -> None:
        """Get a token for the connection's login and use it from here on."""
        from airflow.sdk.log import mask_secret

        body = {"username": self._account.login, "password": self._account.password}
        response = self._send("POST", "/auth/token", json=body)
        self._refuse_bad_login(response)
        token = self._token_in(response)
        mask_secret(token)
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._set_clock(response.headers.get("date"))

    def _token_in(self, response: httpx.Response) -> str:
        answer = _json_of(response, "/auth/token")
        if isinstance(answer, dict):
            token = answer.get("access_token")
            if isinstance(token, str) and token:
                return token
            found = f"an object with {', '.join(map(repr, answer))[:_DETAIL_CHARACTERS] or 'no keys'}"
        else:
            found = f"a {type(answer).__name__}"
        raise AirflowApiError(
            f"{self.url}/auth/token answered {response.status_code} without an access_token; found {found}. Correct "
            f"host and port of the Airflow connection {self._account.conn_id!r} to those of the api-server"
        )

    def _set_clock(self, date: str | None) -> None:
        if date is None:
            return
        try:
            moment = parsedate_to_datetime(date)
        except ValueError:
            log.warning(
                "%s (Airflow connection %r) answered with the date %r, which is none; ages are by the clock of this "
                "machine. Correct what changes the header Date between here and the api-server",
                *(self.url, self._account.conn_id, date),
            )
            return
        self._server_time = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        self._heard_at = monotonic()

    def get(self, path: str, params: Mapping[str, Any]) -> Any:
        """Read one answer."""
        return self._checked(self._send_again_if_expired("GET", path, params=params), path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Read the answer to a question that does not fit into an address."""
        return self._checked(self._send_again_if_expired("POST", path, json=body), path)

    def read_list(
        self,
        path: str,
        key: str,
        reader: Callable[[Mapping[str, Any]], T],
        params: Mapping[str, Any],
        *,
        pages: int,
        by_cursor: bool = False,
        enough: Callable[[Listing[T]], bool] | None = None,
    ) -> Listing[T]:
        """Read page after page; by cursor where the API has them, since rows that move shift the pages otherwise.

        :param pages: at most so many
        :param enough: tells of what was read so far whether no other page is needed
        """
        rows: list[T] = []
        place: dict[str, Any] | None = {"cursor": ""} if by_cursor else {"offset": 0}
        total = 0
        while place is not None and pages > 0:
            page = self.get(path, {**params, "limit": PAGE, **place})
            found = understand(lambda answer: [reader(row) for row in answer[key]], page)
            rows += found
            total = understand(total_of, page)
            place = _next_place(page, len(found), len(rows), by_cursor=by_cursor)
            pages -= 1
            if enough is not None and enough(Listing(tuple(rows), max(total, len(rows)))):
                break
        return Listing(tuple(rows), max(total, len(rows)))

    def read_lines(self, path: str, params: Mapping[str, Any], *, seconds: float) -> list[str]:
        """Read an answer of one JSON value a line, and keep its end.

        :raises AnswerTooLongError: if its end did not come in time
        :raises AirflowApiError: if there is no such answer
        """
        import httpx

        self.requests += 1
        lines: deque[str] = deque()
        until, left = monotonic() + seconds, _LINES_KEPT
        try:
            accept = {"Accept": "application/x-ndjson"}
            with self._http.stream("GET", self.url + path, params=params, headers=accept, timeout=seconds) as response:
                if not response.is_success:
                    raise AirflowApiError(f"{self.url}{path} answered {response.status_code}")
                for line in response.iter_lines():
                    lines.append(line)
                    left -= len(line)
                    while left < 0:
                        left += len(lines.popleft())
                    if monotonic() > until:
                        raise AnswerTooLongError(f"the end of {self.url}{path} did not come within {seconds:g} s")
        except httpx.HTTPError as error:
            raise AirflowApiError(f"{self.url}{path} could not be read: {error}") from None
        return list(lines)

    def _send_again_if_expired(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Ask once more with a new token where the old one has expired, or is not known after a restart."""
        response = self._send(method, path, **content)
        if response.status_code != _UNAUTHORIZED:
            return response
        self.log_in()
        return self._send(method, path, **content)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        import httpx

        self.requests += 1
        try:
            return self._http.request(method, self.url + path, **content)
        except httpx.TimeoutException:
            raise AirflowUnreachableError(
                f"Airflow's API at {self.url} (connection {self._account.conn_id!r}) did not answer {path} "
                f"within {READ_SECONDS:.0f} s"
            ) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            self._fail(f"{self.url} is no address that can be asked: {error}. Correct schema, host and port")
        except httpx.HTTPError as error:
            raise AirflowUnreachableError(
                f"Airflow's API at {self.url} (connection {self._account.conn_id!r}) cannot be reached: "
                f"{error}. Is the api-server running there?"
            ) from None

    def _checked(self, response: httpx.Response, path: str) -> Any:
        if response.is_success:
            return _json_of(response, path)
        answer = f"{self.url}{path} answered {response.status_code}"
        if response.status_code == _FORBIDDEN:
            self._fail(f"{answer}: the login {self._account.login!r} may not read this. It needs the role viewer")
        if response.status_code == _UNAUTHORIZED:
            raise AirflowApiError(
                f"{answer} to a token that was given out just now ({_detail_of(response)}). All api-servers behind "
                f"{self.url} need the same [api_auth] jwt_secret (Airflow connection {self._account.conn_id!r})"
            )
        raise AirflowApiError(f"{answer}: {_detail_of(response)}")

    def _refuse_bad_login(self, response: httpx.Response) -> None:
        # What the server says of a refused login may repeat the password, so it is not passed on.
        answer = f"{self.url}/auth/token answered {response.status_code}"
        if response.status_code in (_UNAUTHORIZED, _FORBIDDEN, _UNPROCESSABLE):
            self._fail(f"{answer}: the login {self._account.login!r} was refused. Correct its login or password")
        if response.status_code == _NOT_FOUND:
            self._fail(f"{answer}: nothing there gives tokens. Correct its host and port to those of the api-server")
        if not response.is_success:
            raise AirflowApiError(answer)

    def _fail(self, problem: str) -> NoReturn:
        from airflow.sdk.exceptions import AirflowFailException

        raise AirflowFailException(f"{problem} (Airflow connection {self._account.conn_id!r}).")


def understand(reader: Callable[[Any], T], answer: Any) -> T:
    """Read an answer with a function that expects its form.

    :raises AirflowApiError: if it has another one
    """
    try:
        return reader(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AirflowApiError(
            f"the API answered in a form that REST v2 of Airflow 3.3 does not have ({type(error).__name__}: {error})"
        ) from None


def total_of(answer: Mapping[str, Any]) -> int:
    """Give the number of rows that a list has in all."""
    return int(answer["total_entries"])


def _next_place(page: Mapping[str, Any], found: int, so_far: int, *, by_cursor: bool) -> dict[str, Any] | None:
    if by_cursor:
        return {"cursor": page["next_cursor"]} if page.get("next_cursor") else None
    return {"offset": so_far} if found and so_far < page["total_entries"] else None


def _json_of(response: httpx.Response, path: str) -> Any:
    try:
        return response.json()
    except ValueError:
        kind = response.headers.get("content-type", "no content type")
        raise AirflowApiError(
            f"{path} answered {kind} instead of JSON; the address is not, or not directly, an Airflow api-server"
        ) from None


def _detail_of(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text
    return " ".join(str(detail).split())[:_DETAIL_CHARACTERS] or "no reason given"
