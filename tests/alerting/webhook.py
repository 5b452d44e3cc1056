"""Receives what Alertmanager tells, and remembers when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Notice:
    """One alert in one notification."""

    received: float
    """Unix time."""
    receiver: str
    """Who was meant to be told."""
    status: str
    """``firing`` or ``resolved``."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def alert(self) -> str:
        """The name of the alert."""
        return self.labels["alertname"]


class Webhook:
    """A server for notifications; ``with Webhook() as webhook``. A GET finds nothing at first, then it hangs up."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._gets = 0
        self._notices: list[Notice] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.take(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                outer._gets += 1
                if outer._gets == 1:
                    self.send_error(404)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where notifications go."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def port(self) -> int:
        return self._server.server_port

    def take(self, body: str) -> None:
        """Take one notification, or any other message."""
        self.bodies.append(body)
        message = json.loads(body)
        for alert in message.get("alerts", ()):
            if "labels" in alert:
                found = (alert["status"], alert["labels"], alert["annotations"])
                self._notices.append(Notice(time.time(), message["receiver"], *found))

    def notices(self, alert: str = "", status: str = "", **labels: str) -> list[Notice]:
        """Give what was told, in the order of its coming."""
        return [
            notice
            for notice in self._notices
            if alert in ("", notice.alert) and status in ("", notice.status) and labels.items() <= notice.labels.items()
        ]

    def wait(self, alert: str, status: str = "firing", *, until: float, **labels: str) -> Notice:
        """Wait for the first notice of an alert.

        :param alert: its name
        :param status: ``firing`` or ``resolved``
        :param until: Unix time
        :param labels: some that it has
        """
        while True:
            if found := self.notices(alert, status, **labels):
                return found[0]
            if time.time() > until:
                break
            time.sleep(0.2)
        told = sorted({f"{notice.alert} {notice.status}" for notice in self._notices})
        raise TimeoutError(f"no notice of {alert} {labels} {status}; there were: {', '.join(told)}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
