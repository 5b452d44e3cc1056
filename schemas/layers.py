"""Lays what a pipeline says itself over what it shares with others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lay_over(own: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Give the shared values with the own ones in their place; mappings are laid over each other, key by key.

    Neither is changed, and parts of both may be parts of the result.
    """
    laid = dict(shared)
    for key, value in own.items():
        below = laid.get(key)
        laid[key] = lay_over(value, below) if isinstance(value, dict) and isinstance(below, dict) else value
    return laid
