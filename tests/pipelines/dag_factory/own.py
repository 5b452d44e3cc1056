"""What files of dag-factory here name that is not part of the project."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator


def quarter_of_today() -> str:
    return "the first"


def first_of(values: list[str]) -> str:
    return values[0]


class LoadOperator(EmptyOperator):
    """Does nothing."""
