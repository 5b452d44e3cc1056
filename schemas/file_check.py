"""The check of one file: its pipelines in every environment that is asked for, and what other files bring into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from schemas.contract import Contract
from schemas.diagnostic import START, Diagnostic, Finding, Severity, did_you_mean, joined
from schemas.ignores import iter_ignore_findings, without_ignored
from schemas.layers import Layer
from schemas.lines import split_lines
from schemas.masking import mask, read_secrets
from schemas.outline import Outline, iter_outlines
from schemas.report import CheckedFile
from schemas.rules import RULES, SECRETS
from schemas.rules.secrets import SECRET_CODES, iter_secrets_in
from schemas.shape import iter_shape_findings
from schemas.soundness import concerned
from schemas.source import Source
from schemas.spec import Pipeline
from schemas.spec_of import pipeline_of
from schemas.surroundings import Around, Kind, SideFile
from schemas.told_once import mistake_of, told_once
from schemas.tree import Tree, wrap
from schemas.views import DEFAULT, View, Views

MAX_FINDINGS = 300
"""More in one file, secrets not counted, are not looked for: nobody reads them, and each takes its time."""
_MORE = "the file has more problems; check again when these are solved"


@dataclass(frozen=True, slots=True)
class Scope:
    """What to check pipelines as."""

    environment: str = ""
    """The environment that they are in; none if empty."""
    every_environment: bool = False
    """Whether to look at them in each environment besides."""
    dag_id: str = ""
    """The only pipeline to look at; all if empty."""
    for_building: bool = True
    """Whether the tasks of sound pipelines are wanted; who only wants the diagnostics is spared the time."""


class _Found(NamedTuple):
    """A finding, and whose it is; of nobody where it concerns the whole file."""

    finding: Finding
    view: View | None = None


class _Seen(NamedTuple):
    """A pipeline that was looked at."""

    view: View
    outline: Outline | None
    """None where it has not the form of a pipeline."""


class FileCheck:
    """The check of one file."""

    def __init__(self, source: Source, shown: str, contract: Contract, scope: Scope, around: Around) -> None:
        """Prepare.

        :param source: the file
        :param shown: its path as diagnostics name it
        :param contract: the schema in use
        :param scope: in which environments to look at it
        :param around: the files that have a part in it
        """
        self._source = source
        self._shown = shown
        self._contract = contract
        self._scope = scope
        self._around = around
        self._views = Views(source, shown, around, contract)
        self._seen: list[_Seen] = []
        self._secrets: list[_Found] = []
        self._has_seen_all = False

    def result(self) -> CheckedFile:
        """Look through the file, and say what there is to say."""
        others, is_whole = _limited(self._iter_found())
        found = [*self._secrets, *others]
        findings = told_once(map(self._noted, found), {mistake_of(finding) for finding in self._from_beside})
        marked = [*findings, *self._from_beside]
        secrets = [*(one.finding for one in self._secrets), *self._from_beside]
        hidden = read_secrets(self._texts, secrets, SECRET_CODES)
        texts, findings = mask(self._texts, marked, SECRET_CODES)
        silenced: set[tuple[str, int, str]] = set()
        if self._source.data is not None:
            findings, silenced = without_ignored(findings, texts)
            is_all = not self._scope.environment and not self._scope.dag_id
            findings += iter_ignore_findings(self._source.text, silenced, is_all=is_all)
        diagnostics = self._diagnostics(findings, is_whole=is_whole)
        paths = {diagnostic.path for diagnostic in diagnostics}
        # after so many errors no more were looked for, so nothing may be built
        looked_through = sum(finding.is_error for finding, _ in others) < MAX_FINDINGS
        return CheckedFile(
            path=self._source.path,
            shown=self._shown,
            text=texts[""],
            pipelines=tuple(self._iter_sound(found, hidden)) if looked_through else (),
            diagnostics=diagnostics,
            depends_on=self._depends_on(),
            texts={shown: text for shown, text in texts.items() if shown in paths},
            dag_ids=tuple(self._views.dag_ids),
            task_ids=self._task_ids,
            silenced=frozenset(comment for comment in silenced if comment[0]),
            was_read=self._source.data is not None,
        )

    def _diagnostics(self, findings: Sequence[Finding], *, is_whole: bool) -> tuple[Diagnostic, ...]:
        if findings:
            from schemas.migrate.advice import with_advice

            findings = [self._within(finding) for finding in with_advice(list(findings), self._source)]
        diagnostics = sorted(diagnostic_of(finding, self._shown) for finding in findings)
        if not is_whole:
            hint = f"{diagnostics[-1].hint}; {_MORE}".removeprefix("; ")
            diagnostics[-1] = replace(diagnostics[-1], hint=hint)
        return tuple(diagnostics)

    def _within(self, finding: Finding) -> Finding:
        """Put what the parser finds behind the last line, a value that is not there, at the end of that line."""
        place, lines = finding.place, self._lines
        if place.file or place.line <= len(lines):
            return finding
        column = len(lines[-1]) + 1
        at_end = replace(place, line=len(lines), column=column, end_line=len(lines), end_column=column)
        return replace(finding, place=at_end)

    @cached_property
    def _lines(self) -> list[str]:
        return split_lines(self._source.text) or [""]

    # -- what is looked at --------------------------------------------------------------------------------------------

    def _iter_views(self) -> Iterator[View]:
        """Yield the pipelines in the environments that were asked for, in the one that is built first."""
        chosen = self._scope.environment
        if chosen and not self._around.environment(chosen):
            return
        if self._scope.dag_id:
            yield from self._views.one(self._scope.dag_id, chosen)
            return
        yield from self._views.in_environment(chosen)
        if self._scope.every_environment:
            for name in self._around.names(Kind.ENVIRONMENT):
                yield from self._views.changed_in(name)

    def _see(self, view: View) -> _Seen:
        outlines = iter_outlines(view.source.data, self._contract, view.text) if view.is_made else iter(())
        seen = _Seen(view, next(outlines, None))
        self._seen.append(seen)
        return seen

    @cached_property
    def _from_beside(self) -> dict[Finding, None]:
        """What is wrong with the files around, whoever takes them."""
        found: dict[Finding, None] = {}
        for view, _ in self._seen:
            for file in view.files:
                found.update(dict.fromkeys(self._concerning(view, file)))
        return found

    def _concerning(self, view: View, file: SideFile) -> tuple[Finding, ...]:
        from schemas.side_checks import concerning

        return concerning(file, view.dag_id, self._contract)

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """The file as places name it -> its text."""
        files = {file for view, _ in self._seen for file in view.files}
        return {"": self._source.text} | {file.shown: file.source.text for file in files}

    @cached_property
    def _task_ids(self) -> frozenset[str] | None:
        outlines = [outline for _, outline in self._seen]
        if not self._has_seen_all or self._scope.dag_id or None in outlines:
            return None
        return frozenset(task.id for outline in outlines if outline for task in outline.tasks)

    # -- what is found ------------------------------------------------------------------------------------------------

    def _iter_secrets(self) -> Iterator[_Found]:
        """Yield the secrets of the file itself."""
        data, tree = self._source.data, self._source.tree
        for key, value in data.items() if isinstance(data, dict) else ():
            if self._scope.dag_id in ("", key) or key == DEFAULT:
                for finding in iter_secrets_in(value, (key,), self._views.text, tree):
                    yield _Found(finding)

    def _iter_laid_secrets(self, view: View) -> Iterator[_Found]:
        """Yield what becomes a secret by what is laid together."""
        if view.is_laid:
            value = view.source.data[view.dag_id]
            for finding in iter_secrets_in(value, (view.dag_id,), view.text, view.source.tree):
                yield from (_Found(part, view) for part in view.where_written(finding))

    def _iter_found(self) -> Iterator[_Found]:
        source = self._source
        self._secrets.extend(self._iter_secrets())
        yield from map(_Found, source.findings)
        if source.data is None:
            if not source.findings:
                yield _Found(Finding("P010", START, "the file is empty; it declares no pipeline"))
            return
        if not isinstance(source.data, dict) or not source.data:
            yield from map(_Found, iter_shape_findings(source, (), self._contract))
            return
        yield from map(_Found, self._iter_shared())
        for view in self._iter_views():
            self._secrets.extend(self._iter_laid_secrets(view))
            yield from (_Found(finding, view) for finding in self._iter_in(*self._see(view)))
        self._has_seen_all = True
        if self._views.default.value and self._task_ids is not None:
            from schemas.side_checks import iter_idle_defaults

            yield from map(_Found, iter_idle_defaults(self._views.default, self._task_ids))

    def _iter_shared(self) -> Iterator[Finding]:
        """Yield what is wrong for every pipeline of the file."""
        source, chosen = self._source, self._scope.environment
        if DEFAULT in source.data:
            tree = wrap(DEFAULT, source.tree.find((DEFAULT,)))
            wrapped = Source(source.path, source.text, {DEFAULT: source.data[DEFAULT]}, tree, ())
            yield from iter_shape_findings(wrapped, (), self._contract)
        if self._views.text.contains("${{"):
            from schemas.placeholders import iter_stray

            yield from iter_stray(Layer(source.data, source.tree), self._views.text)
        yield from self._around.doubles(Kind.DEFAULTS, Kind.DEFAULTS)
        names = self._around.names(Kind.ENVIRONMENT) if self._scope.every_environment else []
        for name in (*names, *([chosen] if chosen else ())):
            yield from self._around.doubles(Kind.ENVIRONMENT, name)
        if chosen and not self._around.environment(chosen):
            yield self._unknown_environment(chosen)

    def _unknown_environment(self, name: str) -> Finding:
        known = self._around.names(Kind.ENVIRONMENT)
        hint = did_you_mean(name, known) or "there is none; leave PIPELINES_ENVIRONMENT empty"
        place = replace(START, file=self._around.missing(Kind.ENVIRONMENT, name))
        return Finding("P802", place, f'there is no environment "{name}"', hint)

    def _iter_in(self, view: View, outline: Outline | None) -> Iterator[Finding]:
        yield from view.findings
        # what has so many mistakes gives as many to each pipeline that takes it
        if not view.is_made or any(len(self._concerning(view, file)) >= MAX_FINDINGS for file in view.files):
            return
        yield from iter_shape_findings(view.source, (outline,) if outline else (), self._contract)
        for rule in RULES if outline else ():
            # secrets have been looked for, all of them
            if outline is not None and rule is not SECRETS:
                yield from rule(outline, view.source.tree)

    def _noted(self, found: _Found) -> Finding:
        """Say in which pipeline something is wrong that lies in another file, and in which environment."""
        finding, view = found
        if view is None or not (finding.place.file or view.environment):
            return finding
        notes = []
        if finding.place.file:
            at = self._source.tree.key((view.dag_id,))
            notes.append(f'in pipeline "{view.dag_id}" of {self._shown}:{at.line}:{at.column}')
        if view.environment:
            notes.append(f'in the environment "{view.environment}"')
        return replace(finding, hint=joined(finding.hint, *notes))

    # -- what is sound ------------------------------------------------------------------------------------------------

    def _iter_sound(self, found: Iterable[_Found], hidden: tuple[str, ...]) -> Iterator[Pipeline]:
        broken = self._broken([one for one in found if one.finding.is_error])
        for view, outline in self._seen:
            if outline and view.environment == self._scope.environment and view.dag_id not in broken:
                yield self._spec(outline, view.source.tree, hidden)

    def _spec(self, outline: Outline, tree: Tree, hidden: tuple[str, ...]) -> Pipeline:
        if self._scope.for_building:
            return pipeline_of(outline, tree, self._source.path, self._contract, hidden)
        return Pipeline(outline.dag_id, self._source.path, tree.key((outline.dag_id,)), {}, ())

    def _broken(self, errors: Sequence[_Found]) -> set[str]:
        dag_ids = self._views.dag_ids
        of_all = [finding for finding, view in errors if view is None]
        if any(finding.place.file for finding in of_all):
            return set(dag_ids)
        broken = set(concerned(self._source, dag_ids, of_all))
        broken |= {view.dag_id for _, view in errors if view and view.environment == self._scope.environment}
        for view, _ in self._seen:
            of_view = (finding for file in view.files for finding in self._concerning(view, file))
            if view.environment == self._scope.environment and any(finding.is_error for finding in of_view):
                broken.add(view.dag_id)
        return broken

    def _depends_on(self) -> tuple[Path, ...]:
        around, chosen = self._around, self._scope.environment
        paths = list(around.candidates(Kind.DEFAULTS, Kind.DEFAULTS))
        if chosen:
            paths += around.candidates(Kind.ENVIRONMENT, chosen)
        for name in sorted(self._views.templates):
            paths += around.candidates(Kind.TEMPLATE, name)
        return tuple(paths)


def diagnostic_of(finding: Finding, shown: str) -> Diagnostic:
    """Give the diagnostic of a finding; one that lies in another file can be told from the same of other files.

    :param finding: what was found
    :param shown: the file that was checked, as diagnostics name it
    """
    diagnostic = finding.in_file(shown)
    if not finding.place.file:
        return diagnostic
    code, place, message = mistake_of(finding)
    return replace(diagnostic, once=f"{code}:{place.line}:{place.column}:{message}")


def _limited(found: Iterable[_Found]) -> tuple[list[_Found], bool]:
    """Take the first errors and the first warnings; after so many errors no more is looked for.

    :returns: these, and whether they are all
    """
    kept: list[_Found] = []
    seen: set[Finding] = set()
    counts = dict.fromkeys(Severity, 0)
    is_whole = True
    for one in found:
        severity = one.finding.severity
        # most of what is wrong in an environment is wrong without it
        if one.view is not None and one.view.environment:
            if one.finding in seen:
                continue
        elif one.view is not None:
            seen.add(one.finding)
        counts[severity] += 1
        if counts[severity] <= MAX_FINDINGS:
            kept.append(one)
        else:
            is_whole = False
        if counts[Severity.ERROR] > MAX_FINDINGS:
            break
    return kept, is_whole
