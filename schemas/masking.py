"""Hides secrets: where a finding marks one, neither the source line nor any message shows it."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.diagnostic import Finding, Place
from schemas.position import FileText

_MASK = "*"
_START = 6
"""So many characters of a secret give it away where a message is cut short."""


@dataclass(frozen=True, slots=True)
class _Secret:
    place: Place
    start: int
    end: int
    text: str
    """As written, without quotes."""

    def forms(self) -> Iterator[str]:
        """Give the ways in which a message may have it."""
        yield self.text
        yield json.dumps(self.text, ensure_ascii=False)[1:-1]


def mask(text: str, findings: Sequence[Finding], codes: Iterable[str]) -> tuple[str, list[Finding]]:
    """Hide what findings mark as secret, in the text and in the other findings.

    :param text: of the file
    :param findings: all on that file
    :param codes: of the rules that find secrets
    :returns: the text, in which each secret is as many asterisks, and the findings
    """
    wanted = frozenset(codes)
    places = {finding.place for finding in findings if finding.code in wanted}
    if not places:
        return text, list(findings)
    lines = FileText(text)
    secrets = sorted((_read(lines, place) for place in places), key=lambda secret: _start(secret.place))
    masked = list(text)
    for secret in secrets:
        masked[secret.start : secret.end] = [c if c.isspace() else _MASK for c in text[secret.start : secret.end]]
    starts = [_start(secret.place) for secret in secrets]
    return "".join(masked), [f if f.code in wanted else _cleaned(f, secrets, starts) for f in findings]


def _start(place: Place) -> tuple[int, int]:
    return place.line, place.column


def _read(lines: FileText, place: Place) -> _Secret:
    start, end = lines.offset(place.line, place.column), lines.offset(place.end_line, place.end_column)
    written = lines.text[start:end]
    if written[:1] in ("'", '"') and written[-1:] == written[:1]:
        written = _unescaped(written)
    return _Secret(place, start, end, written)


def _unescaped(written: str) -> str:
    import yaml

    try:
        return str(yaml.safe_load(written))
    except yaml.YAMLError:
        return written[1:-1]


def _cleaned(finding: Finding, secrets: Sequence[_Secret], starts: Sequence[tuple[int, int]]) -> Finding:
    """Take out of a finding the secrets that stand within its place; only those can it have quoted."""
    place, message, hint = finding.place, finding.message, finding.hint
    for secret in secrets[bisect_left(starts, _start(place)) :]:
        if _start(secret.place) >= (place.end_line, place.end_column) and secret.place != place:
            break
        for form in secret.forms():
            message, hint = _without(form, message), _without(form, hint)
    return replace(finding, message=message, hint=hint)


def _without(secret: str, message: str) -> str:
    if not secret:
        return message
    message = message.replace(secret, _MASK * 3)
    if "…" in message and len(secret) > _START:
        message = re.sub(re.escape(secret[:_START]) + "[^…]*…", f"{_MASK * 3}…", message)
    return message
