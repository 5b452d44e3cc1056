"""Measures what the health checks cost an Airflow with a million task instances a day, on PostgreSQL.

Run with ``make bench-health`` (Debian: ``apt install postgresql``); about two minutes. The checks are those of
``pipelines/monitoring.yaml``, with its thresholds.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHECKS = ("check_dag_runs", "check_task_failures", "check_scheduler_health")
SETTINGS = ("operator", "doc_md")
STORM = """
UPDATE dag_run SET state = 'failed' WHERE state = 'success' AND id % 10 = 0;
UPDATE task_instance SET state = 'failed' WHERE task_id = 'task_050'
    AND (dag_id, run_id) IN (SELECT dag_id, run_id FROM dag_run WHERE state = 'failed');
UPDATE task_instance SET state = 'up_for_retry' WHERE task_id = 'task_051'
    AND (dag_id, run_id) IN (SELECT dag_id, run_id FROM dag_run WHERE state = 'failed');
"""
"""A tenth of the runs has failed: a thousand of them, with a thousand tasks, and as many that wait for another try."""


@dataclass(frozen=True)
class Cost:
    """What one check cost."""

    check: str
    verdict: str
    requests: int
    seconds: float


def make_check(name: str) -> Any:
    """Make a check of ``pipelines/monitoring.yaml``."""
    import importlib

    from operators import OPERATORS

    task = yaml.safe_load((REPOSITORY / "pipelines" / "monitoring.yaml").read_text())["monitoring"]["tasks"][name]
    module, _, cls = OPERATORS[task["operator"]].rpartition(".")
    parameters = {key: value for key, value in task.items() if key not in SETTINGS}
    return getattr(importlib.import_module(module), cls)(task_id=name, **parameters)


def run_checks(run_id: str) -> Iterator[Cost]:
    """Run each check as one task does."""
    from tests.operators.conftest import TaskInstance

    for name in CHECKS:
        context: Any = {"ti": TaskInstance("monitoring", run_id, name)}
        operator = make_check(name)
        result = operator.execute(context)
        found = json.loads((Path(result["uri"].removeprefix("file://")) / "finding.json").read_text())
        yield Cost(name, result["verdict"], found["requests"], found["seconds"])


def measure(airflow: Any, title: str, looks: int) -> list[Cost]:
    """Run the checks so often and print what they cost."""
    costs = []
    for number in range(looks):
        airflow.beat()
        costs += run_checks(f"{title}-{number}")
    for name in CHECKS:
        own = [cost for cost in costs if cost.check == name]
        seconds = [cost.seconds for cost in own]
        sys.stdout.write(
            f"{title:<12}{name:<24}{own[-1].verdict:<6}{max(c.requests for c in own):>9}"
            f"{seconds[0]:>9.2f}{statistics.median(seconds):>9.2f}{max(seconds):>9.2f}\n"
        )
    return costs


def main() -> None:
    """Print one table."""
    logging.disable(logging.CRITICAL)
    dags, runs = (int(argument) for argument in (*sys.argv[1:], 200, 50)[:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["AIRFLOW_HOME"] = str(folder / "checks")
        os.environ["AIRFLOW__PIPELINES__ARTIFACT_ROOT"] = f"file://{folder}/artifacts"
        from tests.bench.busy_airflow import run_busy_airflow

        (folder / "airflow").mkdir()
        with run_busy_airflow(folder / "airflow", dags=dags, runs=runs) as airflow:
            os.environ["AIRFLOW_CONN_AIRFLOW_API"] = airflow.connection
            ((tasks,),) = airflow.execute("SELECT count(*) FROM task_instance")
            sys.stdout.write(f"{tasks:,} task instances, {dags * runs:,} runs, {dags} DAGs in 24 hours\n\n")
            sys.stdout.write(f"{'':<12}{'check':<24}{'':<6}{'requests':>9}{'first':>9}{'median':>9}{'slowest':>9} s\n")
            costs = measure(airflow, "calm", 10)
            airflow.execute(STORM)
            costs += measure(airflow, "storm", 10)
    worst = max(costs, key=lambda cost: cost.seconds)
    sys.stdout.write(f"\nat most {max(c.requests for c in costs)} requests and {worst.seconds:.2f} s\n")


if __name__ == "__main__":
    main()
