"""The extra "s3" can be added to the lock, and with it the whole ML pipeline lives on S3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.airflow]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def python(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with Airflow, the extra and a server that speaks S3."""
    environment = tmp_path_factory.mktemp("s3") / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    wanted = [
        "--constraint",
        repository / "requirements.lock",
        "--editable",
        f"{repository}[airflow,s3]",
        "moto[server]",
    ]
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, *wanted], check=True, timeout=280)
    return python


def test_source_artefacts_and_registry_on_s3(python: Path, repository: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    script = Path(__file__).with_name("run_on_s3.py")
    command = [python, "-W", "ignore", script, tmp_path, repository / "pipelines", answer]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200, cwd=tmp_path)

    assert done.returncode == 0, done.stderr[-3000:]
    ran = json.loads(answer.read_text())
    assert len(ran["states"]) == 8
    assert set(ran["states"].values()) == {"success"}
    assert "airflow/registry/ml_pipeline/aliases/champion/00000001.json" in ran["keys"]
    assert "airflow/registry/ml_pipeline/versions/1/model.skops" in ran["keys"]
    assert sum(key.endswith("/validate_data/try=1/data.parquet") for key in ran["keys"]) == 1
