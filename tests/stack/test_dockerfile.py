"""The Airflow image: what goes in, who runs in it, and what must stay out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COPIED = [path for line in re.findall(r"^COPY (?!--)(.*) \S+$", TEXT, re.MULTILINE) for path in line.split()]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", COPIED)
def test_what_is_copied_exists_and_reaches_the_builder(path: str) -> None:
    assert (ROOT / path).exists()
    assert {f"!{path}", f"!{path}/"} & set(IGNORED)


def test_nothing_else_reaches_the_builder() -> None:
    assert next(line for line in IGNORED if not line.startswith("#")) == "*"
    assert {line.strip("!/") for line in IGNORED if line.startswith("!")} == set(COPIED)


def test_the_base_is_the_one_of_compose() -> None:
    default = re.search(r"^ARG BASE_IMAGE=(\S+)$", TEXT, re.MULTILINE)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert default
    assert compose["services"]["migrate"]["build"]["args"] == {"BASE_IMAGE": f"${{BASE_IMAGE:-{default[1]}}}"}
    assert set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) == {"${BASE_IMAGE}"}


def test_every_package_is_installed_by_its_hash() -> None:
    for install in re.findall(r"pip install (.*)", TEXT):
        assert "--require-hashes -r requirements.lock" in install or install.endswith("--no-deps .")


def test_the_lock_holds_the_database_driver() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.search(r"^psycopg2(-binary)?==", lock, re.MULTILINE)
    assert re.search(r"^asyncpg==", lock, re.MULTILINE)


def test_the_last_user_is_not_root() -> None:
    assert re.findall(r"^USER (\S+)", TEXT, re.MULTILINE) == ["airflow"]


def test_no_index_certificate_or_password_is_baked_in() -> None:
    assert not re.search(r"https?://|index-url|trusted-host|PIP_CERT|PASSWORD|TOKEN", TEXT)
