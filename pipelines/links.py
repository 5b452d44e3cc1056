"""Airflow plugin (entry point ``airflow.plugins``): each task instance links to its task's line in the repository.

The link is made when a page of the UI asks for it, from the text that the Code tab shows. Were the lines in the DAG
itself, a comment above a task would make a new version of the DAG; were they left by each run as XCom, a task that did
not come to its end would have no link.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

from pipelines.code_tab import path_in_repository
from pipelines.source_url import SourceUrl, configured_source_url
from schemas.source import parse_source

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class TaskSourceLink(BaseOperatorLink):
    """The link from a task instance to its task's line, as the latest text of its pipeline has it."""

    name = "YAML"

    def __init__(self, url: SourceUrl) -> None:
        self._url = url

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        """Give the address; empty for a task that comes from no YAML file, which the UI shows as no link."""
        found = _latest_text(ti_key.dag_id)
        if found is None:
            return ""
        path, text = found
        return self._url.of(path, find_line(text, ti_key.dag_id, operator.label))


@lru_cache(maxsize=32)
def find_line(text: str, dag_id: str, task: str) -> int:
    """Find the line of a task; that of its pipeline if the task comes from elsewhere, such as a template.

    :param text: of the YAML file
    :param dag_id: of the pipeline
    :param task: as the YAML names it, without the names of its groups
    """
    source = parse_source(Path(), text)
    pipelines = source.data if isinstance(source.data, dict) else {}
    for key in _iter_keys(pipelines.get(dag_id), task):
        return source.tree.key((dag_id, "tasks", key)).line
    return source.tree.key((dag_id,)).line


def _iter_keys(pipeline: Any, task: str) -> Iterator[str | int]:
    tasks = pipeline.get("tasks") if isinstance(pipeline, dict) else None
    if isinstance(tasks, dict):
        yield from (key for key in tasks if key == task)
    elif isinstance(tasks, list):
        yield from (i for i, entry in enumerate(tasks) if isinstance(entry, dict) and entry.get("task_id") == task)


def _latest_text(dag_id: str) -> tuple[str, str] | None:
    from airflow.models.dag import DagModel
    from airflow.models.dagcode import DagCode
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        fileloc = session.scalar(select(DagModel.fileloc).where(DagModel.dag_id == dag_id))
        path = path_in_repository(fileloc or "")
        code = DagCode.get_latest_dagcode(dag_id, session=session) if path else None
        return (path, code.source_code) if path and code else None


def _links() -> list[BaseOperatorLink]:
    url = configured_source_url()
    return [] if url is None else [TaskSourceLink(url)]


class PipelinesPlugin(AirflowPlugin):
    """What this project adds to Airflow's UI."""

    name = "pipelines"
    global_operator_extra_links = _links()
