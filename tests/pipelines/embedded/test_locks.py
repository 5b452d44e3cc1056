"""The lock files hold what pyproject.toml asks for, with hashes, and nothing of the machine that wrote them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-dev.lock")


def read_pins(path: Path) -> dict[str, set[str]]:
    """Give name -> versions; a package can have one for each Python."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;]+)", path.read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


def wanted(repository: Path, *extras: str) -> list[Requirement]:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [(LOCKS[0], ("airflow", "postgres", "celery")), (LOCKS[1], ("airflow", "postgres", "celery", "dev"))],
)
def test_everything_that_is_asked_for_is_pinned(repository: Path, lock: str, extras: tuple[str, ...]) -> None:
    pins = read_pins(repository / lock)

    missing = [
        str(requirement)
        for requirement in wanted(repository, *extras)
        if not any(requirement.specifier.contains(v) for v in pins.get(canonicalize_name(requirement.name), ()))
    ]

    assert missing == [], f"`make lock` brings {lock} up to date"


def test_development_runs_on_the_versions_of_production(repository: Path) -> None:
    runtime, dev = (read_pins(repository / lock) for lock in LOCKS)

    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(repository: Path, lock: str) -> None:
    text = (repository / lock).read_text()

    assert re.findall(r"^[^#\s].*==.*[^\\]$", text, re.MULTILINE) == []
    assert not re.search(r"://|--index|--find-links|/home/|/tmp/", text)


@pytest.mark.parametrize("package", ["uv", "setuptools"])
def test_the_installer_finds_its_own_tools_in_the_lock(repository: Path, package: str) -> None:
    assert all(package in read_pins(repository / lock) for lock in LOCKS)
