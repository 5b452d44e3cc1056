"""Watches a run from inside its process: what begins and ends, what is left behind, and why something failed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.trial.masked import hide

_SHOWN_FRAMES = 6
_LONGEST = 2000
_PACKAGES = "site-packages"


class Watcher:
    """A listener of Airflow, which tells each of its events on."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._errors: dict[tuple[str, int], str] = {}

    def listen(self) -> None:
        """Ask Airflow to be told."""
        from airflow.sdk.listener import get_listener_manager

        manager: Any = get_listener_manager()
        manager.add_listener(_listener(self))

    def began(self, task: Any) -> None:
        """Tell that a task runs."""
        self._tell("running", task=task.task_id, map_index=task.map_index)

    def ended(self, task: Any, state: str, error: BaseException | str | None = None) -> None:
        """Tell how a task ended."""
        if error is not None:
            self._errors[task.task_id, task.map_index] = _short(error)
        seconds = (datetime.now(UTC) - task.start_date).total_seconds()
        self._tell("ended", task=task.task_id, map_index=task.map_index, state=state, seconds=seconds)

    def finish(self, run: Any) -> None:
        """Tell how the run ended, with all its tasks.

        :param run: the finished run, as Airflow's database has it
        """
        xcoms = dict(_iter_xcoms(run))
        tasks = []
        for task in sorted(run.get_task_instances(), key=lambda task: (str(task.start_date or "9"), task.map_index)):
            key = (task.task_id, task.map_index)
            ran = task.start_date is not None and task.end_date is not None
            tasks.append(
                {
                    "task_id": task.task_id,
                    "map_index": task.map_index,
                    "state": str(task.state or "not run"),
                    "seconds": (task.end_date - task.start_date).total_seconds() if ran else None,
                    "reference": xcoms.get((*key, "return_value")),
                    "verdict": xcoms.get((*key, "verdict")),
                    "error": self._errors.get(key, ""),
                }
            )
        self._tell("done", run_id=run.run_id, state=str(run.state), tasks=tasks)


def _listener(watcher: Watcher) -> Any:
    from airflow.listeners import hookimpl

    class Listener:
        """What Airflow calls; the names and parameters are its own."""

        @hookimpl
        def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
            watcher.began(task_instance)

        @hookimpl
        def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
            watcher.ended(task_instance, "success")

        @hookimpl
        def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
            watcher.ended(task_instance, "skipped")

        @hookimpl
        def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
            watcher.ended(task_instance, "failed", error)

    return Listener()


def _iter_xcoms(run: Any) -> Iterator[tuple[tuple[str, int, str], Any]]:
    """Yield the references and verdicts that tasks left behind; other results may be anything, and are not shown."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        rows: Iterable[Any] = session.scalars(XComModel.get_many(run_id=run.run_id, dag_ids=run.dag_id))
        for row in rows:
            value = XComModel.deserialize_value(row)
            if row.key in ("return_value", "verdict") and isinstance(value, dict):
                yield (row.task_id, row.map_index, row.key), value


def _short(error: BaseException | str) -> str:
    """Say why a task failed: the message, and where in the code of the task, without secrets and Airflow's own part.

    A task that fails on purpose, for a verdict or a mistake of the user, says all there is to say in its message.
    """
    from airflow.sdk.exceptions import AirflowFailException

    if isinstance(error, str | AirflowFailException):
        text = str(error)
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_of_airflow(frame.filename)]
        lines = [f"{_near(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames[-_SHOWN_FRAMES:]]
        text = "\n".join([*lines, "".join(traceback.format_exception_only(error)).strip()])
    # hidden before it is cut, so that no part of a secret is left
    shown = hide(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _is_of_airflow(file: str) -> bool:
    parts = Path(file).parts
    return "airflow" in parts and "providers" not in parts


def _near(file: str) -> str:
    """Name a file as a reader knows it: from the current folder on, or from where packages are installed."""
    path = Path(file)
    if _PACKAGES in path.parts:
        return str(Path(*path.parts[path.parts.index(_PACKAGES) + 1 :]))
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
