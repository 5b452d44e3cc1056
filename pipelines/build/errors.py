"""What a build can fail with, and whose fault that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schemas.diagnostic import Place


class BuildError(Exception):
    """A checked pipeline that Airflow or dag-factory refuses all the same; the message is theirs."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place
        """Where the task, or else the pipeline, stands in its file."""


@contextmanager
def blaming(place: Place, what: str = "") -> Iterator[None]:
    """Turn whatever fails inside into a :class:`BuildError`, unless it is one already.

    :param place: where what is being made stands in its file
    :param what: names it in the message, e.g. ``task "load"``; nothing for the pipeline itself
    """
    try:
        yield
    except BuildError:
        raise
    except Exception as error:  # whatever fails here is this one pipeline's problem, and must not be the others'
        where = f"{what}: " if what else ""
        raise BuildError(f"{where}{type(error).__name__}: {error}", place) from error
