"""Makes pipelines of templates: an instance's values are checked by their declaration, then put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from schemas.contract import Contract
from schemas.diagnostic import Finding, Place, joined
from schemas.layers import EMPTY, OWN_KEYS, Layer
from schemas.placeholders import Filling, fill, put_in_size
from schemas.rules.hints import Hints
from schemas.shape import iter_value_findings
from schemas.source import Source
from schemas.surroundings import Around, Kind, SideFile, is_name
from schemas.template_file import Template
from schemas.tree import wrap

MAX_PUT_IN = 50_000
"""Values that the pipelines made of templates may have in one file, all counted; long texts count for several."""
_MOST = 300
"""More problems in one instance are not looked for."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What became of one instance."""

    body: Layer | None
    """The template's pipeline with the values; None where it could not be made."""
    findings: tuple[Finding, ...] = ()
    template: Template | None = None
    """The template, if there is one of this name."""
    values: Mapping[str, Layer] = field(default_factory=dict)
    """The value of each parameter."""

    @property
    def files(self) -> tuple[SideFile, ...]:
        """The files that have a part in it."""
        return () if self.template is None else (self.template.file,)

    def put_in_at(self, place: Place) -> Iterator[Place]:
        """Yield where the values are written that were put into a text of the template.

        :param place: of that text
        """
        if self.template is None:
            return
        for hole in self.template.holes:
            if self.template.body.tree.find(hole.path).place == place:
                yield from (self.values[name].tree.place for name in hole.names)


class Instances:
    """Makes the instances of one pipeline file, not more than is good."""

    def __init__(self, source: Source, shown: str, around: Around, contract: Contract) -> None:
        self._source = source
        self._shown = shown
        self._around = around
        self._contract = contract
        self._templates: dict[str, Template | None] = {}
        self._left: dict[str, int] = {}
        self._hints = Hints()
        self.names: set[str] = set()
        """The templates that are named, whether there are such or not."""

    def make(self, dag_id: str, environment: str, own: Layer) -> Instance:
        """Make a pipeline of a template.

        :param dag_id: the pipeline
        :param environment: the one it is in; nothing for none
        :param own: what the file, and the environment, say of it
        """
        place = self._source.tree.key((dag_id,))
        wrapped = Source(self._source.path, self._source.text, {dag_id: own.value}, wrap(dag_id, own.tree), ())
        findings = tuple(self._iter_misshapen(dag_id, own, wrapped))
        if findings:
            return Instance(None, findings)
        name = own.value["template"]
        template = self._template(name)
        if template is None:
            return Instance(None, (self._unknown(name, own.part("template").tree.place),))
        doubles = tuple(self._around.doubles(Kind.TEMPLATE, name))
        if template.is_broken or doubles:
            return Instance(None, doubles, template)
        given = own.part("parameters") if "parameters" in own.value else EMPTY
        at = own.tree.key(("parameters",)) if "parameters" in own.value else place
        findings = tuple(islice(self._iter_findings(dag_id, given, at, template, wrapped), _MOST))
        if findings:
            return Instance(None, findings, template)
        return self._made(template, given, place, environment)

    def _iter_misshapen(self, dag_id: str, own: Layer, wrapped: Source) -> Iterator[Finding]:
        for key in OWN_KEYS:
            if key in own.value:
                schema = {"$ref": f"#/$defs/instance/properties/{key}"}
                yield from iter_value_findings(schema, own.value[key], (dag_id, key), wrapped, self._contract)

    def _made(self, template: Template, given: Layer, place: Place, environment: str) -> Instance:
        values = {name: self._value(name, given, template) for name in template.parameters}
        plain = {name: layer.value for name, layer in values.items()}
        size = template.size + put_in_size(template.holes, plain)
        self._left[environment] = self._left.get(environment, MAX_PUT_IN) - size
        if self._left[environment] < 0:
            message = f"the pipelines made of templates in this file have more than {MAX_PUT_IN} values together"
            finding = Finding("P817", place, message, "spread them over several files")
            return Instance(None, (finding,), template)
        body = fill(template.body, template.holes, Filling(values, self._shown))
        return Instance(body, template=template, values=values)

    def _value(self, name: str, given: Layer, template: Template) -> Layer:
        default = template.parameters[name].default
        return given.part(name) if name in given.value or default is None else default

    def _template(self, name: str) -> Template | None:
        if name not in self._templates:
            self.names.add(name)
            file = self._around.template(name)
            self._templates[name] = None if file is None else template_of(file, self._contract)
            if file is not None:
                file.is_taken = True
        return self._templates[name]

    @cached_property
    def _known(self) -> list[str]:
        return self._around.names(Kind.TEMPLATE)

    def _unknown(self, name: str, place: Place) -> Finding:
        known = self._known
        hint = self._hints.nearest_or_all(name, known)
        if not known:
            hint = f"write {self._around.missing(Kind.TEMPLATE, name)}" if is_name(name) else ""
        return Finding("P810", place, f'there is no template "{name}"', hint)

    def _iter_findings(
        self, dag_id: str, given: Layer, at: Place, template: Template, wrapped: Source
    ) -> Iterator[Finding]:
        hints, known = Hints(), list(template.parameters)
        for name in given.value:
            if name not in template.parameters:
                message = f'template "{template.name}" has no parameter "{name}"'
                hint = hints.nearest_or_all(name, known) or ("" if known else "it takes none")
                yield Finding("P811", given.tree.key((name,)), message, hint)
        for name, parameter in template.parameters.items():
            declared = f"declared at {_shown(parameter.place)}"
            if name in given.value:
                for finding in parameter.iter_findings(given.value[name], (dag_id, "parameters", name), wrapped):
                    yield replace(finding, hint=joined(finding.hint, declared))
            elif parameter.default is None:
                message = f'pipeline "{dag_id}" lacks the parameter "{name}" of template "{template.name}"'
                described = str(parameter.schema.get("description", "")).rstrip(".")
                hint = joined(f"{name}: {described}" if described else "", declared)
                yield Finding("P812", at, message, hint)


def _shown(place: Place) -> str:
    return f"{place.file}:{place.line}:{place.column}"


def template_of(file: SideFile, contract: Contract) -> Template:
    """Give what a file of ``templates/`` holds; worked out once."""
    template: Template = file.once("template", lambda: Template(file, contract))
    return template
