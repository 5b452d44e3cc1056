"""The double of statsd_exporter with the real one's options, as far as compose.yaml gives them."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.exporter.statsd_exporter import RunningExporter


def port(address: str) -> int:
    """Read the port of ``:9102``."""
    return int(address.rpartition(":")[2])


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--statsd.listen-udp", dest="udp", required=True)
    parser.add_argument("--statsd.listen-tcp", dest="tcp", choices=[""], required=True)
    parser.add_argument("--statsd.mapping-config", dest="mapping", type=Path, required=True)
    parser.add_argument("--web.listen-address", dest="web", required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    udp_port, http_port = port(options.udp), port(options.web)
    with RunningExporter(options.mapping, host="0.0.0.0", udp_port=udp_port, http_port=http_port):  # noqa: S104
        threading.Event().wait()


if __name__ == "__main__":
    main()
