"""Every file under tests/cases: ok/ is clean, err/ prints exactly what stands in the .out beside the file.

A folder is a case of its own: pipelines together with their defaults, environments and templates.

``make accept`` (ACCEPT=1) writes the .out files anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.catalogue import CATALOGUE
from schemas.checker import Scope, check_files, iter_yaml_files
from schemas.formats.text import render_text

CASES = Path(__file__).parent.parent / "cases"
OK = sorted(path for path in (CASES / "ok").iterdir() if path.suffix != ".out")
ERR = sorted(path for path in (CASES / "err").iterdir() if path.suffix != ".out")


def printed(path: Path) -> str:
    folder, files = (path, list(iter_yaml_files(path))) if path.is_dir() else (path.parent, [path])
    report = check_files(files, relative_to=folder, scope=Scope(every_environment=True))
    return render_text(report.diagnostics, report.texts) + "\n"


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_a_sound_file_has_no_diagnostics(path: Path) -> None:
    assert printed(path) == "\n"


@pytest.mark.parametrize("path", ERR, ids=lambda path: path.stem)
def test_a_broken_file_prints_what_stands_beside_it(path: Path) -> None:
    expected = path.with_suffix(".out")
    if os.environ.get("ACCEPT"):
        expected.write_text(printed(path), encoding="utf-8")
    assert printed(path) == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ERR, ids=lambda path: path.stem)
def test_a_case_shows_the_code_it_is_named_for(path: Path) -> None:
    code = path.stem.partition("-")[0]
    if code.startswith("P"):
        assert f": {code} " in path.with_suffix(".out").read_text(encoding="utf-8")


def test_every_rule_has_a_case() -> None:
    used = {path.stem.partition("-")[0] for path in ERR}
    not_by_a_single_file = {"P001", "P002", "P206", "P802", "P900"}
    missing = sorted(set(CATALOGUE) - used - not_by_a_single_file)
    assert not missing, f"add tests/cases/err/{missing[0]}-what-is-wrong.yaml; ACCEPT=1 writes its .out"
