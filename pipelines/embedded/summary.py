"""Collects what came out of the runs: verdicts, rows, models and reports, from XCom and the artefact store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.embedded.api import AirflowApi, ApiError
from pipelines.embedded.runs import RunEnd, TaskEnd
from pipelines.embedded.service import Service
from pipelines.embedded.settings import ADMIN

_LOG_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """What one task left behind."""

    end: TaskEnd
    reference: Mapping[str, Any] = field(default_factory=dict)
    """What it returned: the reference of its artefact."""
    verdict: Mapping[str, Any] = field(default_factory=dict)
    """The counts of its verdicts, if it judged anything."""
    judgement: Mapping[str, Any] = field(default_factory=dict)
    """Its ``verdicts.json``."""
    log_tail: str = ""
    """The end of its log, if it failed for another reason than its verdict."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The plain numbers and names that it found worth telling."""
        facts: Mapping[str, Any] = self.judgement.get("facts", {})
        return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run with all its tasks."""

    end: RunEnd
    tasks: tuple[TaskSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything that is shown at the end of ``make run``."""

    runs: tuple[RunSummary, ...]
    url: str
    username: str
    password: str


def collect_summary(service: Service, ends: Sequence[RunEnd]) -> Summary:
    """Ask Airflow and the artefact store for what the runs left behind.

    :param service: the Airflow that ran them
    :param ends: how they ended
    """
    api = service.api()
    try:
        runs = tuple(
            RunSummary(end=end, tasks=tuple(_collect_task(api, end, task) for task in end.tasks)) for end in ends
        )
    finally:
        api.close()
    url = f"http://localhost:{service.settings.port}"
    return Summary(runs=runs, url=url, username=ADMIN, password=service.secrets.admin_password)


def _collect_task(api: AirflowApi, run: RunEnd, task: TaskEnd) -> TaskSummary:
    def xcom(key: str) -> Mapping[str, Any]:
        value = api.xcom(run.dag_id, run.run_id, task.task_id, key)
        return value if isinstance(value, Mapping) else {}

    verdict = xcom("verdict")
    return TaskSummary(
        end=task,
        reference=xcom("return_value"),
        verdict=verdict,
        judgement=read_judgement(verdict),
        # Why a verdict stopped the run is in the verdict itself.
        log_tail=_log_tail(api, run, task) if task.state == "failed" and verdict.get("verdict") != "fail" else "",
    )


def read_judgement(verdict: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the verdicts of a task, which lie where its result says; nothing if it judged nothing."""
    uri = verdict.get("verdicts")
    if uri is None:
        return {}
    try:
        text = _read_text(uri)
    except OSError as error:
        return {"verdicts": [], "facts": {"not readable": f"{uri}: {error}"}}
    content: Mapping[str, Any] = json.loads(text)
    return content


def _read_text(uri: str) -> str:
    if uri.startswith("file://"):
        return Path(file_path(uri)).read_text()
    from airflow.sdk import ObjectStoragePath

    return str(ObjectStoragePath(uri).read_text())


def file_path(uri: str) -> str:
    """Give the path of a ``file://`` URI, and any other URI as it is."""
    return uri.removeprefix("file://")


def _log_tail(api: AirflowApi, run: RunEnd, task: TaskEnd) -> str:
    try:
        lines = api.log(run.dag_id, run.run_id, task.task_id, task.tries).splitlines()
    except ApiError as error:
        return str(error)
    return "\n".join([line for line in lines if line.strip() and not line.startswith("::")][-_LOG_LINES:])
