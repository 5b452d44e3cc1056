"""Says one mistake once, though an alias, a template or defaults repeat it, or it breaks two rules."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from schemas.diagnostic import Finding, Place

_FORBIDDEN = ("P401", "P402")
_SHAPE_OF_FORBIDDEN = ("P101", "P103")
_SECRETS = ("P720", "P721")
_OWNER = re.compile(r'\b(?:task group|task|pipeline) "[^"]*"|\bthe (?:defaults|template)\b')
_QUOTED = re.compile(r'"[^"]*"')

Mistake = tuple[str, Place, str]
"""What is the same for one mistake, whoever has it."""


def mistake_of(finding: Finding) -> Mistake:
    """Give what a finding has in common with those on the same mistake, in other pipelines as well."""
    if finding.code in _SECRETS:
        return finding.code, finding.place, ""
    message = _OWNER.sub("", finding.message)
    # the text of a template with a parameter in it is another one in each instance
    is_filled = finding.place.file and finding.place.note
    return finding.code, finding.place, _QUOTED.sub("", message) if is_filled else message


def told_once(findings: Iterable[Finding], known: Container[Mistake] = ()) -> list[Finding]:
    """Leave out what is said already, and what is said of the shape of something that is forbidden anyway.

    :param findings: of one file
    :param known: mistakes that are told of elsewhere
    """
    first: dict[Mistake, Finding] = {}
    # jsonschema's order is that of sets; which of several is told must not change from run to run
    for finding in sorted(findings, key=lambda finding: finding.message):
        mistake = mistake_of(finding)
        if mistake not in known:
            first.setdefault(mistake, finding)
    forbidden = _starts(finding for finding in first.values() if finding.code in _FORBIDDEN)
    return [f for f in first.values() if not (f.code in _SHAPE_OF_FORBIDDEN and _holds_one(f.place, forbidden))]


def _starts(findings: Iterable[Finding]) -> Mapping[str, Sequence[tuple[int, int]]]:
    starts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for finding in findings:
        starts[finding.place.file].append((finding.place.line, finding.place.column))
    return {file: sorted(positions) for file, positions in starts.items()}


def _holds_one(place: Place, starts: Mapping[str, Sequence[tuple[int, int]]]) -> bool:
    positions = starts.get(place.file, ())
    following = bisect_left(positions, (place.line, place.column))
    return following < len(positions) and positions[following] < (place.end_line, place.end_column)
