"""Guesses which name was meant by one that does not exist."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator
from functools import lru_cache

_MANY = 300
"""With more names than this, only those that differ in one letter or one swap are looked for: difflib is too slow."""
_LONG = 120
"""No name is longer, so a text that is has no neighbour."""
_LISTED = 60
_LETTERS = string.ascii_letters + string.digits + "_-."


def did_you_mean(found: str, allowed: Collection[str]) -> str:
    """Give the hint for a name that does not exist: the nearest one, or those that are allowed if none is near.

    :param found: what the YAML says
    :param allowed: what it could say
    """
    near = nearest(found, allowed)
    if near:
        return f'did you mean "{near}"?'
    if not allowed:
        return ""
    names = sorted(allowed) if len(allowed) <= _LISTED else [*sorted(allowed)[:_LISTED], f"… ({len(allowed)} in all)"]
    return f"allowed: {', '.join(names)}"


def nearest(found: str, allowed: Collection[str]) -> str:
    """Give the name that was probably meant, or nothing.

    :param found: what was written
    :param allowed: what it could be
    """
    return _nearest(found, tuple(allowed)) if 0 < len(found) <= _LONG else ""


@lru_cache(maxsize=256)
def _nearest(found: str, allowed: tuple[str, ...]) -> str:
    if len(allowed) <= _MANY:
        import difflib

        return next(iter(difflib.get_close_matches(found, allowed, n=1, cutoff=0.6)), "")
    names = frozenset(allowed)
    return next((name for name in _one_edit_away(found) if name in names), "")


def _one_edit_away(word: str) -> Iterator[str]:
    """Yield what one missing, swapped, superfluous or wrong letter makes of a word (P. Norvig's spell corrector)."""
    splits = [(word[:index], word[index:]) for index in range(len(word) + 1)]
    yield from (left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1)
    yield from (left + right[1:] for left, right in splits if right)
    yield from (left + letter + right for left, right in splits for letter in _LETTERS)
    yield from (left + letter + right[1:] for left, right in splits if right for letter in _LETTERS)
