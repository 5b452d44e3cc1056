"""Building: each YAML form gives the DAG that the same words would give in Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.build import BuildError, build_dag
from schemas.catalogue import Severity
from schemas.checker import check_file

CASES = Path(__file__).parent.parent / "cases" / "ok"


def dags_of(path: Path) -> dict[str, Any]:
    return {pipeline.dag_id: build_dag(pipeline) for pipeline in check_file(path).pipelines}


def dag_from(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    checked = check_file(path)
    assert all(diagnostic.severity is Severity.WARNING for diagnostic in checked.diagnostics)
    return build_dag(checked.pipelines[0])


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_checks_clean_builds_and_serialises(path: Path) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dags_of(path).values():
        assert DagSerialization.to_dict(dag)["dag"]["dag_id"] == dag.dag_id


@pytest.mark.parametrize("name", ["ml_pipeline", "monitoring", "census_income"])
def test_the_shipped_pipelines_build(repository: Path, name: str) -> None:
    dag = dags_of(repository / "pipelines" / f"{name}.yaml")[name]
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert all(task.owner != "airflow" and task.execution_timeout for task in dag.tasks)


def test_ml_pipeline_is_the_chain_of_eight_with_the_notification_as_teardown(repository: Path) -> None:
    dag = dags_of(repository / "pipelines" / "ml_pipeline.yaml")["ml_pipeline"]
    chain = [task.task_id for task in dag.topological_sort()]
    assert chain == [
        "download_data",
        "validate_data",
        "preprocess_data",
        "feature_engineering",
        "train_model",
        "evaluate_model",
        "deploy_model",
        "send_notification",
    ]
    assert [task.task_id for task in dag.tasks if task.is_teardown] == ["send_notification"]


def test_monitoring_checks_in_parallel_and_then_reports(repository: Path) -> None:
    dag = dags_of(repository / "pipelines" / "monitoring.yaml")["monitoring"]
    checks = {"check_dag_runs", "check_task_failures", "check_scheduler_health"}
    assert {task.task_id for task in dag.roots} == checks
    assert dag.get_task("generate_health_report").upstream_task_ids == checks
    assert [task.task_id for task in dag.leaves] == ["monitoring_complete"]


def test_a_reference_becomes_the_result_of_the_task(repository: Path) -> None:
    from airflow.sdk import XComArg

    dag = dags_of(repository / "pipelines" / "ml_pipeline.yaml")["ml_pipeline"]
    value = dag.get_task("evaluate_model").model
    assert isinstance(value, XComArg)
    assert (
        str(value) == "{{ task_instance.xcom_pull(task_ids='train_model', dag_id='ml_pipeline', key='return_value') }}"
    )


def test_all_dag_arguments_arrive_those_that_dag_factory_drops_included() -> None:
    dag = dags_of(CASES / "dag-arguments.yaml")["orders"]
    assert dag.fail_fast is True
    assert dag.max_consecutive_failed_dag_runs == 5
    assert dag.owner_links == {"data-team": "https://example.org/team"}
    assert dag.tags == {"a", "b"}
    assert dag.dagrun_timeout == timedelta(hours=2)
    assert dag.start_date == datetime(2026, 1, 31, 1, tzinfo=UTC)
    assert dag.end_date == datetime(2029, 12, 31, 23, tzinfo=UTC)
    assert dag.get_task("a").start_date == datetime(2026, 2, 28, 23, tzinfo=UTC)


def test_how_old_a_success_may_be_is_not_for_airflow(tmp_path: Path) -> None:
    text = "orders:\n  freshness: 26h\n  tasks: {load: {operator: DownloadData, source: sample://iris}}\n"
    (tmp_path / "orders.yaml").write_text(text)
    dag = dags_of(tmp_path / "orders.yaml")["orders"]
    assert not hasattr(dag, "freshness")


def test_defaults_reach_every_task_and_the_nearest_wins() -> None:
    dags = dags_of(CASES / "defaults-and-merge.yaml")
    assert dags["first"].get_task("a").retries == 2
    assert dags["second"].get_task("a").retries == 5
    assert dags["second"].get_task("a").retry_delay == timedelta(seconds=90)
    assert dags["first"].get_task("b").execution_timeout == timedelta(minutes=90)
    assert dags["first"].tags == {"shared"}


def test_groups_nest_and_pass_on_their_defaults() -> None:
    dag = dags_of(CASES / "nested-groups.yaml")["orders"]
    inner = dag.get_task("outer.inner.a")
    assert inner.retries == 4
    assert inner.retry_delay == timedelta(minutes=2)
    assert inner.upstream_task_ids == {"start"}
    assert dag.get_task("b").upstream_task_ids == {"outer.inner.a"}


def test_setup_and_teardown_are_marked() -> None:
    dag = dags_of(CASES / "setup-and-teardown.yaml")["cluster"]
    assert dag.get_task("create").is_setup
    assert dag.get_task("delete").is_teardown


def test_a_failure_to_build_names_the_task_and_its_place(tmp_path: Path) -> None:
    text = """\
orders:
  tasks:
    good: {operator: airflow.providers.standard.operators.empty.EmptyOperator}
    bad:
      operator: airflow.providers.http.operators.http.HttpOperator
      headers: {Content-Type: application/json}
      data: "{"
"""
    with pytest.raises(BuildError, match='task "bad": ValueError: Invalid JSON provided') as caught:
        dag_from(tmp_path, text)
    assert (caught.value.place.line, caught.value.place.column) == (4, 5)


def test_an_operator_that_is_not_installed_is_a_failure_to_build(tmp_path: Path) -> None:
    text = "orders:\n  tasks:\n    a: {operator: airflow.providers.nowhere.operators.thing.ThingOperator}\n"
    with pytest.raises(BuildError, match=r"airflow\.providers\.nowhere"):
        dag_from(tmp_path, text)


def test_environment_variables_are_not_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    text = """\
orders:
  doc_md: ${SECRET}
  tasks:
    a: {operator: airflow.providers.standard.operators.bash.BashOperator, bash_command: "echo $SECRET"}
"""
    dag = dag_from(tmp_path, text)
    assert dag.get_task("a").bash_command == "echo $SECRET"
    assert dag.doc_md == "${SECRET}"


def test_docs_that_end_like_the_name_of_a_file_open_none(tmp_path: Path) -> None:
    """Airflow would: any file that the DAG processor may read, shown to whoever sees the DAG."""
    secret = tmp_path / "secret.md"
    secret.write_text("for nobody")
    dag = dag_from(
        tmp_path,
        f"a:\n  doc_md: {secret}\n  task_groups: {{g: {{doc_md: {secret}}}}}\n"
        "  tasks:\n    one: {operator: airflow.providers.standard.operators.empty.EmptyOperator, task_group_name: g}\n",
    )
    assert dag.doc_md.strip() == str(secret)
    assert dag.task_group_dict["g"].doc_md.strip() == str(secret)
