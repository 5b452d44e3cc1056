"""Names everything but the files themselves that the result of a check, or of a build, depends on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from schemas.surroundings import chosen_environment

_PACKAGE = Path(__file__).resolve().parent.parent
_ROOMS = (
    _PACKAGE.parent / "schemas",
    _PACKAGE.parent / "operators",
    _PACKAGE / "build",
    _PACKAGE / "load",
)
_MODULES = ("loader.py", "policy.py")
_SUFFIXES = (".py", ".json")
_POLICIES = "airflow_local_settings"


def fingerprint() -> str:
    """Give a word that changes with the rules, the schema, the operators, and what is installed.

    With the environment whose overlay is laid over the pipelines, too.
    """
    return sha256(f"{_CODE} {chosen_environment()}".encode("utf-8", "surrogateescape")).hexdigest()


def _of_code() -> str:
    digest = sha256(sys.version.encode())
    for path in _iter_code():
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)} ".encode())
        digest.update(content)
    digest.update(" ".join(_iter_distributions()).encode())
    return digest.hexdigest()


def _iter_code() -> Iterator[Path]:
    for room in _ROOMS:
        for folder, _, names in sorted(os.walk(room)):
            yield from (Path(folder, name) for name in sorted(names) if name.endswith(_SUFFIXES))
    yield from (_PACKAGE / name for name in _MODULES)
    # a cluster policy can refuse a DAG
    policies = getattr(sys.modules.get(_POLICIES), "__file__", None)
    if policies:
        yield Path(policies)


def _iter_distributions() -> Iterator[str]:
    """Yield the names and versions of what is installed: operators and the libraries of the rules are among it."""
    for folder in sorted(path for path in set(sys.path) if path.endswith("-packages")):
        if Path(folder).is_dir():
            yield from sorted(name for name in os.listdir(folder) if name.endswith(".dist-info"))  # noqa: PTH208


# of the code as this process has it: what is installed while it runs, it does not import any more
_CODE = _of_code()
