"""The DAGs of this folder's YAML files, for Airflow; never fails for a broken file (see problems.py).

A worker asks for the one DAG whose task it runs; only that one is built then. Where this file has copies beside it
(dags_2.py, dags_3.py …), each builds its share of the pipelines: `pipelines shards`.
"""

from __future__ import annotations

from pathlib import Path

# Airflow imports the airflow modules that it finds named here once, before it forks a process to parse this file.
# These are what dag-factory imports, and what takes long.
import airflow.providers.common.sql.sensors.sql
import airflow.providers.http.operators.http
import airflow.providers.http.sensors.http
import airflow.providers.standard.operators.python
import airflow.providers.standard.sensors.python  # noqa: F401
from airflow.sdk import get_parsing_context

from pipelines.loader import load
from pipelines.presentation import open_presentation

_FILE = Path(__file__)
_WANTED = get_parsing_context().dag_id
_LOADED = load(_FILE.parent, dag_id=_WANTED, loader=_FILE, presentation=None if _WANTED else open_presentation())

# Airflow looks for DAGs in the values; a DAG may be called __file__, which is taken.
globals().update({f"dag {dag_id}": dag for dag_id, dag in _LOADED.dags.items()})
