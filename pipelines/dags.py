"""The DAGs of this folder's YAML files, for Airflow; never fails for a broken file (see problems.py).

A worker asks for the one DAG whose task it runs; only that one is built then.
"""

from __future__ import annotations

from pathlib import Path

# Airflow imports the airflow modules that it finds named here once, before it forks a process to parse this file.
import airflow.providers.standard.operators.python  # noqa: F401
from airflow.sdk import get_parsing_context

from pipelines.loader import load

globals().update(load(Path(__file__).parent, dag_id=get_parsing_context().dag_id).dags)
