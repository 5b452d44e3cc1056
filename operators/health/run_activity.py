"""Which DAGs are active: a page of Airflow's list, and questions by name where that page is not the whole list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from operators.health.airflow_api import AirflowApi
from operators.health.airflow_rows import Dag, Listing

_NAMED_AT_MOST = 20
"""Names of up to 250 characters have to fit into one address."""


class Activity:
    """What is known of which DAGs are active: neither paused nor gone from the files.

    :param api: logged in; it is asked for one page
    :param inactive: DAGs that an earlier look has asked for and not found active -> when (Unix time)
    """

    def __init__(self, api: AirflowApi, inactive: Mapping[str, float]) -> None:
        self._api = api
        listing = api.active_dags(pages=1)
        self._is_whole = not listing.is_cut
        self._dags = {dag.dag_id: dag for dag in listing.rows}
        self._inactive = {} if self._is_whole else {d: at for d, at in inactive.items() if d not in self._dags}

    @property
    def dags(self) -> tuple[Dag, ...]:
        """The active DAGs that are known, those whose next run is due first among them."""
        return tuple(self._dags.values())

    @property
    def inactive(self) -> Mapping[str, float]:
        """What a later look has to know."""
        return self._inactive

    def dag(self, dag_id: str) -> Dag | None:
        """Give an active DAG; None if it is not known as one."""
        return self._dags.get(dag_id)

    def is_active(self, dag_id: str) -> bool | None:
        """Tell whether a DAG is active; None if that is not known."""
        if dag_id in self._dags:
            return True
        return False if self._is_whole or dag_id in self._inactive else None

    def find_out(self, dag_ids: Iterable[str], *, requests: int) -> None:
        """Ask for DAGs by name, as far as they are not known: in the order given, and last those known as inactive.

        These come by turns, the one that was asked for longest ago at first: each may be active again one day.

        :param requests: at most so many
        """
        open_ids = [dag_id for dag_id in dict.fromkeys(dag_ids) if dag_id not in self._dags and not self._is_whole]
        names = sorted(open_ids, key=lambda dag_id: self._inactive.get(dag_id, 0.0))
        while names and requests > 0:
            asked = names[:_NAMED_AT_MOST]
            listing = self._api.active_dags(pages=1, named=asked)
            requests -= 1
            self._dags |= {dag.dag_id: dag for dag in listing.rows}
            gone = {name for name in asked if name not in self._dags and _leaves_out(listing, name)}
            self._inactive |= dict.fromkeys(gone, self._api.now.timestamp())
            names = [name for name in names if name not in self._dags and name not in gone]
        self._inactive = {d: at for d, at in self._inactive.items() if d not in self._dags}


def _leaves_out(listing: Listing[Dag], name: str) -> bool:
    """Tell whether a list that does not have a name shows that there is none; it may be cut.

    A name would stand before the longer ones that begin with it.
    """
    return not listing.is_cut or any(dag.dag_id.startswith(name) for dag in listing.rows)
