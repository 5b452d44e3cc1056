"""What a build can fail with, and whose fault that is."""

from __future__ import annotations

from types import TracebackType

from schemas.diagnostic import Place


class BuildError(Exception):
    """A checked pipeline that Airflow or dag-factory refuses all the same; the message is theirs."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place
        """Where the task, or else the pipeline, stands in its file."""


class blaming:  # noqa: N801 (read as a verb: `with blaming(place):`)
    """Turns whatever fails inside into a :class:`BuildError`, unless it is one already.

    Entered dozens of times for a pipeline, which a generator would make take longer than some of what is inside.
    """

    __slots__ = ("_kind", "_name", "_place")

    def __init__(self, place: Place, kind: str = "", name: str = "") -> None:
        """Say whose fault it would be.

        :param place: where what is being made stands in its file
        :param kind: what it is, e.g. ``task``; nothing for the pipeline itself
        :param name: how it is called
        """
        self._place = place
        self._kind = kind
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        # whatever fails here is this one pipeline's problem, and must not be the others'
        if isinstance(error, Exception) and not isinstance(error, BuildError):
            where = f'{self._kind} "{self._name}": ' if self._kind else ""
            raise BuildError(f"{where}{type(error).__name__}: {error}", self._place) from error
