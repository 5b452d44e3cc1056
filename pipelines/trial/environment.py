"""The surroundings of a run at the terminal: an Airflow home for this run alone, so that the user's is untouched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_SETTING = re.compile(r"AIRFLOW__([A-Z0-9_]+?)__([A-Z0-9_]+?)(?:_CMD|_SECRET)?")
_OWN = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    # what the process of a task would ask the API server for goes to one inside the process
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    "AIRFLOW__LOGGING__REMOTE_LOGGING": "False",
    "AIRFLOW__METRICS__STATSD_ON": "False",
    "DO_NOT_TRACK": "1",
    "PYTHONUNBUFFERED": "1",
}
_DATABASE = ("DATABASE",)
"""Sections of which nothing of the user's is passed on: this run has a database of its own."""
LOADER = "trial_dag.py"
"""The one file of the DAG folder."""
_LOADER_TEXT = """\
# Airflow looks for its DAGs in files that say airflow and dag.
from pipelines.trial.child import TRIAL

dag = TRIAL.dag
"""


def prepare_home(home: Path) -> None:
    """Write what Airflow finds in its home.

    :param home: an empty folder
    """
    (home / "dags").mkdir()
    (home / "dags" / LOADER).write_text(_LOADER_TEXT, encoding="utf-8")


def environment(home: Path, artifacts: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of the process that runs a pipeline; connections and variables are passed on.

    :param home: Airflow's home for this run
    :param artifacts: where tasks leave what they make
    :param inherited: that of the command
    """
    own = {
        **_OWN,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__PIPELINES__ARTIFACT_ROOT": artifacts.as_uri(),
    }
    return {name: value for name, value in inherited.items() if not _is_replaced(name, own)} | own


def _is_replaced(name: str, own: Mapping[str, str]) -> bool:
    if name == "AIRFLOW_CONFIG":
        return True
    match = _SETTING.fullmatch(name)
    return match is not None and (match[1] in _DATABASE or f"AIRFLOW__{match[1]}__{match[2]}" in own)
