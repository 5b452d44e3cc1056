"""Airflow cluster policies (entry point ``airflow.policy``): YAML in the Code tab, and what is done before forks."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING

from airflow.policies import hookimpl

from pipelines import PIPELINE_FILE

if TYPE_CHECKING:
    from airflow.sdk import DAG

# Importing these in each task costs seconds; a process that forks its tasks imports them once, and they inherit.
# Only imports: a parent that has run OpenMP code leaves its children hanging.
_PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "matplotlib.figure",
    "matplotlib.backends.backend_svg",
    "httpx",
)


@hookimpl
def dag_policy(dag: DAG) -> None:
    """Let the Code tab show the YAML: only ``fileloc`` is changed, by which Airflow finds the source text.

    ``relative_fileloc``, by which it finds the file to parse, stays that of the loader.
    """
    path = getattr(dag, PIPELINE_FILE, None)
    if path is not None:
        dag.fileloc = str(path)


def forks_tasks(argv: list[str]) -> bool:
    """Tell whether this command line is a process that forks task processes."""
    return argv[1:2] == ["scheduler"] or argv[1:3] == ["celery", "worker"]


def forks_parses(argv: list[str]) -> bool:
    """Tell whether this command line is a process that forks others which parse DAG files."""
    return argv[1:2] == ["dag-processor"]


def prepare_parses() -> None:
    """Do once what every parse of a DAG file would do: import this project's part, and look for garbage.

    Python looks through all that the parent has imported whenever a file makes many objects, and each process then gets
    its own copy of what it looked at; what is frozen is left alone. In the parent nothing changes.
    """
    for name in ("pipelines.loader", "schemas.checker"):
        importlib.import_module(name)
    os.register_at_fork(before=gc.freeze, after_in_parent=gc.unfreeze)


def preload() -> None:
    """Import the libraries of the operators, once, before any task is forked."""
    from operators.trusted_types import import_skops

    for name in _PRELOADED:
        importlib.import_module(name)
    import_skops()


# Threads of OpenMP that wait do so asleep: spinning, as they do otherwise, costs many times a fit's own time where
# several tasks share the cores. Libraries read it when they are loaded, so it stands before the imports.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if forks_tasks(sys.argv):
    preload()
if forks_parses(sys.argv):
    prepare_parses()
