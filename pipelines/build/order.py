"""The order in which tasks and groups can be made: those whose results or place others need come first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def in_order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Give names so that each comes after those it needs, and else in the order they stand in.

    :param needs: name -> the names that it needs; without cycles
    """
    made: dict[str, None] = {}
    for root in needs:
        work: list[tuple[str, Iterator[str]]] = [(root, iter(needs[root]))]
        while work:
            name, rest = work[-1]
            following = next((other for other in rest if other not in made), None)
            if following is None:
                made[name] = None
                work.pop()
            else:
                work.append((following, iter(needs[following])))
    return list(made)
