"""A template as read: the parameters that it declares, and the pipeline with placeholders for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from schemas.contract import Contract
from schemas.diagnostic import Finding, Place
from schemas.layers import EMPTY, Layer
from schemas.placeholders import Hole, find_holes, iter_named, size_of
from schemas.rules.hints import Hints
from schemas.rules.params import slow_pattern
from schemas.shape import iter_value_findings
from schemas.source import Source
from schemas.surroundings import SideFile
from schemas.tree import wrap
from schemas.wording import shown

ROOT = "(template)"
"""Stands for the file in the paths of findings; no pipeline can have this id."""
_SHAPE = {"$ref": "#/$defs/template_file"}
_MOST = 300
"""More problems in one file are not looked for."""
_COMPOSED = ("array", "object")


@dataclass(frozen=True, eq=False)
class Template:
    """What a file of ``templates/`` holds."""

    file: SideFile
    contract: Contract

    @property
    def body(self) -> Layer:
        """The pipeline, with placeholders."""
        return _mapping(self.file.layer, "pipeline")

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Name -> what is declared of it."""
        declared = _mapping(self.file.layer, "parameters")
        places = declared.tree.keys
        return {
            name: Parameter(name, schema, declared.part(name), places.get(name, self.file.start), self.contract)
            for name, schema in declared.value.items()
            if isinstance(schema, dict)
        }

    @property
    def name(self) -> str:
        """What instances call it."""
        return self.file.source.path.stem

    @cached_property
    def is_broken(self) -> bool:
        """Whether no instance can be made of it."""
        return any(finding.is_error for finding in self.findings)

    @cached_property
    def size(self) -> int:
        """How many values the pipeline has."""
        return size_of(self.body.value)

    @property
    def holes(self) -> list[Hole]:
        """Where the placeholders are."""
        return self._searched[0]

    @cached_property
    def _searched(self) -> tuple[list[Hole], list[Finding]]:
        return find_holes(self.body, self.file.text)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with it, apart from what only its instances can tell."""
        source = self.file.source
        if source.data is None or source.findings:
            return source.findings or (Finding("P010", self.file.start, "the file is empty; it holds no template"),)
        return tuple(islice(self._iter_findings(source), _MOST))

    def _iter_findings(self, source: Source) -> Iterator[Finding]:
        wrapped = Source(source.path, source.text, {ROOT: _frame(source.data)}, wrap(ROOT, source.tree), ())
        found = iter_value_findings(_SHAPE, wrapped.data[ROOT], (ROOT,), wrapped, self.contract)
        wrong = list(islice(found, _MOST))
        yield from wrong
        if wrong:
            return
        for parameter in self.parameters.values():
            yield from parameter.iter_default_findings(wrapped)
        yield from self._searched[1]
        yield from self._on_holes()
        used = {name for hole in self.holes for name in hole.names}
        for name, parameter in self.parameters.items():
            if name not in used:
                message = f'parameter "{name}" is declared, and nothing in the template takes it'
                yield Finding("P815", parameter.place, message, "remove it, or write ${{ parameters." + name + " }}")
        if "template" in self.body.value:
            message = "a template cannot be made of another one"
            yield Finding("P816", self.body.tree.key(("template",)), message, "write the pipeline out")

    def _on_holes(self) -> Iterator[Finding]:
        hints = Hints()
        for hole in self.holes:
            place = self.body.tree.find(hole.path).place
            for name, start, end in iter_named(hole):
                parameter = self.parameters.get(name)
                if parameter is None:
                    hint = hints.nearest_or_all(name, list(self.parameters)) or "declare it under parameters"
                    at = self.file.text.place_inside(place, hole.text, start, end)
                    yield Finding("P813", at, f'the template declares no parameter "{name}"', hint)
                elif not hole.is_whole and parameter.is_composed:
                    message = f'parameter "{name}" is a {"list" if parameter.is_list else "mapping"}, within a text'
                    at = self.file.text.place_inside(place, hole.text, start, end)
                    yield Finding("P814", at, message, "a list or a mapping takes the place of a whole value")


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter of a template."""

    name: str
    schema: Mapping[str, Any]
    declaration: Layer
    place: Place
    contract: Contract

    @property
    def default(self) -> Layer | None:
        """Its value where an instance gives none; None if it must give one."""
        return self.declaration.part("default") if "default" in self.schema else None

    @cached_property
    def is_list(self) -> bool:
        """Whether its value is a list."""
        return "array" in self._types

    @cached_property
    def is_composed(self) -> bool:
        """Whether its value is a list or a mapping."""
        return any(name in self._types for name in _COMPOSED)

    @property
    def _types(self) -> list[str]:
        declared = self.schema["type"]
        return declared if isinstance(declared, list) else [declared]

    @property
    def sample(self) -> Layer | None:
        """A value to try the template with: the default, an example, or an allowed one."""
        for key in ("examples", "enum"):
            if self.default is None and self.schema.get(key):
                return self.declaration.part(key).part(0)
        return self.default

    def iter_findings(self, value: Any, path: tuple[str | int, ...], source: Source) -> Iterator[Finding]:
        """Yield why a value is none for it.

        :param value: what an instance gives
        :param path: where it stands
        :param source: in what
        """
        slow = slow_pattern(value, self._value_schema)
        if slow:
            message = f"the pattern {shown(slow)} repeats what repeats; to try a value with it may take for ever"
            hint = "write the pattern without a repetition in a repetition"
            yield Finding("P318", source.tree.find(path).place, message, hint)
        elif not self._fits(value):
            yield from iter_value_findings(self._value_schema, value, path, source, self.contract)

    def iter_default_findings(self, wrapped: Source) -> Iterator[Finding]:
        """Yield why its own default and examples are no values for it."""
        path = (ROOT, "parameters", self.name)
        if "default" in self.schema:
            yield from self.iter_findings(self.schema["default"], (*path, "default"), wrapped)
        for index, example in enumerate(self.schema.get("examples", ())):
            yield from self.iter_findings(example, (*path, "examples", index), wrapped)

    @cached_property
    def _value_schema(self) -> dict[str, Any]:
        return {key: value for key, value in self.schema.items() if key not in ("default", "examples")}

    @cached_property
    def _fits(self) -> Callable[[Any], bool]:
        return self.contract.compile(self._value_schema)


def _frame(data: Any) -> Any:
    """Leave out what only instances can tell: whether the pipeline is right."""
    if isinstance(data, dict) and isinstance(data.get("pipeline"), dict):
        return {**data, "pipeline": {}}
    return data


def _mapping(layer: Layer, key: str) -> Layer:
    return layer.part(key) if isinstance(layer.value.get(key), dict) else EMPTY
