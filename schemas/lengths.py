"""Lengths of time as the YAML has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def in_units(length: timedelta) -> str:
    """Write a length of time, to the second, e.g. ``1d1h``."""
    return "".join(_iter_parts(round(length.total_seconds()))) or "0s"


def _iter_parts(seconds: int) -> Iterator[str]:
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            yield f"{number}{unit}"
