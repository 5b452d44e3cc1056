"""Turns what went wrong while installing into one paragraph that names the fix.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
_MANY_LINES = 12


class InstallError(Exception):
    """An installation that cannot go on; the message says what was found and what to do."""


class MissingPackageError(InstallError):
    """The index answers, but does not have a package for this Python and platform."""


def check_python(version: tuple[int, int]) -> None:
    """Refuse an interpreter that Airflow does not run on.

    :param version: major and minor
    :raises InstallError: naming the versions that do
    """
    if OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        return
    oldest, newest, found = (".".join(map(str, v)) for v in (OLDEST_PYTHON, NEWEST_PYTHON, version))
    raise InstallError(
        f"{sys.executable} is Python {found}; Airflow 3.3 needs Python {oldest} to {newest}. Install one of them and "
        f"name it: `make run PYTHON=python{oldest}`."
    )


def check_space(where: dict[str, tuple[int, int]]) -> None:
    """Refuse to begin what the disk cannot hold.

    :param where: path -> bytes free, bytes needed
    :raises InstallError: naming the first path with too little room
    """
    for path, (free, needed) in where.items():
        if free < needed:
            raise InstallError(
                f"{path} has {free / 1e9:.1f} GB free; the installation needs {needed / 1e9:.1f} GB there. "
                "Free some space, clone to another disk, or move temporary files with TMPDIR=/other/folder."
            )


def missing_venv(version: tuple[int, int]) -> InstallError:
    """Say how to get the venv module, which Debian and Ubuntu package on its own."""
    return InstallError(
        f"{sys.executable} cannot make virtual environments: its module ensurepip is missing. On Debian or Ubuntu: "
        f"`sudo apt install python3-venv` (or python{version[0]}.{version[1]}-venv), then `make run` again; with "
        "another Python: `make run PYTHON=/path/to/python3`."
    )


# The first pattern that the installer's output matches decides; `{found}` is the line that matches.
_EXPLANATIONS = (
    (
        r"No space left on device|os error 28|Disk quota exceeded",
        "The disk is full ({found}). Free some space (about 2 GB are needed; TMPDIR=/other/folder moves the temporary "
        "files) and run the same command again.",
    ),
    (
        r"DO NOT MATCH THE HASHES|[Hh]ash mismatch",
        "The package index served a file that is not the one in the lock file ({found}). A download was cut off, or "
        "the index or a proxy alters files: run the same command again; if it stays, compare the index with pypi.org.",
    ),
    (
        r"401 Client Error|403 Client Error|401 Unauthorized|403 Forbidden|401 Error|403 Error|User for [^ ]+:",
        "The package index refuses access ({found}). Give pip an address with a login: `pip config set "
        "global.index-url https://USER:TOKEN@HOST/simple`, then run the same command again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|invalid peer certificate|SSLError",
        "The package index's certificate is not trusted here ({found}). If your network has an authority of its own: "
        "`pip config set global.cert /path/to/ca.pem`, then run the same command again.",
    ),
    (
        r"NewConnectionError|Connection refused|Name or service not known|name resolution|ConnectTimeout|ReadTimeout|"
        r"ProxyError|Network is unreachable|Failed to fetch|Connection reset|error sending request|Max retries",
        "No package index answers ({found}). Check the network; behind a proxy set HTTPS_PROXY, for a mirror "
        "`pip config set global.index-url https://HOST/simple`, then run the same command again.",
    ),
)
_MISSING_PACKAGE = re.compile(r"No matching distribution found for \S+")


def explain(step: str, output: str, log: Path) -> InstallError:
    """Explain a failed installer.

    :param step: what was being done
    :param output: everything that the installer printed
    :param log: where the whole output is kept
    """
    for pattern, text in _EXPLANATIONS:
        match = re.search(pattern, output)
        if match:
            return InstallError(f"{step} failed. {text.format(found=_line_around(output, match))} Details: {log}")
    match = _MISSING_PACKAGE.search(output)
    if match:
        return MissingPackageError(
            f"{step} failed. The package index lacks a package, or does not answer ({_line_around(output, match)}). "
            "Check the network. If pip is set to a mirror (`pip config list`), it must offer what pypi.org has for "
            f"this Python and platform. Details: {log}"
        )
    lines = output.strip().splitlines()[-_MANY_LINES:]
    tail = "\n".join(f"    {line[:200]}" for line in lines) or "    (it printed nothing)"
    return InstallError(f"{step} failed. The end of its output ({log} has all of it):\n{tail}")


def _line_around(output: str, match: re.Match[str]) -> str:
    start = output.rfind("\n", 0, match.start()) + 1
    end = output.find("\n", match.end())
    line = output[start : end if end >= 0 else len(output)]
    return without_passwords(" ".join(line.split()))[:300].rstrip(". ")


def without_passwords(text: str) -> str:
    """Blank the login of each URL."""
    return re.sub(r"://[^/@\s]+@", "://***@", text)
