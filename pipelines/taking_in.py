"""Does with a DAG what Airflow does when it takes it in: what failed there would stop the DAGs of all files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG

_COLUMNS = {"description": None, "dag_display_name": 2000, "owner": 2000}
"""What goes into a column of the database as it is, and how long it may be there."""


class RefusedError(Exception):
    """A DAG that Airflow would not take in; the message is its reason."""


def take_in(dag: DAG) -> None:
    """Take a DAG in, as Airflow's DAG processor does, but not into its database.

    :param dag: one that is thrown away afterwards: cluster policies change what they are given
    :raises RefusedError: if Airflow would refuse it
    """
    from airflow.exceptions import AirflowClusterPolicySkipDag

    try:
        _bag(dag)
        _serialize(dag)
    except AirflowClusterPolicySkipDag:
        # it is left out, which is no error
        return
    except Exception as error:  # whatever fails here would otherwise be an error of the loader's file
        raise RefusedError(f"{type(error).__name__}: {error}") from error


def _bag(dag: DAG) -> None:
    from airflow.dag_processing.dagbag import DagBag, _validate_executor_fields

    _validate_executor_fields(dag)
    DagBag(collect_dags=False).bag_dag(dag)


def _serialize(dag: Any) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    DagSerialization.to_dict(dag)
    for name, longest in _COLUMNS.items():
        value = getattr(dag, name) or ""
        if "\0" in value:
            raise ValueError(f"{name} has the character NUL, which PostgreSQL does not take")
        if longest is not None and len(value) > longest:
            raise ValueError(f"{name} has {len(value)} characters; the database takes {longest}")
