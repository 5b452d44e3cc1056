"""Airflow's time limit: what does not fit in is left out and named; the rest is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.policies import hookimpl

from pipelines.loader import InvalidPipelineError, load, raise_problems

pytestmark = pytest.mark.airflow
LIMIT = 1.0


class Limit:
    """A cluster policy, as an administrator may have one."""

    @hookimpl
    def get_dagbag_import_timeout(self, dag_file_path: str) -> float:
        return LIMIT


class FakeTime:
    """Time that passes only while a DAG is built."""

    def __init__(self) -> None:
        self.now = 0.0
        self.build_takes = 0.07

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTime]:
    """Each build takes its time; Airflow allows one second for all."""
    from airflow.settings import get_policy_plugin_manager

    from pipelines import loader
    from pipelines.load import clock

    fake = FakeTime()
    original = loader.build_dag

    def build(pipeline: object, **options: object) -> object:
        fake.now += fake.build_takes
        return original(pipeline, **options)

    monkeypatch.setattr(loader, "build_dag", build)
    monkeypatch.setattr(clock, "time", fake)
    plugin = Limit()
    get_policy_plugin_manager().register(plugin)
    yield fake
    get_policy_plugin_manager().unregister(plugin)


@pytest.fixture
def loader_file(folder: Path) -> Path:
    (folder / "dags.py").touch()
    return folder / "dags.py"


def test_what_there_is_no_time_for_is_left_out_and_named(folder: Path, loader_file: Path, time: FakeTime) -> None:
    dags = load(folder, loader=loader_file).dags
    assert len(dags) == 12
    assert time.now < LIMIT
    time.build_takes = 0
    with pytest.raises(InvalidPipelineError) as caught:
        raise_problems(folder)
    assert caught.value.diagnostics == ()
    first = sorted(f"file_{number}.yaml" for number in range(20))[len(dags)]
    assert f"pipelines/dags.py: pipelines/{first} and the files after it were left out" in str(caught.value)
    assert "hint: `pipelines shards NUMBER`" in str(caught.value)


def test_it_is_named_no_more_once_there_is_time(folder: Path, loader_file: Path, time: FakeTime) -> None:
    load(folder, loader=loader_file)
    time.build_takes = 0
    assert len(load(folder, loader=loader_file).dags) == 20
    raise_problems(folder)


def test_trials_wait_when_time_is_short(
    folder: Path, loader_file: Path, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def try_out(dag: Any, _: object) -> None:
        tried.append(dag.dag_id)
        time.now += time.build_takes

    monkeypatch.setattr("pipelines.loader.try_out", try_out)
    time.build_takes = 0.025
    for count in (12, 20, 20):
        assert len(load(folder, loader=loader_file).dags) == 20
        assert len(set(tried)) == len(tried) == count


def test_the_report_ends_in_time_and_goes_on_the_next_time(folder: Path, time: FakeTime) -> None:
    reporter = folder / "problems.py"
    (folder / "file_0.yaml").write_text("broken: [\n")
    with pytest.raises(InvalidPipelineError, match=r"of 20 files are looked at the next time") as caught:
        raise_problems(folder, reporter=reporter)
    assert caught.value.diagnostics == ()
    with pytest.raises(InvalidPipelineError) as caught:
        raise_problems(folder, reporter=reporter)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["P003"]
    assert caught.value.notes == ()


def test_without_a_loader_file_there_is_no_hurry(folder: Path, time: FakeTime) -> None:
    assert len(load(folder).dags) == 20
