"""The time that Airflow gives a DAG file: one second more, and it takes no DAG of the file at all."""

from __future__ import annotations

import time
from pathlib import Path

_PART = 0.8
"""The rest is for what comes before and after."""


class Clock:
    """Runs from the moment it is made."""

    def __init__(self, limit: float) -> None:
        """Start it.

        :param limit: seconds until Airflow stops the import; none if not positive
        """
        self.limit = limit
        self._start = time.monotonic()

    @property
    def is_up(self) -> bool:
        """Whether no more should be begun."""
        return self.limit > 0 and time.monotonic() - self._start > _PART * self.limit


def clock_of(loader: Path | None) -> Clock:
    """Give the clock of a file that Airflow imports.

    :param loader: the file; without one, time does not matter
    """
    if loader is None:
        return Clock(0)
    from airflow.settings import get_dagbag_import_timeout

    return Clock(get_dagbag_import_timeout(str(loader)))
