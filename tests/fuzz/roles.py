"""What a spoilt file is: pipelines alone, or one of several files that have a part in the same pipelines."""

from __future__ import annotations

import shutil
from pathlib import Path

TOGETHER = Path(__file__).parent.parent / "cases" / "ok" / "layers"
_ALONE = "spoilt.yaml"
_BY_FOLDER = {"templates": "templates/load.yaml", "environments": "environments/prod.yaml"}
_AMONG_OTHERS = ("made.yaml", "orders.yaml")


def role_of(seed: Path, number: int) -> str:
    """Choose where a spoilt file goes: where its seed could stand, and pipelines sometimes among others.

    :param seed: the file that it was
    :param number: counts the files
    """
    if seed.parent.name in _BY_FOLDER:
        return _BY_FOLDER[seed.parent.name]
    if seed.stem == "defaults":
        return "defaults.yaml"
    return _ALONE if number % 3 else _AMONG_OTHERS[number // 3 % 2]


def put(data: bytes, role: str, folder: Path) -> Path:
    """Write a file in its role, with those that belong to it around.

    :param data: the file
    :param role: as :func:`role_of` gives it
    :param folder: for this role only; it need not be there
    :returns: the folder of the DAGs
    """
    home = folder / role.replace("/", "-")
    if not home.exists():
        home.mkdir() if role == _ALONE else shutil.copytree(TOGETHER, home)
        (home / ".airflowignore").touch()
    (home / role).write_bytes(data)
    return home
