"""A project as small as can be, and an index without a network: what the installer's own tests install."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

# A build backend is three functions; this one can be told to be slow.
BACKEND = """\
import os, pathlib, time, zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    time.sleep(float(os.environ.get("BACKEND_SECONDS", "0")))
    name = "small-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("small.pth", os.getcwd())
        wheel.writestr("small-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: small\\nVersion: 1.0\\n")
        wheel.writestr("small-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("small-1.0.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@dataclass
class SmallProject:
    """A checkout with lock files, whose only requirement is a wheel in a folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    def command(self, *arguments: str, python: str = sys.executable) -> list[str]:
        return [python, "-m", "pipelines.embedded.install", "--repository", str(self.folder), *arguments]

    def install(
        self, *arguments: str, python: str = sys.executable, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the installer as the Makefile does."""
        return subprocess.run(
            self.command(*arguments, python=python),
            cwd=REPOSITORY,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def make_wheel(folder: Path, name: str) -> str:
    """Write a wheel with one module, and give the line of a lock file that asks for it."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "VALUE = 1\n")
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def plain_environment(wheels: Path) -> Mapping[str, str]:
    """Nothing of this machine's own configuration of pip, and no network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "AIRFLOW"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


@pytest.fixture(scope="session")
def empty_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but pip, as someone may have made by hand; to be copied."""
    folder = tmp_path_factory.mktemp("venv") / ".venv"
    subprocess.run([sys._base_executable, "-m", "venv", str(folder)], check=True)
    return folder


@pytest.fixture
def prepared(project: SmallProject, empty_venv: Path) -> SmallProject:
    """The small project in which an environment was made already, which saves the time of making it."""
    shutil.copytree(empty_venv, project.venv, symlinks=True)
    return project


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    folder, wheels = tmp_path / "project", tmp_path / "wheels"
    folder.mkdir()
    wheels.mkdir()
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    runtime = make_wheel(wheels, "needed")
    (folder / "requirements.lock").write_text(runtime)
    (folder / "requirements-dev.lock").write_text(runtime + make_wheel(wheels, "tool"))
    return SmallProject(folder, dict(plain_environment(wheels)))
