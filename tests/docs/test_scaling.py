"""docs/scaling.md says what the code does: the output of its command, and its figures."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.load import clock, file_states, spec_cache


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_the_command_prints_what_the_page_says(
    page: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipelines").mkdir()
    for name in ("dags.py", ".airflowignore"):
        shutil.copy(repository / "pipelines" / name, tmp_path / "pipelines" / name)
    monkeypatch.chdir(tmp_path)
    [(command, output)] = re.findall(r"^```console\n\$ pipelines ([^\n]+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    out = io.StringIO()
    assert main(command.split(), out) == 0
    assert out.getvalue() == output


def test_its_figures_are_those_of_the_code(page: str) -> None:
    text = " ".join(page.split())
    assert f"at {clock._PART * 100:.0f} % of it a loader file goes on" in text
    assert f"in the {file_states.SETTLED_AFTER:.0f} seconds before it was last read" in text
    assert f"nobody has used for {spec_cache._UNUSED_AFTER / 24 / 3600:.0f} days" in text


def test_its_limits_are_those_of_airflow(page: str) -> None:
    from airflow.configuration import conf

    text = " ".join(page.split())
    assert f"gives up after {conf.getint('core', 'dagbag_import_timeout')} seconds" in text
    assert f"`dag_file_processor_timeout` ({conf.getint('dag_processor', 'dag_file_processor_timeout')} s)" in text
    assert (
        f"`[dag_processor] parsing_processes`, by default {conf.getint('dag_processor', 'parsing_processes')}" in text
    )
    assert conf.getint("dag_processor", "refresh_interval") == 5 * 60
    assert f"min_file_process_interval` ({conf.getint('dag_processor', 'min_file_process_interval')} s" in text
