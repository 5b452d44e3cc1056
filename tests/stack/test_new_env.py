"""stack/new_env.py: secrets of one's own, written once."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def new_env(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "stack/new_env.py", folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def secrets_in(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_secret_is_filled_in_and_none_twice(tmp_path: Path) -> None:
    assert new_env(tmp_path).returncode == 0
    filled = secrets_in(tmp_path / ".env")
    assert filled.keys() == secrets_in(ROOT / ".env.example").keys()
    assert len(set(filled.values())) == len(filled)


def test_keys_have_the_length_that_their_use_asks_for(tmp_path: Path) -> None:
    new_env(tmp_path)
    filled = secrets_in(tmp_path / ".env")
    assert len(base64.urlsafe_b64decode(filled["AIRFLOW_FERNET_KEY"])) == 32
    assert len(filled["AIRFLOW_JWT_SECRET"]) >= 64
    assert min(map(len, filled.values())) >= 32


def test_no_secret_needs_quoting_in_a_url_or_in_json(tmp_path: Path) -> None:
    new_env(tmp_path)
    assert all(re.fullmatch(r"[A-Za-z0-9_=-]+", value) for value in secrets_in(tmp_path / ".env").values())


def test_only_its_owner_can_read_it_and_no_secret_is_printed(tmp_path: Path) -> None:
    done = new_env(tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert not any(value in done.stdout + done.stderr for value in secrets_in(tmp_path / ".env").values())


def test_one_that_is_complete_stays_as_it_is(tmp_path: Path) -> None:
    new_env(tmp_path)
    before = (tmp_path / ".env").read_text()
    done = new_env(tmp_path)
    assert (done.returncode, (tmp_path / ".env").read_text()) == (0, before)
    assert "stays as it is" in done.stdout


@pytest.mark.parametrize("end", ["", "\n"])
def test_one_of_an_older_version_gets_what_is_new_and_keeps_the_rest(tmp_path: Path, end: str) -> None:
    old = f"# mine\nPOSTGRES_PASSWORD=kept\nSOURCE_URL=https://example.org{end}"
    (tmp_path / ".env").write_text(old)
    done = new_env(tmp_path)
    assert done.returncode == 0
    assert (tmp_path / ".env").read_text().startswith(old)
    filled = secrets_in(tmp_path / ".env")
    assert filled["POSTGRES_PASSWORD"] == "kept"
    added = filled.keys() - {"POSTGRES_PASSWORD", "SOURCE_URL"}
    assert added == secrets_in(ROOT / ".env.example").keys() - {"POSTGRES_PASSWORD"}
    assert all(name in done.stdout for name in added)
    assert not any(filled[name] in done.stdout for name in added)
