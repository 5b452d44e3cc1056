"""Hides secrets: where a finding marks one, neither the source line nor any message shows it."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from schemas.diagnostic import Finding, Place
from schemas.position import FileText

_MASK = "*"
_HIDDEN = "***"
_START = 6
"""So many characters make a secret known again anywhere; a shorter one is looked for at its own place only."""
_CUT = "…"
"""Where a message leaves out the end of what it quotes."""

_NOT_PLAIN = ("'", '"', "&", "!", "|", ">", "")
"""What a text that is not written as it reads begins with."""


def mask(
    texts: Mapping[str, str], findings: Sequence[Finding], codes: Iterable[str]
) -> tuple[Mapping[str, str], list[Finding]]:
    """Hide what findings mark as secret, in the texts and in the other findings.

    :param texts: the file as places name it -> what it says
    :param findings: all on these files
    :param codes: of the rules that find secrets
    :returns: the texts, in which each secret is as many asterisks, and the findings
    """
    wanted = frozenset(codes)
    places = {finding.place for finding in findings if finding.code in wanted}
    if not places:
        return texts, list(findings)
    secrets: dict[Place, tuple[str, ...]] = {}
    masked = dict(texts)
    for file in {place.file for place in places}:
        masked[file] = _masked(texts[file], [place for place in places if place.file == file], secrets)
    index = _index(form for forms in secrets.values() for form in forms)
    cleaned = [f if f.code in wanted else _without_secrets(f, secrets.get(f.place, ()), index) for f in findings]
    return masked, cleaned


def _masked(text: str, places: Iterable[Place], secrets: dict[Place, tuple[str, ...]]) -> str:
    lines, masked = FileText(text), list(text)
    for place in places:
        start, end = _span(lines, place)
        secrets[place] = tuple(_forms(text[start:end]))
        masked[start:end] = [char if char.isspace() else _MASK for char in text[start:end]]
    return "".join(masked)


def read_secrets(texts: Mapping[str, str], findings: Iterable[Finding], codes: Iterable[str]) -> tuple[str, ...]:
    """Give what findings mark as secret and is long enough to be known again elsewhere; the longest first.

    :param texts: the file as places name it -> what it says
    :param findings: on these files
    :param codes: of the rules that find secrets
    """
    wanted = frozenset(codes)
    places = {finding.place for finding in findings if finding.code in wanted}
    if not places:
        return ()
    lines = {file: FileText(texts[file]) for file in {place.file for place in places}}
    written = (texts[at.file][slice(*_span(lines[at.file], at))] for at in places)
    forms = {form for text in written for form in _forms(text) if len(form) >= _START}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _span(lines: FileText, place: Place) -> tuple[int, int]:
    return lines.offset(place.line, place.column), lines.offset(place.end_line, place.end_column)


def _forms(written: str) -> Iterator[str]:
    """Yield the ways in which a message may have a secret: as written, as read, and as JSON of that."""
    read = {_read_scalar(written)}
    if "''" in written:
        # of a place inside of single quotes these are not part, and what is doubled in them is read once
        read.add(written.replace("''", "'"))
    yield from {written, *read, *(json.dumps(text, ensure_ascii=False)[1:-1] for text in read)} - {""}


def _read_scalar(written: str) -> str:
    if written[:1] not in _NOT_PLAIN and "\n" not in written:
        return written
    import yaml

    try:
        read = yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506 (it knows texts, lists and mappings only)
    except (yaml.YAMLError, RecursionError):
        return written
    return read if isinstance(read, str) else written


def _index(secrets: Iterable[str]) -> Mapping[str, _Group]:
    groups: dict[str, list[str]] = defaultdict(list)
    for secret in sorted(set(secrets)):
        if len(secret) >= _START:
            groups[secret[:_START]].append(secret)
    return {start: _Group(group) for start, group in groups.items()}


class _Group:
    """Secrets that start alike."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._sorted = secrets
        self._set = frozenset(secrets)
        self._lengths = sorted({len(secret) for secret in secrets}, reverse=True)

    def length_at(self, message: str, at: int) -> int:
        """Give how many characters of a message, from one on, are one of the secrets, or what is left of it; or 0."""
        for length in self._lengths:
            if message[at : at + length] in self._set:
                return length
        cut = message.find(_CUT, at)
        following = bisect_left(self._sorted, message[at:cut]) if cut > at else len(self._sorted)
        is_cut = following < len(self._sorted) and self._sorted[following].startswith(message[at:cut])
        return cut - at if is_cut else 0


def _without_secrets(finding: Finding, own: Iterable[str], index: Mapping[str, _Group]) -> Finding:
    message, hint = (_hide(text, index) for text in (finding.message, finding.hint))
    for secret in own:
        message, hint = message.replace(secret, _HIDDEN), hint.replace(secret, _HIDDEN)
    return replace(finding, message=message, hint=hint)


def _hide(message: str, index: Mapping[str, _Group]) -> str:
    parts, done, at = [], 0, 0
    while at <= len(message) - _START:
        group = index.get(message[at : at + _START])
        length = group.length_at(message, at) if group is not None else 0
        if length:
            parts += [message[done:at], _HIDDEN]
            at = done = at + length
        else:
            at += 1
    return "".join([*parts, message[done:]])
