"""Loading a folder: one broken file costs nobody else anything, and is shown with its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pipelines
from pipelines.loader import InvalidPipelineError, load, raise_problems

SENSOR = "airflow.providers.standard.sensors.external_task.ExternalTaskSensor"
BASH = "airflow.providers.standard.operators.bash.BashOperator"
GOOD = f"{{name}}:\n  tasks:\n    a: {{{{operator: {BASH}, bash_command: echo}}}}\n"
BROKEN = {
    "syntax": "broken: [\n",
    "unknown key": "broken:\n  schedul: '@daily'\n  tasks: {}\n",
    "bad cron": GOOD.format(name="broken") + "  schedule: 61 25 * * *\n",
    "cycle": f"broken:\n  tasks:\n    a: {{operator: {BASH}, bash_command: x, dependencies: [b]}}\n"
    f"    b: {{operator: {BASH}, bash_command: x, dependencies: [a]}}\n",
    "does not build": f"broken:\n  tasks:\n    a: {{operator: {SENSOR}, external_dag_id: x, allowed_states: [failed], "
    "failed_states: [failed]}\n",
    "duplicate id": GOOD.format(name="good_0"),
    "empty": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    for number in range(3):
        (folder / f"good_{number}.yaml").write_text(GOOD.format(name=f"good_{number}"))
    return folder


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_costs_nobody_else_anything(folder: Path, text: str) -> None:
    (folder / "other.yaml").write_text(text)
    loaded = load(folder)
    assert sorted(loaded.dags) == ["good_0", "good_1", "good_2"]
    assert {diagnostic.path for diagnostic in loaded.diagnostics} == {"pipelines/other.yaml"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_the_problems_are_one_error_with_file_line_and_column(folder: Path, text: str) -> None:
    (folder / "other.yaml").write_text(text)
    with pytest.raises(InvalidPipelineError, match=r"\npipelines/other.yaml:\d+:\d+: P\d{3} "):
        raise_problems(folder)


def test_no_problem_raises_nothing(folder: Path) -> None:
    raise_problems(folder)


def dag_bag(folder: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    package = Path(pipelines.__file__).parent
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(package / name, folder / name)
    return DagBag(str(folder), bundle_path=folder, bundle_name="test")


def test_airflow_finds_the_dags_in_one_file_and_the_problems_in_another(folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN["unknown key"])
    bag = dag_bag(folder)
    assert sorted(bag.dags) == ["good_0", "good_1", "good_2"]
    assert list(bag.import_errors) == ["problems.py"]
    assert 'pipelines/broken.yaml:2:3: P101 unknown key "schedul"' in bag.import_errors["problems.py"]


def test_the_code_tab_gets_the_text_of_the_yaml_and_the_worker_the_loader(folder: Path) -> None:
    dag = dag_bag(folder).dags["good_1"]
    (folder / "good_1.yaml").unlink()
    assert Path(dag.fileloc).read_text() == GOOD.format(name="good_1")
    assert dag.relative_fileloc == "dags.py"


def test_a_worker_finds_templates_beside_the_yaml(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "good_2")
    assert dag_bag(folder).dags["good_2"].folder == str(folder)


EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
REFUSED = {
    "an executor that is not there": (
        f"bad:\n  tasks:\n    a: {{operator: {EMPTY}, executor: Fast}}\n",
        "bad.yaml:1:1: P900 pipeline \"bad\" cannot be built: UnknownExecutorException: Task 'a' specifies executor",
    ),
    "a name that the database does not take": (
        f"bad:\n  dag_display_name: {'x' * 2001}\n  tasks:\n    a: {{operator: {EMPTY}}}\n",
        "ValueError: dag_display_name has 2001 characters; the database takes 2000",
    ),
    "a character that PostgreSQL does not take": (
        f'bad:\n  description: "a\\0b"\n  tasks:\n    a: {{operator: {EMPTY}}}\n',
        "ValueError: description has the character NUL, which PostgreSQL does not take",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_airflow_would_refuse_costs_nobody_else_anything(folder: Path, text: str, message: str) -> None:
    (folder / "bad.yaml").write_text(text)
    bag = dag_bag(folder)
    assert sorted(bag.dags) == ["good_0", "good_1", "good_2"]
    assert list(bag.import_errors) == ["problems.py"]
    assert message in bag.import_errors["problems.py"]


@pytest.fixture
def policy() -> Iterator[None]:
    """A company's cluster policy: no DAG is called good_1."""
    from airflow import settings
    from airflow.exceptions import AirflowClusterPolicyViolation
    from airflow.policies import hookimpl

    class Policy:
        @staticmethod
        @hookimpl
        def dag_policy(dag: Any) -> None:
            dag.tags.add(f"{len(dag.tags)} tags before")
            if dag.dag_id == "good_1":
                raise AirflowClusterPolicyViolation("choose a better name")

    manager = settings.get_policy_plugin_manager()
    manager.register(Policy)
    yield
    manager.unregister(Policy)


@pytest.mark.usefixtures("policy")
def test_a_cluster_policy_refuses_one_pipeline_and_sees_each_other_once(folder: Path) -> None:
    bag = dag_bag(folder)
    assert {dag_id: dag.tags for dag_id, dag in bag.dags.items()} == {
        "good_0": {"0 tags before"},
        "good_2": {"0 tags before"},
    }
    assert list(bag.import_errors) == ["problems.py"]
    assert "AirflowClusterPolicyViolation: choose a better name" in bag.import_errors["problems.py"]


@pytest.mark.parametrize("dag_id", ["__file__", "load", "wanted", "__builtins__"])
def test_a_pipeline_may_have_a_name_that_means_something_to_the_loader(folder: Path, dag_id: str) -> None:
    (folder / "odd.yaml").write_text(GOOD.format(name=dag_id))
    bag = dag_bag(folder)
    assert (sorted(bag.dags), bag.import_errors) == (sorted(["good_0", "good_1", "good_2", dag_id]), {})


def test_a_worker_builds_only_the_dag_whose_task_it_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "good_2")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "a")
    (folder / "broken.yaml").write_text(BROKEN["syntax"])
    bag = dag_bag(folder)
    assert (list(bag.dags), bag.import_errors) == (["good_2"], {})


def test_an_environment_that_does_not_exist_is_an_import_error_and_no_dag_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINES_ENVIRONMENT", "prod")
    bag = dag_bag(folder)
    assert bag.dags == {}
    assert list(bag.import_errors) == ["problems.py"]
    assert (
        'pipelines/environments/prod.yaml:1:1: P802 there is no environment "prod"' in bag.import_errors["problems.py"]
    )
