"""Looks at every pipeline of a running Airflow all the time, while a test does its worst to some of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from itertools import pairwise

from tests.running.airflow_instance import AirflowInstance

EVERY_SECONDS = 1.0


class Story:
    """What happened when, for people."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.lines: list[str] = []

    def tell(self, words: str) -> None:
        self.lines.append(f"{time.monotonic() - self._began:6.1f} s  {words}")


class Watch:
    """A thread that asks Airflow again and again how each pipeline is, and how many runs some of them have had.

    :param airflow: the running one
    :param watched: the DAG ids that are looked at; others may be left over from tests before
    :param beats: pipelines that run without end
    """

    def __init__(self, airflow: AirflowInstance, watched: Collection[str], beats: Collection[str]) -> None:
        self._api = airflow.service.api()
        self._watched = frozenset(watched)
        self._beats = beats
        self._ends: dict[str, dict[str, float]] = {dag_id: {} for dag_id in beats}
        self._harmed: dict[str, str] = {}
        self._failure: BaseException | None = None
        self.looks = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._api.close()

    @property
    def harmed(self) -> dict[str, str]:
        """What was seen of DAGs that the scheduler would not run at some moment, by DAG id, and of broken loaders."""
        if self._failure:
            raise self._failure
        return dict(self._harmed)

    def runs(self, dag_id: str) -> int:
        """Give how many runs have ended well so far."""
        return len(self._ends[dag_id])

    def longest_pause(self, dag_id: str) -> float:
        """Give the longest time between the ends of two runs, in seconds."""
        ends = sorted(self._ends[dag_id].values())
        return max((after - before for before, after in pairwise(ends)), default=float("inf"))

    def _watch(self) -> None:
        try:
            while not self._stopped.wait(EVERY_SECONDS):
                self._look()
        except BaseException as error:  # noqa: BLE001 (raised again in the test's own thread)
            self._failure = error

    def _look(self) -> None:
        for dag in self._api.dags(exclude_stale=False):
            if dag["dag_id"] in self._watched and (dag["has_import_errors"] or dag["is_stale"]):
                words = " and ".join(key for key in ("has_import_errors", "is_stale") if dag[key])
                self._harmed.setdefault(dag["dag_id"], words)
        for error in self._api.import_errors():
            if error["filename"] != "problems.py":
                self._harmed.setdefault(error["filename"], error["stack_trace"])
        for dag_id in self._beats:
            for run in self._api.runs(dag_id, state="success", limit=30, order_by="-end_date"):
                self._ends[dag_id].setdefault(run["dag_run_id"], _seconds(run["end_date"]))
        self.looks += 1


def _seconds(iso: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(iso).timestamp()
