"""One report with an error, a warning and a clean file, for every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.checker import Report, check_files

SSH = "airflow.providers.ssh.operators.ssh.SSHOperator"
FILES = {
    "broken, 100%.yaml": "orders:\n  schedul: '@daily'\n  tasks:\n    a: {operator: DownloadData, source: sample://iris}\n",
    "clean.yaml": "sales:\n  tasks:\n    a: {operator: DownloadData, source: sample://iris}\n",
    "warned.yaml": f"returns:\n  tasks:\n    a: {{operator: {SSH}}}\n",
}


def report_of(folder: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return check_files([folder / name for name in sorted(files)], relative_to=folder)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return report_of(tmp_path, FILES)


@pytest.fixture
def clean_report(tmp_path: Path) -> Report:
    return report_of(tmp_path, {"clean.yaml": FILES["clean.yaml"]})


@pytest.fixture
def case_report(repository: Path) -> Report:
    """All that the cases under tests/cases/err print."""
    folder = repository / "tests" / "cases" / "err"
    return check_files(sorted(folder.glob("*.yaml")), relative_to=folder)
