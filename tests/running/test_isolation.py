"""A broken file on a running Airflow: shown with its place, and nobody else's problem."""

from __future__ import annotations

from tests.running.airflow_instance import AirflowInstance

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
HEALTHY = f"""healthy:
  schedule: '@continuous'
  start_date: "2026-01-01"
  max_active_runs: 1
  tasks:
    a: {{operator: {EMPTY}}}
"""
BROKEN = """broken:
  schedul: '@daily'
  tasks:
    a: {operator: TrainModl}
"""


def latest_success(airflow: AirflowInstance, dag_id: str) -> str | None:
    runs = airflow.api.runs(dag_id, state="success", limit=1)
    return runs[0]["dag_run_id"] if runs else None


def test_a_broken_file_is_shown_with_its_place_while_the_others_go_on_and_leaves_when_it_is_mended(
    airflow: AirflowInstance,
) -> None:
    airflow.write("healthy.yaml", HEALTHY)
    airflow.wait_for_dag("healthy")
    airflow.unpause("healthy")
    airflow.wait_until(lambda: latest_success(airflow, "healthy"), what="a first run of healthy")

    airflow.write("broken.yaml", BROKEN)
    errors = airflow.wait_until(airflow.import_errors, what="the import error")
    assert list(errors) == ["problems.py"]
    assert 'pipelines/broken.yaml:2:3: P101 unknown key "schedul" in pipeline "broken"' in errors["problems.py"]
    assert 'pipelines/broken.yaml:4:19: P104 operator "TrainModl" does not exist' in errors["problems.py"]

    # dags.py is read again with the broken file beside it, and healthy is still scheduled
    airflow.wait_for_dag("healthy")
    before = latest_success(airflow, "healthy")
    airflow.wait_until(lambda: latest_success(airflow, "healthy") != before, what="another run of healthy")
    dag = airflow.api.dag("healthy")
    assert dag is not None
    assert dag["has_import_errors"] is False

    airflow.write("broken.yaml", BROKEN.replace("schedul:", "schedule:").replace("TrainModl", EMPTY))
    airflow.wait_for_dag("broken")
    airflow.wait_until(lambda: not airflow.import_errors(), what="the end of the import error")

    airflow.pause("healthy")
    airflow.remove("healthy.yaml")
    airflow.remove("broken.yaml")


def task_ids(airflow: AirflowInstance, dag_id: str) -> list[str]:
    return [task["task_id"] for task in airflow.api.call("GET", f"/dags/{dag_id}/tasks")["tasks"]]


def test_an_edited_file_and_a_new_one_show_up_without_a_restart_with_the_yaml_in_the_code_tab(
    airflow: AirflowInstance,
) -> None:
    text = f"added:  # a comment that stays\n  tasks:\n    a: {{operator: {EMPTY}}}\n"
    airflow.write("added.yaml", text)
    airflow.wait_for_dag("added")
    assert airflow.source("added") == text

    edited = text + f"    b: {{operator: {EMPTY}, dependencies: [a], retries: 4}}\n"
    airflow.write("added.yaml", edited)
    airflow.wait_until(lambda: "b" in task_ids(airflow, "added"), what="task b")
    airflow.wait_until(lambda: airflow.source("added") == edited, what="the new text in the Code tab")
    airflow.remove("added.yaml")
