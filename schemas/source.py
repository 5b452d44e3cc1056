"""Reads a YAML file once: plain data, a parallel tree of places, and findings; nothing in it is imported or called."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from schemas.diagnostic import START, Finding, Place
from schemas.lines import position_in, split_lines
from schemas.tree import Tree, between

__all__ = ["Source", "Tree", "parse_source", "read_source"]

MAX_DEPTH = 60
"""Mappings and lists may be nested so deep; no pipeline comes near it."""
MAX_ALIASED = 20_000
"""Values that aliases may repeat in one file, all counted; beyond it the file is an alias bomb."""
MAX_FINDINGS = 1000
"""Keys that are wrong in themselves; who has so many is told of these, and the rest is not read."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge")}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
# Timestamps stay text, as JSON Schema has no other word for them; every other plain scalar means what PyYAML says.
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read."""

    path: Path
    text: str
    data: Any
    """Plain data; None if the file could not be read."""
    tree: Tree
    findings: tuple[Finding, ...]


def read_source(path: Path, *, file: str = "") -> Source:
    """Read a file; whatever is wrong with it is a finding, never an exception.

    :param path: the YAML file
    :param file: what places in it name, if it is read for the sake of another one
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        return _unread(path, "", file, Finding("P001", START, f"the file cannot be read: {reason.lower()}"))
    return decode_source(path, raw, file=file)


def decode_source(path: Path, raw: bytes, *, file: str = "") -> Source:
    """Decode and parse the content of a file as :func:`read_source` does."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = position_in(before, len(before))
        place = Place(line, column, line, column + 1)
        finding = Finding("P002", place, f"byte 0x{raw[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return _unread(path, raw.decode("utf-8", errors="replace"), file, finding)
    return parse_source(path, text, file=file)


def parse_source(path: Path, text: str, *, file: str = "") -> Source:
    """Parse a text as :func:`read_source` does."""
    reader = _Reader(file)
    try:
        data, tree = reader.read(yaml.parse(text, Loader=_LOADER))
    except _Stop as stop:
        return _unread(path, text, file, *reader.findings, stop.finding)
    except yaml.MarkedYAMLError as error:
        return _unread(path, text, file, *reader.findings, _syntax_finding(error, text))
    except yaml.YAMLError as error:
        return _unread(path, text, file, *reader.findings, _reader_finding(error, text))
    return Source(path, text, data, tree, _named(reader.findings, file))


def _unread(path: Path, text: str, file: str, *findings: Finding) -> Source:
    return Source(path, text, None, Tree(file=file), _named(findings, file))


def _named(findings: Iterable[Finding], file: str) -> tuple[Finding, ...]:
    """Let findings name their file, where it is read for the sake of another one."""
    if not file:
        return tuple(findings)
    return tuple(replace(finding, place=replace(finding.place, file=file)) for finding in findings)


def _syntax_finding(error: yaml.MarkedYAMLError, text: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2) if mark else START
    lines = split_lines(text)
    if place.line > len(lines):
        place = Place(max(len(lines), 1), len(lines[-1]) + 1 if lines else 1, max(len(lines), 1), 0)
    message = f"not valid YAML: {error.problem or 'unexpected end'}"
    if error.context:
        message += f" {error.context}"
        if error.context_mark and error.context_mark.line + 1 != place.line:
            message += f" that starts in line {error.context_mark.line + 1}"
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    hint = "indent with spaces; YAML does not allow tabs there" if "\t" in line[: place.column] else ""
    return Finding("P003", place, message, hint)


def _reader_finding(error: yaml.YAMLError, text: str) -> Finding:
    position = getattr(error, "position", 0) or 0
    before = text[:position]
    line, column = position_in(before, len(before))
    place = Place(line, column, line, 0)
    return Finding("P003", place, "not valid YAML: the text has a control character", "remove the character")


class _Stop(Exception):  # noqa: N818 (control flow inside this module, not an error of its own)
    def __init__(self, finding: Finding) -> None:
        self.finding = finding


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being read."""

    value: dict[str, Any] | list[Any]
    tree: Tree
    anchor: str | None
    key: str | None = None
    key_event: Any = None
    merges: list[tuple[Any, Tree]] = field(default_factory=list)
    size: int = 1


_MERGE = "<<"
_SHOWN = 40


class _Reader:
    """Builds data and places from parser events, with a stack of its own, so that depth is bounded by choice."""

    def __init__(self, file: str = "") -> None:
        self.findings: list[Finding] = []
        self._file = file
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, Tree, int] | None] = {}
        self._aliased = 0
        self._root: tuple[Any, Tree] = (None, Tree())
        self._documents = 0

    def read(self, events: Iterator[Any]) -> tuple[Any, Tree]:
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        return self._root

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            finding = Finding(
                "P009", _place(event), "a second YAML document starts here", "write one document per file"
            )
            raise _Stop(finding)

    def _start_mapping(self, event: Any) -> None:
        self._open(event, {})

    def _start_list(self, event: Any) -> None:
        self._open(event, [])

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        self._check_tag(event)
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            message = "a key is a mapping or a list; keys are plain names"
            raise _Stop(Finding("P007", _place(event), message))
        if len(self._stack) >= MAX_DEPTH:
            raise _Stop(Finding("P008", _place(event), f"nested more than {MAX_DEPTH} levels deep"))
        if event.anchor:
            self._anchors[event.anchor] = None
        tree = Tree(event.start_mark, event.end_mark, self._file)
        tree.children = {}
        tree._keys = {}
        self._stack.append(_Frame(value, tree, event.anchor))

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        frame.tree._end = event.end_mark
        for value, tree in frame.merges:
            _merge(frame, value, tree)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.tree, frame.size)
        self._add(frame.value, frame.tree, frame.size)

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._read_key(frame, event)
            return
        tree = Tree(event.start_mark, event.end_mark, self._file)
        value = self._construct(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, tree, 1)
        self._add(value, tree, 1)

    def _read_key(self, frame: _Frame, event: Any) -> None:
        value = self._construct(event)
        if not isinstance(value, str):
            hint = f'quote it: "{event.value}"'
            message = f"key {event.value or 'null'} is read as {_type_name(value)}; keys are text"
            self.findings.append(Finding("P007", _place(event), message, hint))
        key = event.value
        if key in frame.value and key != _MERGE:
            first = _place(frame.tree._keys[key])
            message = f'key "{key}" is given twice; it stands first in line {first.line}, column {first.column}'
            self.findings.append(Finding("P004", _place(event), message, "keep one of the two"))
        if len(self.findings) >= MAX_FINDINGS:
            raise _Stop(self.findings.pop())
        frame.key, frame.key_event = key, event

    def _alias(self, event: Any) -> None:
        name = event.anchor
        if name not in self._anchors:
            raise _Stop(Finding("P005", _place(event), f'alias "*{name}" names an anchor that does not exist'))
        found = self._anchors[name]
        if found is None:
            raise _Stop(Finding("P005", _place(event), f'alias "*{name}" stands inside its own anchor'))
        value, tree, size = found
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            raise _Stop(Finding("P007", _place(event), "a key is an alias; write the name out"))
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            message = f"aliases repeat more than {MAX_ALIASED} values"
            raise _Stop(Finding("P005", _place(event), message, "write the values out, or use defaults"))
        self._add(value, tree, size)

    def _add(self, value: Any, tree: Tree, size: int) -> None:
        if not self._stack:
            self._root = (value, tree)
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.tree.children[len(frame.value)] = tree
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key == _MERGE:
            self._merge_later(frame, value, tree)
            return
        assert key is not None  # noqa: S101 (the parser gives a key before each value)
        frame.value[key] = value
        frame.tree.children[key] = tree
        frame.tree._keys[key] = frame.key_event

    def _merge_later(self, frame: _Frame, value: Any, tree: Tree) -> None:
        parts = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, part in parts:
            if not isinstance(part, dict):
                raise _Stop(Finding("P005", tree.place, '"<<" takes a mapping, or a list of mappings'))
            frame.merges.append((part, tree if index is None else tree.children[index]))

    def _construct(self, event: Any) -> Any:
        tag = event.tag
        if tag is None:
            return event.value if event.style or not event.implicit[0] else self._construct_plain(event)
        self._check_tag(event)
        return event.value if tag.endswith(":str") else self._construct_as(tag, event)

    def _construct_plain(self, event: Any) -> Any:
        try:
            return _resolve(event.value)
        except ValueError:
            shown = event.value if len(event.value) <= _SHOWN else f"{event.value[:_SHOWN]}…"
            message = f'"{shown}" is written like a number, but cannot be read as one'
            raise _Stop(Finding("P006", _place(event), message, "put it in quotes if it is text")) from None

    def _construct_as(self, tag: str, event: Any) -> Any:
        if tag == "!":
            return event.value
        try:
            return _construct_scalar(tag, event.value)
        except (ValueError, KeyError, IndexError, ConstructorError):
            short = tag.rpartition(":")[2]
            finding = Finding("P006", _place(event), f'"{event.value}" is not a value of the type "!!{short}"')
            raise _Stop(finding) from None

    def _check_tag(self, event: Any) -> None:
        tag = event.tag
        if tag is None or tag in _PLAIN_TAGS or tag == "!":
            return
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        hint = "write plain values; a pipeline file never names Python objects"
        raise _Stop(Finding("P006", _place(event), f'tag "{shown}" is not allowed', hint))


def _place(event: Any) -> Place:
    return between(event.start_mark, event.end_mark)


def _merge(frame: _Frame, value: dict[str, Any], tree: Tree) -> None:
    target = frame.value
    assert isinstance(target, dict)  # noqa: S101 (only mappings have merge keys)
    for key, part in value.items():
        if key not in target:
            target[key] = part
            frame.tree.children[key] = tree.children[key]
            frame.tree._keys[key] = tree._keys[key]


def _resolve(text: str) -> Any:
    """Give a plain scalar its type, as PyYAML does; times of day such as 12:30 stay text."""
    if not text:
        return None
    for tag, pattern in _RESOLVERS.get(text[0], ()):
        if pattern.match(text):
            return text if _SEXAGESIMAL.fullmatch(text) else _construct_scalar(tag, text)
    return text


def _construct_scalar(tag: str, text: str) -> Any:
    if tag.endswith(":int") and _DECIMAL.fullmatch(text):
        return int(text)
    if tag.endswith((":str", ":merge")):
        return text
    node = yaml.ScalarNode(tag, text)
    return SafeConstructor.yaml_constructors[tag](SafeConstructor(), node)


def _type_name(value: Any) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a number", type(None): "null"}
    return names.get(type(value), "no text")
