"""Hints at the nearest name, as often as that does not take too long: to look for it among many names does."""

from __future__ import annotations

from collections.abc import Collection

from schemas.spelling import did_you_mean, nearest

_MOST = 20
"""So many hints of one kind in one pipeline are enough."""


class Hints:
    """Gives hints until there were enough of them."""

    def __init__(self) -> None:
        self._left = _MOST

    def nearest(self, name: str, known: Collection[str]) -> str:
        """Give the nearest name as a hint; nothing if none is near, or there were enough hints.

        :param name: what the YAML says
        :param known: what there is
        """
        near = nearest(name, known) if self.take() else ""
        return f'did you mean "{near}"?' if near else ""

    def nearest_or_all(self, name: str, known: Collection[str], *, but: str = "") -> str:
        """Give the nearest name as a hint, else those there are; nothing if there were enough hints.

        :param name: what the YAML says
        :param known: what there is
        :param but: a name that is not meant for sure
        """
        return did_you_mean(name, [other for other in known if other != but]) if self.take() else ""

    @property
    def has_left(self) -> bool:
        """Whether one more may be given."""
        return self._left > 0

    def take(self) -> bool:
        """Tell whether one more may be given, and count it."""
        self._left -= 1
        return self._left >= 0
