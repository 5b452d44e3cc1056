"""Comments that silence a rule in one place: ``# pipelines: ignore=P403``, on the line or alone on the line above.

A comment must name the rules (``ignore=P403,P601``); words may follow them. One that silences nothing is a finding.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from schemas.catalogue import CATALOGUE
from schemas.diagnostic import Finding, Place
from schemas.spelling import nearest

_MARK = "pipelines:"
_COMMENT = re.compile(
    r"(?<![^ \t\r\n])#[ \t]*pipelines:[ \t]*ignore\b"
    r"(?:[ \t]*=[ \t]*(?P<codes>\w+(?:[ \t]*,[ \t]*\w+)*))?"
)
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One code in one comment."""

    code: str
    """As written; empty if the comment names none."""
    place: Place
    """Where the code, or else the comment, stands."""
    line: int
    """The line it speaks of."""


Used = tuple[str, int, str]
"""The file as places name it, the line and the code of a comment that silenced something."""


def without_ignored(findings: Iterable[Finding], texts: Mapping[str, str]) -> tuple[list[Finding], set[Used]]:
    """Leave out the findings that a comment silences.

    :param findings: of files that were read without a syntax error
    :param texts: the file as places name it -> its text
    :returns: those that are left, and the comments that had an effect
    """
    # asked for every file: most say nothing of the kind, and need not be read again
    marked = {file: text for file, text in texts.items() if _MARK in text}
    silenced = {(file, line, code) for file, text in marked.items() for line, code in _silenced_in(text)}
    kept, used = [], set[Used]()
    for finding in findings:
        at = (finding.place.file, finding.place.line, finding.code)
        if at in silenced:
            used.add(at)
        else:
            kept.append(finding)
    return kept, used


@lru_cache(maxsize=16)
def _silenced_in(text: str) -> frozenset[tuple[int, str]]:
    """Give the lines and rules that the comments of a text silence; of defaults, all pipelines that take them ask."""
    return frozenset(
        (ignore.line, ignore.code)
        for ignore in iter_ignores(text)
        if ignore.code in CATALOGUE and CATALOGUE[ignore.code].ignorable
    )


def iter_ignore_findings(text: str, used: Container[Used], *, file: str = "", is_all: bool = True) -> Iterator[Finding]:
    """Yield findings on comments that silence nothing.

    :param text: of a file that was read without a syntax error
    :param used: comments that silenced something
    :param file: as places name it
    :param is_all: whether everything that they could silence was looked for
    """
    for ignore in iter_ignores(text) if _MARK in text else ():
        for finding in _on_ignore(ignore, file, used):
            if is_all or finding.code != "P013":
                yield replace(finding, place=replace(finding.place, file=file))


def _on_ignore(ignore: Ignore, file: str, used: Container[Used]) -> Iterator[Finding]:
    rule = CATALOGUE.get(ignore.code)
    if not ignore.code:
        hint = "name it, as in # pipelines: ignore=P403; several with commas in between"
        yield Finding("P011", ignore.place, "the comment names no rule to ignore", hint)
    elif rule is None:
        meant = nearest(ignore.code.upper(), [rule.code for rule in CATALOGUE.values() if rule.ignorable])
        hint = f'did you mean "{meant}"?' if meant else "`pipelines explain` lists the rules"
        yield Finding("P011", ignore.place, f'there is no rule "{ignore.code}"', hint)
    elif not rule.ignorable:
        message = f"{rule.code} cannot be ignored; the comment has no effect"
        yield Finding("P012", ignore.place, message, "put right what it reports, and remove the comment")
    elif (file, ignore.line, ignore.code) not in used:
        message = f"there is no {rule.code} in line {ignore.line} to ignore"
        yield Finding("P013", ignore.place, message, "remove the comment, or move it to the line it is meant for")


def iter_ignores(text: str) -> Iterator[Ignore]:
    """Yield every ignore of a text, in its order; the same words in a string or a block of text are none.

    :param text: valid YAML
    """
    matches = list(_COMMENT.finditer(text))
    if not matches:
        return
    spans = list(_iter_string_spans(text))
    starts = [start for start, _ in spans]
    lines = _Lines(text)
    for match in matches:
        before = bisect_right(starts, match.start()) - 1
        if before < 0 or spans[before][1] <= match.start():
            yield from _ignores_of(match, lines)


def _ignores_of(match: re.Match[str], lines: _Lines) -> Iterator[Ignore]:
    line = lines.spoken_of(match.start())
    if match["codes"] is None:
        yield Ignore("", lines.place(match.start(), match.end()), line)
        return
    for code in re.finditer(r"\w+", match["codes"]):
        start = match.start("codes") + code.start()
        yield Ignore(code[0], lines.place(start, start + len(code[0])), line)


def _iter_string_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where scalars stand, from offset to offset; of a block of text only what follows its first line."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for token in yaml.scan(text, Loader=loader):
            if isinstance(token, yaml.ScalarToken):
                start = token.start_mark.index
                if token.style in ("|", ">"):
                    line_end = _LINE_END.search(text, start)
                    start = line_end.end() if line_end else len(text)
                yield start, token.end_mark.index
    except yaml.YAMLError:
        return


class _Lines:
    """The lines of a text, to turn offsets into places."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        ends = [*self._starts[1:], len(text)]
        alone = [text[start:end].lstrip().startswith("#") for start, end in zip(self._starts, ends, strict=True)]
        # a comment that stands alone speaks of what follows, others in between left out
        self._spoken_of = list(range(1, len(alone) + 1))
        for index in reversed(range(len(alone) - 1)):
            if alone[index]:
                self._spoken_of[index] = self._spoken_of[index + 1]

    def place(self, start: int, end: int) -> Place:
        line = bisect_right(self._starts, start)
        first = self._starts[line - 1]
        return Place(line, start - first + 1, line, end - first + 1)

    def spoken_of(self, offset: int) -> int:
        """Give the line a comment speaks of: its own, or if it stands alone the next that is no comment."""
        return self._spoken_of[bisect_right(self._starts, offset) - 1]
