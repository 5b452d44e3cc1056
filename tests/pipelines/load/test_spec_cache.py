"""The cache on disk: whatever state it is in, a load gives the same; only slower without it."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.load import file_states, spec_cache
from pipelines.load.shares import LoaderState
from pipelines.load.spec_cache import SpecCache, cache_file
from pipelines.loader import load, raise_problems
from tests.pipelines.load.conftest import text_of

pytestmark = pytest.mark.airflow
ALL = [f"dag_{number}" for number in range(20)]


def spoil_header(file: Path) -> None:
    file.write_bytes(b"not a database" * 100)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def spoil_pages(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def spoil_rows(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE pipeline SET spec = '[' || spec")
        db.execute("UPDATE file SET findings = '{}' WHERE path < 'file_5'")
        db.commit()


def spoil_states(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE file SET depends = '[[1, 2]]'")
        db.commit()


def empty_tables(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("DROP TABLE pipeline")
        db.commit()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def be_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILERS = [spoil_header, cut, spoil_pages, spoil_rows, spoil_states, empty_tables, empty, be_a_folder]


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda function: function.__name__)
def test_a_cache_that_is_broken_changes_nothing(folder: Path, spoil: Callable[[Path], None]) -> None:
    (folder / "broken.yaml").write_text("broken: [\n")
    before = load(folder)
    spoil(cache_file(folder))
    for _ in range(2):
        after = load(folder)
        assert sorted(after.dags) == sorted(ALL)
        assert after.diagnostics == before.diagnostics
        assert list(load(folder, dag_id="dag_7").dags) == ["dag_7"]


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages, empty], ids=lambda function: function.__name__)
def test_after_a_broken_cache_there_is_a_new_one(
    folder: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    load(folder)
    spoil(cache_file(folder))
    load(folder)
    load(folder)
    caplog.clear()
    load(folder)
    assert not caplog.records
    with closing(sqlite3.connect(cache_file(folder))) as db:
        assert db.execute("SELECT count(*) FROM pipeline WHERE spec IS NOT NULL AND outcome = ''").fetchone() == (20,)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Airflow's home, for this test alone."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr("airflow.configuration.AIRFLOW_HOME", str(home))
    return home


def test_without_a_home_pipelines_are_checked_each_time(folder: Path, elsewhere: Path) -> None:
    elsewhere.rmdir()
    assert sorted(load(folder).dags) == sorted(ALL)
    raise_problems(folder)
    assert not elsewhere.exists()


def test_others_who_may_write_to_it_are_not_trusted(
    folder: Path, elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load(folder)
    cache_file(folder).parent.chmod(0o777)
    assert sorted(load(folder).dags) == sorted(ALL)
    assert "others may write to" in caplog.text


def test_it_is_open_to_nobody_else(folder: Path, elsewhere: Path) -> None:
    load(folder)
    assert (elsewhere / "pipelines-cache").stat().st_mode & 0o777 == 0o700


def test_while_another_process_holds_it_the_load_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spec_cache, "_PATIENCE", 0.1)
    load(folder)
    (folder / "file_3.yaml").write_text(text_of("dag_3", "changed"))
    with closing(sqlite3.connect(cache_file(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert load(folder).dags["dag_3"].get_task("a").bash_command == "changed"
        assert "what was checked is not kept" in caplog.text
        other.execute("COMMIT")
        other.execute("BEGIN EXCLUSIVE")
        assert load(folder).dags["dag_3"].get_task("a").bash_command == "changed"
    caplog.clear()
    assert load(folder).dags["dag_3"].get_task("a").bash_command == "changed"
    assert not caplog.records


def test_one_that_can_only_be_read_is_read(folder: Path, elsewhere: Path) -> None:
    load(folder)
    file = cache_file(folder)
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        assert db.execute("SELECT count(*) FROM file").fetchone() == (20,)
    file.chmod(0o400)
    cache = SpecCache(file, folder)
    cache.keep_loader("dags.py", LoaderState("x"))
    cache.write()
    assert len(cache.read([folder / "file_1.yaml"])) == 1
    cache.close()


LOAD = """
import sys
from pathlib import Path
from pipelines.loader import load, raise_problems
for number in range(4):
    if sys.argv[2] == "problems":
        raise_problems(Path(sys.argv[1]))
    else:
        assert len(load(Path(sys.argv[1])).dags) == 60
    for path in list(Path(sys.argv[1]).iterdir())[int(sys.argv[3]) :: 5]:
        path.touch()
"""


def test_several_processes_at_once_do_not_harm_it(tmp_path: Path) -> None:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    for number in range(60):
        (folder / f"file_{number}.yaml").write_text(text_of(f"dag_{number}"))
    commands = [
        [sys.executable, "-c", LOAD, str(folder), what, str(n)] for n, what in enumerate(["dags", "problems"] * 2)
    ]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    assert not any("cannot be" in error for error in errors), errors
    with closing(sqlite3.connect(cache_file(folder))) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*), count(spec), count(outcome) FROM pipeline").fetchone() == (60, 60, 60)


def test_a_process_that_dies_while_it_writes_leaves_it_as_it_was(folder: Path) -> None:
    load(folder)
    dies = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 1')\n"
        "db.execute('BEGIN IMMEDIATE')\n"
        "db.execute(\"UPDATE pipeline SET spec = 'half of it' || hex(randomblob(9999))\")\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", dies, str(cache_file(folder))], check=False)
    assert sorted(load(folder).dags) == sorted(ALL)


def test_what_is_gone_is_forgotten(folder: Path) -> None:
    load(folder)
    for number in range(10):
        (folder / f"file_{number}.yaml").unlink()
    raise_problems(folder)
    with closing(sqlite3.connect(cache_file(folder))) as db:
        counts = db.execute("SELECT (SELECT count(*) FROM file), (SELECT count(*) FROM pipeline)").fetchone()
    assert counts == (10, 10)


def test_caches_that_nobody_uses_go_when_a_new_one_comes(folder: Path, elsewhere: Path, tmp_path: Path) -> None:
    load(folder)
    old = cache_file(folder)
    fresh = old.with_name("fresh.sqlite3")
    shutil.copy(old, fresh)
    os.utime(old, (time.time() - 31 * 24 * 3600,) * 2)
    other = tmp_path / "other" / "pipelines"
    other.mkdir(parents=True)
    load(other)
    assert sorted(path.name for path in old.parent.iterdir()) == sorted([fresh.name, cache_file(other).name])


def test_one_that_is_used_without_a_change_stays_in_use(folder: Path, elsewhere: Path) -> None:
    load(folder)
    file = cache_file(folder)
    os.utime(file, (time.time() - 29 * 24 * 3600,) * 2)
    load(folder)
    assert time.time() - file.stat().st_mtime < 3600


def test_a_name_that_is_no_text_is_no_obstacle(folder: Path) -> None:
    path = Path(os.fsdecode(bytes(folder) + b"/caf\xe9.yaml"))
    path.write_text(text_of("cafe"))
    for _ in range(2):
        assert "cafe" in load(folder).dags
        assert list(load(folder, dag_id="cafe").dags) == ["cafe"]


def test_a_number_too_long_for_json_is_no_obstacle(folder: Path) -> None:
    number = "0x" + "f" * 4000
    (folder / "long.yaml").write_text(text_of("long") + f"  params: {{n: {number}}}\n")
    for _ in range(2):
        loaded = load(folder)
        assert {diagnostic.path for diagnostic in loaded.diagnostics} <= {"pipelines/long.yaml"}
        assert set(loaded.dags) >= set(ALL)


def test_a_rest_makes_it_quick(
    folder: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(file_states, "SETTLED_AFTER", 0.02)
    caplog.set_level(logging.WARNING)
    time.sleep(0.05)
    with opened() as names:
        load(folder)
    assert sorted(set(names)) == sorted(f"file_{number}.yaml" for number in range(20))
    with opened() as names:
        load(folder)
        raise_problems(folder)
        load(folder, dag_id="dag_3")
    assert names == []
