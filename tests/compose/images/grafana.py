"""Not Grafana: something that answers on its port and says so, where Grafana's image cannot be had."""

from __future__ import annotations

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = json.dumps({"placeholder": "This is not Grafana. Its image cannot be had on this machine."}).encode()


class Page(BaseHTTPRequestHandler):
    """The one answer."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("0.0.0.0", 3000), Page).serve_forever()  # noqa: S104
