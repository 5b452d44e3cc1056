"""A PostgreSQL of its own, in a temporary folder and on a free port, from Debian's package; gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running.airflow_instance import free_port

USER = "postgres"


def find_binaries() -> Path | None:
    """Give the folder with ``initdb`` and ``pg_ctl``; None if PostgreSQL is not installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    candidates = [*installed, *([Path(on_path).parent] if on_path else [])]
    return next((path for path in reversed(candidates) if (path / "initdb").exists()), None)


@contextmanager
def run_postgres() -> Iterator[int]:
    """Run it as long as the block; gives its port. The user ``postgres`` needs no password, from this machine only."""
    binaries = find_binaries()
    assert binaries is not None, "PostgreSQL is not installed (Debian: postgresql)"
    owner = pwd.getpwnam(USER) if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder, port = Path(name), free_port()
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)

        def run(*command: str) -> None:
            more = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
            subprocess.run([str(binaries / command[0]), *command[1:]], check=True, stdout=subprocess.DEVNULL, **more)

        data = str(folder / "data")
        run("initdb", "--pgdata", data, "--auth=trust", f"--username={USER}", "--encoding=UTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(folder / "log"), "--options", options)
        try:
            yield port
        finally:
            run("pg_ctl", "stop", "--pgdata", data, "--mode=immediate")
