"""Checks the files that have a part in pipelines by themselves: what is wrong with them whoever takes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice

from schemas.contract import Contract
from schemas.diagnostic import Finding, Place
from schemas.instances import template_of
from schemas.layers import Layer, entries, lay_over
from schemas.outline import iter_outlines
from schemas.placeholders import Filling, fill, iter_stray
from schemas.position import LayeredText
from schemas.rules import RULES
from schemas.rules.secrets import iter_secrets_in
from schemas.shape import iter_shape_findings, iter_value_findings
from schemas.source import Source
from schemas.surroundings import Around, Kind, SideFile
from schemas.template_file import Template
from schemas.told_once import told_once
from schemas.tree import PutIn, wrap
from schemas.views import DEFAULT, is_complete

ByPipeline = Mapping[str, tuple[Finding, ...]]
"""DAG id, or nothing for what concerns every pipeline that takes the file -> what is wrong."""
_ALL = ""
_DEFAULTS = {"$ref": "#/$defs/default"}
_OVERLAY = {"$ref": "#/$defs/overlay"}
_ENVIRONMENT = {"$ref": "#/$defs/environment_file"}
_OPERATOR = "operator"
_MOST = 300
"""More problems in one file are not looked for."""


def check_side_file(file: SideFile, contract: Contract) -> ByPipeline:
    """Check defaults, an environment or a template by itself; once, however many pipelines take it.

    :param file: as read
    :param contract: the schema in use
    """
    found: ByPipeline = file.once("findings", lambda: _grouped(_CHECKS[file.kind](file, contract), file))
    return found


def concerning(file: SideFile, dag_id: str, contract: Contract) -> tuple[Finding, ...]:
    """Give what is wrong with a file, as far as it concerns a pipeline."""
    found = check_side_file(file, contract)
    return (*found.get(_ALL, ()), *found.get(dag_id, ()))


_Found = Iterable[tuple[str, Finding]]


def _grouped(found: _Found, file: SideFile) -> ByPipeline:
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for dag_id, finding in (*islice(found, _MOST), *_iter_secrets(file), *_iter_unread(file), *_iter_stray(file)):
        grouped[dag_id].append(finding)
    return {dag_id: tuple(_advised(told_once(findings), file)) for dag_id, findings in grouped.items()}


def _advised(findings: list[Finding], file: SideFile) -> list[Finding]:
    if file.kind is not Kind.DEFAULTS:
        return findings
    from schemas.migrate.advice import with_advice

    return with_advice(findings, file.source, only_defaults=True)


def _iter_secrets(file: SideFile) -> _Found:
    for key, value in file.layer.value.items():
        for finding in iter_secrets_in(value, (key,), file.text, file.source.tree):
            yield key if file.kind is Kind.ENVIRONMENT and key != DEFAULT else _ALL, finding


def _iter_stray(file: SideFile) -> _Found:
    if file.kind is not Kind.TEMPLATE:
        yield from ((_ALL, finding) for finding in iter_stray(file.layer, file.text))


def is_unread(file: SideFile) -> bool:
    """Tell whether a file stands where nothing looks for it."""
    return file.kind is not Kind.DEFAULTS and file.source.path.parent.name != file.kind


def _iter_unread(file: SideFile) -> _Found:
    if is_unread(file):
        message = f"nothing reads this file: it does not stand in {file.kind}/ itself, but in a folder of it"
        yield _ALL, Finding("P806", file.start, message, f"move it to {file.kind}/")


def _check_defaults(file: SideFile, contract: Contract) -> _Found:
    yield from ((_ALL, finding) for finding in file.source.findings)
    if file.source.data is not None:
        wrapped = _wrapped(DEFAULT, file.source)
        for finding in iter_value_findings(_DEFAULTS, file.source.data, (DEFAULT,), wrapped, contract):
            yield _ALL, finding


def _check_environment(file: SideFile, contract: Contract) -> _Found:
    source = file.source
    yield from ((_ALL, finding) for finding in source.findings)
    if source.data is None:
        return
    if not isinstance(source.data, dict):
        yield from ((_ALL, f) for f in iter_value_findings(_ENVIRONMENT, source.data, (), source, contract))
        return
    for key, value in source.data.items():
        schema, concerned = (_DEFAULTS, _ALL) if key == DEFAULT else (_OVERLAY, key)
        for finding in iter_value_findings(schema, value, (key,), source, contract):
            yield concerned, finding


def iter_idle_defaults(default: Layer, task_ids: Container[str]) -> Iterator[Finding]:
    """Yield defaults for tasks that no pipeline has.

    :param default: a block of defaults
    :param task_ids: the tasks of all pipelines that take it
    """
    for task_id, task in entries(default, "tasks").items():
        if task_id not in task_ids and not is_complete(task):
            place = default.part("tasks").tree.key((task_id,))
            hint = "name a task that there is; one that is to be added to each pipeline needs an operator"
            yield Finding("P805", place, f'no pipeline that takes these defaults has a task "{task_id}"', hint)


def _check_template(file: SideFile, contract: Contract) -> _Found:
    yield from ((_ALL, finding) for finding in template_of(file, contract).findings)


_CHECKS = {
    Kind.DEFAULTS: _check_defaults,
    Kind.ENVIRONMENT: _check_environment,
    Kind.TEMPLATE: _check_template,
}


def _wrapped(name: str, source: Source) -> Source:
    return Source(source.path, source.text, {name: source.data}, wrap(name, source.tree), ())


def iter_sample_findings(file: SideFile, around: Around, contract: Contract) -> Iterator[Finding]:
    """Check a template that has no instance, with defaults, examples or stand-ins for its parameters.

    Where a value is not known, nothing is said of what depends on it.

    :param file: a template
    :param around: what pipelines beside it take
    :param contract: the schema in use
    """
    template = template_of(file, contract)
    if template.is_broken:
        return
    unknown = {name for name, parameter in template.parameters.items() if parameter.sample is None}
    open_holes = [hole for hole in template.holes if unknown.intersection(hole.names)]
    if any(hole.path[-1:] == (_OPERATOR,) for hole in open_holes):
        return
    body, unsure = _sample(template)
    unsure |= {template.body.tree.find(hole.path).place for hole in open_holes}
    layer = lay_over(body, around.shared)
    source = Source(
        file.source.path, file.source.text, {template.name: layer.value}, wrap(template.name, layer.tree), ()
    )
    text = LayeredText(file.text, {side.shown: side.text for side in (file, *around.defaults)})
    (outline,) = iter_outlines(source.data, contract, text)
    findings = list(iter_shape_findings(source, (outline,), contract))
    if not unknown:
        findings += [finding for rule in RULES for finding in rule(outline, source.tree)]
    yield from (finding for finding in findings if finding.is_error and finding.place not in unsure)


def _sample(template: Template) -> tuple[Layer, set[Place]]:
    """Fill a template, and tell where the values of unknown parameters went."""
    values, unsure = {}, set[Place]()
    for name, parameter in template.parameters.items():
        sample = parameter.sample
        if sample is None:
            sample = Layer(f"${{{{ parameters.{name} }}}}", PutIn(parameter.declaration.tree, ""))
            unsure.add(sample.tree.place)
        values[name] = sample
    return fill(template.body, template.holes, Filling(values, template.file.shown)), unsure
