"""The embedded Airflow itself: a pipeline dropped into its folder appears, runs, and can be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.running.airflow_instance import AirflowInstance

HELLO = """\
hello:
  description: one task
  schedule: "@daily"
  start_date: "2026-01-01"
  catchup: false
  max_active_runs: 1
  default_args: {owner: tests}
  tasks:
    greet:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: echo hello from {{ dag_run.conf.get('who', 'nobody') }}
"""


def test_a_new_file_becomes_a_dag_that_runs(airflow: AirflowInstance) -> None:
    airflow.write("hello.yaml", HELLO)

    run = airflow.run("hello", conf={"who": "the test"})

    assert run.state == "success"
    assert run.tasks == {"greet": "success"}
    assert airflow.xcom(run, "greet") == "hello from the test"
    assert "hello from the test" in airflow.log(run, "greet")
    assert airflow.source("hello") == HELLO


def test_the_run_takes_the_place_of_the_scheduled_one(airflow: AirflowInstance) -> None:
    airflow.write("hello_twice.yaml", HELLO.replace("hello:", "hello_twice:", 1))

    airflow.run("hello_twice")
    airflow.run("hello_twice")

    assert [run["run_type"] for run in airflow.api.runs("hello_twice")] == ["manual", "manual"]


def test_all_components_are_healthy(airflow: AirflowInstance) -> None:
    health = airflow.api.health()

    assert health is not None
    assert {name: part["status"] for name, part in health.items()} == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }
