"""Every file under tests/cases/migrate: the .out beside it is what ``pipelines migrate`` prints, difference first.

``make accept`` (ACCEPT=1) writes the .out files anew; read the difference before you commit it.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.migrate import run
from schemas.checker import check_files

CASES = Path(__file__).parent.parent / "cases" / "migrate"
FILES = sorted(path.relative_to(CASES).as_posix() for path in CASES.rglob("*.y*ml"))
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the cases, as the current folder."""
    folder = shutil.copytree(CASES, tmp_path / "migrate")
    monkeypatch.chdir(folder)
    return folder


def migrate(name: str, *, write: bool = False) -> tuple[bool, str, str]:
    out, err = io.StringIO(), io.StringIO()
    done = run([Path(name)], out, err, write=write)
    return done, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.usefixtures("cases")
def test_a_file_of_dag_factory_becomes_what_stands_beside_it(name: str) -> None:
    done, out, err = migrate(name)
    printed = f"{out}--- done: {str(done).lower()}\n{err}"
    expected = (CASES / name).with_suffix(".out")
    if os.environ.get("ACCEPT"):
        expected.write_bytes(printed.encode())
    assert printed.encode() == expected.read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_second_run_changes_nothing(name: str, cases: Path) -> None:
    migrate(name, write=True)
    once = (cases / name).read_bytes()
    migrate(name, write=True)
    assert (cases / name).read_bytes() == once


@pytest.mark.parametrize("name", FILES)
def test_what_is_left_says_what_to_write_instead(name: str, cases: Path) -> None:
    """A list of all that is allowed is no help to somebody who had something that worked."""
    migrate(name, write=True)
    for diagnostic in check_files([cases / name]).diagnostics:
        assert diagnostic.hint, diagnostic
        assert not diagnostic.hint.startswith("allowed"), diagnostic


@pytest.mark.parametrize("name", FILES)
def test_comments_stay(name: str, cases: Path) -> None:
    def comments() -> list[str]:
        return sorted(re.findall(r"(?:^|\s)(#.*)$", (cases / name).read_text(), flags=re.M))

    before = comments()
    migrate(name, write=True)
    gone = [comment for comment in before if comment not in comments()]
    # a comment goes with the line that goes
    assert gone == {
        "concurrency-and-looks.yaml": ["# people liked it"],
        "said-twice.yaml": ["# the only way, once"],
    }.get(name, [])


@pytest.mark.parametrize("name", FILES)
def test_the_difference_is_a_patch(name: str, cases: Path) -> None:
    _, patch, _ = migrate(name)
    subprocess.run(
        ["git", "apply", "--unsafe-paths", "--allow-empty", "-"], input=patch.encode(), cwd=cases, check=True
    )
    patched = (cases / name).read_bytes()
    shutil.copy(CASES / name, cases / name)
    migrate(name, write=True)
    assert patched == (cases / name).read_bytes()


def test_line_ends_and_marks_stay(cases: Path) -> None:
    text = "\ufefforders:\r\n  concurrency: 2\r\n  dagrun_timeout:\r\n    __type__: datetime.timedelta  # why\r\n"
    text += f"    hours: 2\r\n  tasks:\r\n    a: {{operator: {EMPTY}}}"
    (cases / "windows.yaml").write_bytes(text.encode())
    assert migrate("windows.yaml", write=True)[0]
    expected = "\ufefforders:\r\n  max_active_tasks: 2\r\n  # why\r\n  dagrun_timeout: 2h\r\n  tasks:\r\n"
    assert (cases / "windows.yaml").read_bytes() == f"{expected}    a: {{operator: {EMPTY}}}".encode()


def test_a_file_that_is_no_yaml_is_left_as_it_is(cases: Path) -> None:
    (cases / "broken.yaml").write_text("orders: [\n")
    done, out, err = migrate("broken.yaml", write=True)
    assert (done, out) == (False, "")
    assert "broken.yaml:" in err
    assert "P003" in err
    assert (cases / "broken.yaml").read_text() == "orders: [\n"


def test_places_are_those_of_the_file_that_the_reader_sees(cases: Path) -> None:
    (cases / "x.yaml").write_text(
        f"orders:\n  default_view: tree\n  sla_miss_callback: x.y\n  tasks:\n    a: {{operator: {EMPTY}}}\n"
    )
    assert "x.yaml:3:3: P101" in migrate("x.yaml")[2]
    assert "x.yaml:2:3: P101" in migrate("x.yaml", write=True)[2]


class TestCommand:
    """``pipelines migrate``."""

    def test_nothing_left_to_do_exits_0(self, cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["migrate", "schedule-interval.yaml"]) == 0
        assert capsys.readouterr().out.startswith("--- a/schedule-interval.yaml\n+++ b/schedule-interval.yaml\n")
        assert "schedule_interval" in (cases / "schedule-interval.yaml").read_text()

    def test_something_left_to_do_exits_1(self, cases: Path) -> None:
        assert main(["migrate", "--write", "callbacks.yaml"]) == 1

    def test_write_changes_the_files_and_prints_no_difference(
        self, cases: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["migrate", "--write", "schedule-interval.yaml", "durations.yaml"]) == 0
        assert capsys.readouterr().out == ""
        assert "schedule_interval" not in (cases / "schedule-interval.yaml").read_text()

    def test_a_file_that_does_not_exist_exits_2(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["migrate", "nowhere.yaml"]) == 2
        assert capsys.readouterr().err == "pipelines: nowhere.yaml: no such file or folder\n"
