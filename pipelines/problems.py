"""The problems of this folder's YAML files, as one import error of this file; it has no dags of its own.

Airflow stops every DAG of a file that has an import error, so the DAGs live in another file (dags.py).
"""

from __future__ import annotations

from pathlib import Path

from airflow.sdk import get_parsing_context

from pipelines.loader import raise_problems

_FILE = Path(__file__)

if get_parsing_context().dag_id is None:
    raise_problems(_FILE.parent, reporter=_FILE)
