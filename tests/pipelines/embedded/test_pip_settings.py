"""What pip is told, uv is told too; what uv cannot be told is left to pip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.embedded.install_problems import InstallError, MissingPackageError, check_python, check_space, explain
from pipelines.embedded.pip_settings import parse_pip_settings, read_pip_settings, uv_environment

BASE = {"UV_INDEX_STRATEGY": "unsafe-best-match"}


@pytest.mark.parametrize(
    ("pip", "uv"),
    [
        ({}, {}),
        ({"index-url": "https://a/simple"}, {"UV_DEFAULT_INDEX": "https://a/simple"}),
        ({"extra-index-url": "\nhttps://a/s\nhttps://b/s"}, {"UV_INDEX": "https://a/s https://b/s"}),
        ({"find-links": "/wheels /more"}, {"UV_FIND_LINKS": "/wheels,/more"}),
        ({"trusted-host": "a b"}, {"UV_INSECURE_HOST": "a b"}),
        ({"cert": "/ca.pem", "timeout": "60"}, {"SSL_CERT_FILE": "/ca.pem", "UV_HTTP_TIMEOUT": "60"}),
        ({"proxy": "http://p:3128"}, dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p:3128")),
        ({"disable-pip-version-check": "1", "no-color": "true"}, {}),
    ],
)
def test_a_setting_of_pip_becomes_one_of_uv(pip: dict[str, str], uv: dict[str, str]) -> None:
    assert uv_environment(pip) == BASE | uv


@pytest.mark.parametrize("name", ["no-index", "no-binary", "only-binary", "constraint", "something-new"])
def test_a_setting_that_uv_cannot_be_told_leaves_the_work_to_pip(name: str) -> None:
    assert uv_environment({"index-url": "https://a/simple", name: "1"}) is None


def test_the_environment_wins_over_install_and_install_over_global() -> None:
    listing = "global.index-url='https://g'\ninstall.index-url='https://i'\n:env:.timeout='9'\nglobal.timeout='5'\n"

    assert parse_pip_settings(listing) == {"index-url": "https://i", "timeout": "9"}


def test_pip_itself_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://file/simple\n[install]\ntrusted-host = a\n    b\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://env/simple")

    settings = read_pip_settings(Path(sys.executable))

    assert settings["index-url"] == "https://file/simple"
    assert settings["extra-index-url"] == "https://env/simple"
    assert settings["trusted-host"].split() == ["a", "b"]


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 15), (4, 0)])
def test_a_python_that_airflow_does_not_run_on_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(InstallError, match=rf"is Python {version[0]}\.{version[1]}; .*make run PYTHON=python3\.11"):
        check_python(version)


def test_too_little_room_names_the_place() -> None:
    check_space({"/": (2_000_000_000, 1_500_000_000)})
    with pytest.raises(InstallError, match=r"/other has 0\.3 GB free; the installation needs 0\.6 GB there.*TMPDIR"):
        check_space({"/": (2_000_000_000, 1_500_000_000), "/other": (300_000_000, 600_000_000)})


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("error: Failed to write: No space left on device (os error 28)", "disk is full"),
        ("WARNING: Retrying ... NewConnectionError('<...>: Failed to establish a new connection", "No package index"),
        ("error: Failed to fetch: `https://a/simple/x/`\n  Caused by: dns error", "No package index"),
        ("ERROR: 401 Client Error: Unauthorized for url: https://me:sesame@a/simple/x/", "refuses access"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate is not trusted"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one in the lock file"),
        ("something else\nwent wrong", "went wrong"),
    ],
)
def test_the_cause_is_found_in_what_the_installer_prints(output: str, said: str) -> None:
    message = str(explain("Installing: packages", output, Path(".venv/install.log")))

    assert said in message
    assert ".venv/install.log" in message
    assert "sesame" not in message


def test_a_missing_package_can_be_told_from_other_problems() -> None:
    output = "ERROR: No matching distribution found for uv==1.0"

    assert isinstance(explain("Installing: uv", output, Path("log")), MissingPackageError)


def test_the_installer_needs_the_standard_library_only() -> None:
    # -S: without site-packages.
    command = [sys.executable, "-S", "-m", "pipelines.embedded.install", "--help"]

    subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).resolve().parents[3])
