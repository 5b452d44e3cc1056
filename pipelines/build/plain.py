"""Copies plain data: what is built gets values of its own, for Airflow changes some of them."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def copied(value: T) -> T:
    """Copy texts, numbers, lists and mappings; several times as fast as ``copy.deepcopy``, which takes any object."""
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [copied(part) for part in value]  # type: ignore[return-value]
    return value
