"""A DAG that Airflow would refuse after its file was imported: it is left out, for the others' sake."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from airflow.policies import hookimpl

import pipelines
from pipelines.load import trial
from pipelines.loader import InvalidPipelineError, load, raise_problems
from tests.pipelines.load.conftest import text_of

pytestmark = pytest.mark.airflow
Opened = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def policy() -> Iterator[Callable[[object], None]]:
    """Registers cluster policies for a test."""
    from airflow.settings import get_policy_plugin_manager

    manager = get_policy_plugin_manager()
    registered: list[object] = []

    def register(plugin: object) -> None:
        manager.register(plugin)
        registered.append(plugin)

    yield register
    for plugin in registered:
        manager.unregister(plugin)


def problems(folder: Path) -> str:
    with pytest.raises(InvalidPipelineError) as caught:
        raise_problems(folder)
    return str(caught.value)


def dag_bag(folder: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(Path(pipelines.__file__).parent / name, folder / name)
    return DagBag(str(folder), bundle_path=folder, bundle_name="test")


class NoEcho:
    """Refuses a task, as a cluster policy may."""

    @hookimpl
    def task_policy(self, task: Any) -> None:
        from airflow.exceptions import AirflowClusterPolicyViolation

        if task.bash_command == "forbidden":
            raise AirflowClusterPolicyViolation("it is forbidden")


def test_a_dag_that_a_policy_refuses_stops_no_other(folder: Path, policy: Callable[[object], None]) -> None:
    (folder / "file_3.yaml").write_text(text_of("dag_3", "forbidden"))
    policy(NoEcho())
    bag = dag_bag(folder)
    assert len(bag.dags) == 19
    assert list(bag.import_errors) == ["problems.py"]
    assert "pipelines/file_3.yaml:1:1: P900" in bag.import_errors["problems.py"]
    assert "AirflowClusterPolicyViolation: it is forbidden" in bag.import_errors["problems.py"]


class Skips:
    @hookimpl
    def dag_policy(self, dag: Any) -> None:
        from airflow.exceptions import AirflowClusterPolicySkipDag

        if dag.dag_id == "dag_3":
            raise AirflowClusterPolicySkipDag


def test_a_dag_that_a_policy_skips_is_no_problem(folder: Path, policy: Callable[[object], None]) -> None:
    policy(Skips())
    bag = dag_bag(folder)
    assert len(bag.dags) == 19
    assert bag.import_errors == {}


class AddsTags:
    @hookimpl
    def dag_policy(self, dag: Any) -> None:
        dag.description = (dag.description or "") + "!"


def test_a_policy_that_changes_dags_changes_each_once(folder: Path, policy: Callable[[object], None]) -> None:
    policy(AddsTags())
    assert {dag.description for dag in dag_bag(folder).dags.values()} == {"!"}


def test_a_dag_that_cannot_be_stored_stops_no_other(folder: Path) -> None:
    number = "0x" + "f" * 4000
    (folder / "file_3.yaml").write_text(text_of("dag_3") + f"  params: {{n: {number}}}\n")
    bag = dag_bag(folder)
    assert set(bag.import_errors) == {"problems.py"}
    assert "dag_3" not in bag.dags
    assert len(bag.dags) == 19


def test_an_executor_that_airflow_does_not_have_stops_no_other(folder: Path) -> None:
    text = text_of("dag_3").replace("bash_command", "executor: NoSuchExecutor, bash_command")
    (folder / "file_3.yaml").write_text(text)
    bag = dag_bag(folder)
    assert set(bag.import_errors) == {"problems.py"}
    assert "UnknownExecutorException" in bag.import_errors["problems.py"]
    assert len(bag.dags) == 19


def test_what_was_tried_out_is_not_tried_out_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(folder)
    monkeypatch.setattr("pipelines.loader.try_out", lambda *_: pytest.fail("again"))
    assert len(load(folder).dags) == 20
    monkeypatch.setattr("pipelines.loader.build_dag", lambda *_: pytest.fail("built for its problems"))
    raise_problems(folder)


def test_what_failed_is_tried_out_each_time_so_that_it_is_seen_when_it_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider is installed, a directory of templates appears: no file here has changed."""
    broken = {"dag_3"}
    original = trial.try_out

    def try_out(dag: Any, pipeline: Any) -> None:
        if dag.dag_id in broken:
            raise trial.BuildError("not today", pipeline.place)
        original(dag, pipeline)

    monkeypatch.setattr("pipelines.loader.try_out", try_out)
    assert len(load(folder).dags) == 19
    assert "not today" in problems(folder)
    broken.clear()
    assert "not today" in problems(folder)
    assert len(load(folder).dags) == 20
    raise_problems(folder)


def test_a_build_that_begins_to_fail_is_reported_without_a_change_of_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.build import BuildError, build_dag

    load(folder)

    def build(pipeline: Any, **options: Any) -> Any:
        if pipeline.dag_id == "dag_3":
            raise BuildError("the directory is gone", pipeline.place)
        return build_dag(pipeline, **options)

    monkeypatch.setattr("pipelines.loader.build_dag", build)
    assert len(load(folder).dags) == 19
    text = problems(folder)
    assert 'pipelines/file_3.yaml:1:1: P900 pipeline "dag_3" cannot be built: the directory is gone' in text
    assert "  1 | dag_3:\n" in text, "with the line of the file, though it was not read again"
