"""Real receivers on this machine: a mail server and a web server that keep what they are sent."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller


@dataclass
class WebReceiver:
    """A web server for the channels slack and http."""

    port: int = 0
    status: int = 200
    """What it answers."""
    requests: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class MailReceiver:
    """A mail server."""

    port: int = 0
    refuses: bool = False
    recipients: list[list[str]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses:
            return "554 Transaction failed"
        self.recipients.append(envelope.rcpt_tos)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(mail)  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    receiver = WebReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append(
                {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": json.loads(body)}
            )
            self.send_response(receiver.status)
            self.end_headers()
            self.wfile.write(b"ok")

        do_PUT = do_POST  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with socket.socket() as free:  # aiosmtpd cannot be asked which port it was given
        free.bind(("127.0.0.1", 0))
        receiver = MailReceiver(port=free.getsockname()[1])
    controller = Controller(receiver, hostname="127.0.0.1", port=receiver.port)
    controller.start()
    yield receiver
    controller.stop()


@pytest.fixture
def connections(web: WebReceiver, mail: MailReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """``team_mail``, ``team_chat`` and ``incidents`` lead to the receivers, each with a secret."""
    known = {
        "TEAM_MAIL": {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": mail.port,
            "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com", "retry_limit": 0},
        },
        "TEAM_CHAT": {
            "conn_type": "slackwebhook",
            "host": f"http://127.0.0.1:{web.port}/services",
            "password": "T0/B0/chat-secret",
        },
        "INCIDENTS": {
            "conn_type": "http",
            "host": "127.0.0.1",
            "port": web.port,
            "login": "airflow",
            "password": "incident-secret",
        },
    }
    for name, connection in known.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port at which somebody listens and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
