"""Places boxes in layers, so that arrows lead one way and cross seldom (K. Sugiyama's method)."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 8
GAP = 18.0
"""Between the boxes of a layer."""
_BETWEEN = 46.0
"""Between two layers."""
_LANE = 10.0
"""What an arrow takes in a layer that it passes through."""

Pair = tuple[str, str]
Lane = tuple[str, str, int]
"""An arrow in a layer between those of its ends: source, target, layer."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a box: along the arrows, and across them."""

    along: float
    across: float


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a box begins, along the arrows and across them."""

    along: float
    across: float


@dataclass(slots=True)
class Placed:
    """Boxes in their places."""

    spots: dict[str, Spot] = field(default_factory=dict)
    lanes: dict[Pair, list[Spot]] = field(default_factory=dict)
    """Arrow -> the points that it goes through between its ends."""
    size: Size = Size(0, 0)


def place(sizes: Mapping[str, Size], arrows: Sequence[Pair], weak: Collection[Pair] = ()) -> Placed:
    """Place boxes.

    :param sizes: name -> size
    :param arrows: pairs of names; circles are allowed, and one arrow of each then leads back
    :param weak: arrows that do not pull their ends into one line
    """
    ranks = _ranks(list(sizes), _without_circles(list(sizes), arrows))
    forward = [(s, t) if ranks[s] < ranks[t] else (t, s) for s, t in dict.fromkeys(arrows) if ranks[s] != ranks[t]]
    layers, links = _with_lanes(ranks, forward)
    _untangle(layers, links)
    across = _across(layers, [link for link in links if not _is_weak(link, weak)], sizes)
    return _placed(layers, across, sizes, ranks, arrows)


Item = str | Lane


def _is_weak(link: tuple[Item, Item], weak: Collection[Pair]) -> bool:
    """Tell whether a link from box to box, or into or out of a lane, pulls at nothing; along a lane it always does."""
    ends = [item for item in link if isinstance(item, tuple)]
    if len(ends) == len(link):
        return False
    source, target = (ends[0][0], ends[0][1]) if ends else link
    return (source, target) in weak or (target, source) in weak


def _without_circles(names: Sequence[str], arrows: Sequence[Pair]) -> list[Pair]:
    targets: dict[str, list[str]] = {name: [] for name in names}
    for source, target in dict.fromkeys(arrows):
        targets[source].append(target)
    kept: list[Pair] = []
    state: dict[str, int] = {}
    for root in names:
        work = [(root, iter(targets[root]))] if root not in state else []
        state.setdefault(root, 1)
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is None:
                state[name] = 2
                work.pop()
            elif state.get(following) != 1:
                # what is still open above would close a circle
                kept.append((name, following))
                if following not in state:
                    state[following] = 1
                    work.append((following, iter(targets[following])))
    return kept


def _ranks(names: Sequence[str], arrows: Sequence[Pair]) -> dict[str, int]:
    waiting = dict.fromkeys(names, 0)
    targets: dict[str, list[str]] = {name: [] for name in names}
    for source, target in arrows:
        waiting[target] += 1
        targets[source].append(target)
    ranks = dict.fromkeys(names, 0)
    ready = [name for name in names if not waiting[name]]
    for name in ready:
        for target in targets[name]:
            ranks[target] = max(ranks[target], ranks[name] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


def _with_lanes(ranks: Mapping[str, int], arrows: Sequence[Pair]) -> tuple[list[list[Item]], list[tuple[Item, Item]]]:
    layers: list[list[Item]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for name, rank in ranks.items():
        layers[rank].append(name)
    links: list[tuple[Item, Item]] = []
    for source, target in dict.fromkeys(arrows):
        previous: Item = source
        for rank in range(ranks[source] + 1, ranks[target]):
            lane = (source, target, rank)
            layers[rank].append(lane)
            links.append((previous, lane))
            previous = lane
        links.append((previous, target))
    return layers, links


def _untangle(layers: list[list[Item]], links: Sequence[tuple[Item, Item]]) -> None:
    """Order each layer by the mean place of what its boxes are joined to, to and fro, and keep the best."""
    before, after = _neighbours(links)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, after)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        neighbours = before if down else after
        for index in range(1, len(layers)) if down else range(len(layers) - 2, -1, -1):
            fixed = {item: at for at, item in enumerate(layers[index - 1 if down else index + 1])}
            layers[index] = _sorted_by_neighbours(layers[index], neighbours, fixed)
        number = _crossings(layers, after)
        if number < fewest:
            best, fewest = [list(layer) for layer in layers], number
    layers[:] = best


def _neighbours(links: Sequence[tuple[Item, Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    before: dict[Item, list[Item]] = {}
    after: dict[Item, list[Item]] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    return before, after


def _sorted_by_neighbours(
    layer: Sequence[Item], neighbours: Mapping[Item, Sequence[Item]], fixed: Mapping[Item, int]
) -> list[Item]:
    def middle(at: int) -> float:
        places = [fixed[item] for item in neighbours.get(layer[at], ())]
        return sum(places) / len(places) if places else at

    return [layer[at] for at in sorted(range(len(layer)), key=middle)]


def _crossings(layers: Sequence[Sequence[Item]], after: Mapping[Item, Sequence[Item]]) -> int:
    number = 0
    for upper, lower in pairwise(layers):
        at = {item: index for index, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(at[target] for target in after.get(item, ()))
            number += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return number


def _across(
    layers: Sequence[Sequence[Item]], links: Sequence[tuple[Item, Item]], sizes: Mapping[str, Size]
) -> dict[Item, float]:
    """Give the middle of each box, across the arrows: near to what it is joined to, and never over another."""
    before, after = _neighbours(links)
    middles: dict[Item, float] = {}
    for layer in layers:
        _spread(layer, dict.fromkeys(layer, 0.0), sizes, middles)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        neighbours = before if down else after
        for layer in layers if down else reversed(layers):
            wanted = {item: _mean([middles[n] for n in neighbours.get(item, ())], middles[item]) for item in layer}
            _spread(layer, wanted, sizes, middles)
    return middles


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _spread(
    layer: Sequence[Item], wanted: Mapping[Item, float], sizes: Mapping[str, Size], middles: dict[Item, float]
) -> None:
    """Put boxes where they are wanted; those that would touch share the way that they must give."""
    blocks: list[tuple[list[Item], float, float]] = []
    """Boxes side by side, where the block begins, how long it is."""
    for item in layer:
        extent = _extent(item, sizes)
        block = ([item], wanted[item] - extent / 2, extent)
        while blocks and blocks[-1][1] + blocks[-1][2] + GAP > block[1]:
            block = _joined(blocks.pop(), block)
        blocks.append(block)
    for items, start, _ in blocks:
        at = start
        for item in items:
            extent = _extent(item, sizes)
            middles[item] = at + extent / 2
            at += extent + GAP


def _joined(
    first: tuple[list[Item], float, float], second: tuple[list[Item], float, float]
) -> tuple[list[Item], float, float]:
    offset = first[2] + GAP
    total, count = len(first[0]) + len(second[0]), len(first[0])
    # each box would like the start that it had; the block takes the mean
    start = (first[1] * count + (second[1] - offset) * (total - count)) / total
    return [*first[0], *second[0]], start, offset + second[2]


def _extent(item: Item, sizes: Mapping[str, Size]) -> float:
    return sizes[item].across if isinstance(item, str) else _LANE


def _placed(
    layers: Sequence[Sequence[Item]],
    across: Mapping[Item, float],
    sizes: Mapping[str, Size],
    ranks: Mapping[str, int],
    arrows: Sequence[Pair],
) -> Placed:
    lowest = min((across[item] - _extent(item, sizes) / 2 for layer in layers for item in layer), default=0.0)
    highest = max((across[item] + _extent(item, sizes) / 2 for layer in layers for item in layer), default=0.0)
    placed, along = Placed(), 0.0
    ends: list[tuple[float, float]] = []
    for layer in layers:
        deep = max((sizes[item].along for item in layer if isinstance(item, str)), default=0.0)
        ends.append((along, along + deep))
        for item in layer:
            if isinstance(item, str):
                size = sizes[item]
                spot = Spot(along + (deep - size.along) / 2, across[item] - size.across / 2 - lowest)
                placed.spots[item] = spot
        along += deep + _BETWEEN
    for source, target in arrows:
        steps = range(ranks[source] + 1, ranks[target])
        # straight past the boxes of a layer, so that bends are only where no box is
        placed.lanes[source, target] = [Spot(a, across[source, target, r] - lowest) for r in steps for a in ends[r]]
    placed.size = Size(max(along - _BETWEEN, 0.0), highest - lowest)
    return placed
