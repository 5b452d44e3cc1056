"""What the UI shows of a pipeline besides its runs: the YAML of each version, links to its lines, docs; no secret."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

from tests.running.airflow_instance import PARSE_SECONDS, AirflowInstance

BASH = "airflow.providers.standard.operators.bash.BashOperator"
VERSIONED = f"""\
versioned:
  schedule: null
  tasks:
    say: {{operator: {BASH}, bash_command: echo before}}
"""


def versions(airflow: AirflowInstance, dag_id: str) -> dict[int, str]:
    """Give version number -> what the Code tab shows of it."""
    found = airflow.api.call("GET", f"/dags/{dag_id}/dagVersions", params={"limit": 100})["dag_versions"]
    numbers = sorted(version["version_number"] for version in found)
    return {number: text_of(airflow, dag_id, number) for number in numbers}


def text_of(airflow: AirflowInstance, dag_id: str, number: int) -> str:
    text: str = airflow.api.call("GET", f"/dagSources/{dag_id}", params={"version_number": number})["content"]
    return text


def run_on_version(airflow: AirflowInstance, dag_id: str) -> int:
    """Run a pipeline, and give the version that the run is of."""
    run = airflow.run(dag_id)
    assert run.state == "success"
    [version] = airflow.api.run(dag_id, run.run_id)["dag_versions"]
    return int(version["version_number"])


def test_each_run_keeps_the_yaml_that_it_was_made_of(airflow: AirflowInstance) -> None:
    """However soon the file is edited again, and whatever of it was edited."""
    airflow.write("versioned.yaml", VERSIONED)
    assert run_on_version(airflow, "versioned") == 1

    # at once after the first version, and twice within a second
    airflow.write("versioned.yaml", VERSIONED.replace("before", "never built"))
    airflow.write("versioned.yaml", VERSIONED.replace("before", "after"))
    airflow.wait_until(lambda: 2 in versions(airflow, "versioned"), what="version 2")
    assert versions(airflow, "versioned") == {1: VERSIONED, 2: VERSIONED.replace("before", "after")}
    assert run_on_version(airflow, "versioned") == 2

    # a comment, above the pipeline, changes nothing that runs: no version, and the newest one shows it
    commented = "# what it says\n\n" + VERSIONED.replace("before", "after")
    airflow.write("versioned.yaml", commented)
    airflow.wait_until(lambda: versions(airflow, "versioned").get(2) == commented, what="the comment")
    assert versions(airflow, "versioned") == {1: VERSIONED, 2: commented}
    airflow.remove("versioned.yaml")


LINKED = f"""\
# a comment
linked:
  schedule: null
  task_groups:
    later: {{}}
  tasks:
    good: {{operator: {BASH}, bash_command: echo good}}
    bad: {{operator: {BASH}, bash_command: exit 1}}
    last: {{operator: {BASH}, bash_command: echo last, dependencies: [good, bad], task_group_name: later}}
    each: {{operator: {BASH}, bash_command: echo each, trigger_rule: all_done, dependencies: [last]}}
"""


def links(airflow: AirflowInstance, dag_id: str, run_id: str, task_id: str) -> dict[str, str | None]:
    path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/links"
    found: dict[str, str | None] = airflow.api.call("GET", path)["extra_links"]
    return found


def test_each_task_instance_links_to_its_line_whatever_became_of_it(airflow: AirflowInstance) -> None:
    airflow.write("linked.yaml", LINKED)
    run = airflow.run("linked")
    assert run.tasks == {"good": "success", "bad": "failed", "later.last": "upstream_failed", "each": "success"}

    lines = {"good": 7, "bad": 8, "later.last": 9, "each": 10}
    address = "https://git.example.org/ml/pipelines/linked.yaml#L"
    for task_id, line in lines.items():
        assert links(airflow, "linked", run.run_id, task_id) == {"YAML": f"{address}{line}"}

    # the lines are those of the newest text, which the repository has, too
    airflow.write("linked.yaml", "# another comment\n" + LINKED)
    airflow.wait_until(lambda: links(airflow, "linked", run.run_id, "bad") == {"YAML": f"{address}9"}, what="the edit")
    assert list(versions(airflow, "linked")) == [1]
    airflow.remove("linked.yaml")


def test_docs_have_the_thresholds_and_make_no_version_by_being_written_again(airflow: AirflowInstance) -> None:
    airflow.wait_for_dag("ml_pipeline")
    docs = airflow.api.call("GET", "/dags/ml_pipeline/details")["doc_md"]
    assert docs.startswith(
        "**Train, judge and deploy a breast-cancer classifier**\n\nTrains a classifier on scikit-learn"
    )
    assert "\n- Runs every day at 00:00 UTC (`@daily`)\n- Owner: ml-team\n" in docs
    address = "https://git.example.org/ml/pipelines/ml_pipeline.yaml"
    assert f"\n- Declared in [pipelines/ml_pipeline.yaml]({address})\n" in docs
    assert "\n| evaluate_model | gates.recall | min 0.9, warn 0.92 |\n" in docs
    before = (airflow.api.dag("ml_pipeline") or {})["last_parsed_time"]
    airflow.wait_until(lambda: (airflow.api.dag("ml_pipeline") or {})["last_parsed_time"] > before, what="a parse")
    found = airflow.api.call("GET", "/dags/ml_pipeline/dagVersions")["dag_versions"]
    assert len(found) == 1


SECRET = "correct-horse-battery-42"
LEAKY = f"""\
leaky:
  description: the token is {SECRET}
  schedule: null
  tasks:
    first:
      operator: {BASH}
      doc_md: say {SECRET}
      bash_command: 'test "$API_TOKEN" = "{SECRET}" && echo {SECRET} ${{USER}} {{{{ dag.dag_id }}}}; echo done'
      append_env: true
      env:
        API_TOKEN: {SECRET}  # pipelines: ignore=P721 it is a test
        PASSWORD: "{SECRET}"
"""


def everything_shown(airflow: AirflowInstance, dag_id: str, run_id: str) -> dict[str, str]:
    """Ask for everything that the pages of a DAG, a run and a task instance ask for."""
    run = f"/dags/{dag_id}/dagRuns/{quote(run_id)}"
    instance = f"{run}/taskInstances/first"
    paths = [
        f"/dags/{dag_id}", f"/dags/{dag_id}/details", f"/dags/{dag_id}/tasks", f"/dagSources/{dag_id}",
        f"/dags/{dag_id}/dagVersions", run, instance, f"{instance}/links", f"{instance}/xcomEntries",
        f"{instance}/xcomEntries/return_value", f"{instance}/logs/1", f"{instance}/tries", "/importErrors",
        "/eventLogs", "/dagWarnings",
    ]  # fmt: skip
    return {path: json.dumps(ask(airflow, path)) for path in paths}


def ask(airflow: AirflowInstance, path: str) -> Any:
    return airflow.api.call("GET", path, headers={"Accept": "application/json"})


def test_nothing_that_airflow_shows_has_the_secret_and_all_else_is_shown_as_it_is_written(
    airflow: AirflowInstance,
) -> None:
    airflow.write("leaky.yaml", LEAKY)
    run = airflow.run("leaky")
    assert run.state == "success"

    shown = everything_shown(airflow, "leaky", run.run_id)
    assert [path for path, text in shown.items() if SECRET in text] == []
    hidden = "*" * len(SECRET)
    assert airflow.source("leaky") == LEAKY.replace(SECRET, hidden)
    details = airflow.api.call("GET", "/dags/leaky/details")
    assert details["description"] == "the token is ***"
    assert details["doc_md"].startswith("**the token is \\*\\*\\***\n\n- Runs only when it is triggered\n")
    [task] = airflow.api.tasks("leaky", run.run_id)
    assert task["rendered_fields"]["env"] == {"API_TOKEN": "***", "PASSWORD": "***"}
    assert task["rendered_fields"]["bash_command"] == ('test "$API_TOKEN" = "***" && echo *** ${USER} leaky; echo done')
    assert airflow.xcom(run, "first") == "done"
    assert "Running command: ['/usr/bin/bash', '-c', 'test \"$API_TOKEN\" = \"***\"" in airflow.log(run, "first")
    airflow.remove("leaky.yaml")
    time.sleep(PARSE_SECONDS)
