"""Stands for the services that Alertmanager tells: keeps what is posted and gives it back, as JSON, at /received."""

from __future__ import annotations

import json
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RECEIVED: list[dict[str, Any]] = []


class Webhook(BaseHTTPRequestHandler):
    """One path for each receiver."""

    def do_POST(self) -> None:
        """Keep it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        RECEIVED.append({"at": time.time(), "receiver": self.path.strip("/"), "alerts": body["alerts"]})
        self.answer(b"")

    def do_GET(self) -> None:
        """Give all of it."""
        self.answer(json.dumps(RECEIVED).encode())

    def answer(self, body: bytes) -> None:
        """Send 200."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("0.0.0.0", 8080), Webhook).serve_forever()  # noqa: S104
