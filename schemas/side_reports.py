"""The reports on defaults, environments and templates, when all pipelines have been checked that can take them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from schemas.contract import Contract
from schemas.diagnostic import Finding
from schemas.file_check import diagnostic_of
from schemas.ignores import iter_ignore_findings, without_ignored
from schemas.layers import Layer
from schemas.masking import mask
from schemas.report import CheckedFile
from schemas.rules.hints import Hints
from schemas.rules.secrets import SECRET_CODES
from schemas.side_checks import check_side_file, is_unread, iter_idle_defaults, iter_sample_findings
from schemas.surroundings import Kind, SideFile, Surroundings
from schemas.told_once import told_once
from schemas.views import DEFAULT

_MOST = 300
"""More problems of one kind in one file are not looked for."""


def iter_side_reports(
    paths: Iterable[Path],
    checked: Sequence[CheckedFile],
    surroundings: Surroundings,
    contract: Contract,
    *,
    environment: str = "",
) -> Iterator[CheckedFile]:
    """Yield what is wrong with files that have a part in pipelines, taken by themselves and with all of these.

    :param paths: the files
    :param checked: all pipeline files that can take them, checked
    :param surroundings: what has read them
    :param contract: the schema in use
    :param environment: the one that is looked at, so that others are left out; all if empty
    """
    by_place = [(os.path.abspath(file.path), file) for file in checked]  # noqa: PTH100 (of each of thousands of files)
    for path in paths:
        kind, home = surroundings.kind_of(path), surroundings.home_of(path)
        is_other = kind is Kind.ENVIRONMENT and environment not in ("", path.stem)
        if kind is None or is_other:
            continue
        taking = [file for place, file in by_place if place.startswith(f"{home}{os.sep}")]
        yield _report(surroundings.read(kind, path), taking, surroundings, contract)


def _report(
    file: SideFile, taking: Sequence[CheckedFile], surroundings: Surroundings, contract: Contract
) -> CheckedFile:
    found = [finding for findings in check_side_file(file, contract).values() for finding in findings]
    found += islice(_LEFT_OVER[file.kind](file, taking), _MOST)
    if file.kind is Kind.TEMPLATE and not file.is_taken:
        found += iter_sample_findings(file, surroundings.of(file.source.path), contract)
    texts, findings = mask({file.shown: file.source.text}, told_once(found), SECRET_CODES)
    if file.source.data is not None:
        findings, silenced = without_ignored(findings, texts)
        silenced |= {comment for checked in taking for comment in checked.silenced}
        findings += iter_ignore_findings(file.source.text, silenced, file=file.shown)
    diagnostics = sorted(diagnostic_of(finding, file.shown) for finding in findings)
    return CheckedFile(file.source.path, file.shown, texts[file.shown], (), tuple(diagnostics))


def _idle_defaults(file: SideFile, taking: Sequence[CheckedFile]) -> Iterator[Finding]:
    yield from _idle(file.layer, taking)


def _idle(default: Layer, taking: Sequence[CheckedFile]) -> Iterator[Finding]:
    known = [checked.task_ids for checked in taking]
    if None not in known:
        yield from iter_idle_defaults(default, frozenset[str]().union(*filter(None, known)))


def _of_nothing(file: SideFile, taking: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Yield pipelines and tasks that an environment has something for, and that there are not."""
    if is_unread(file) or not all(checked.was_read for checked in taking):
        return
    known = {dag_id for checked in taking for dag_id in checked.dag_ids}
    hints = Hints()
    for dag_id in file.layer.value:
        if dag_id != DEFAULT and dag_id not in known:
            hint = hints.nearest(dag_id, known) or "a pipeline is declared in a pipeline file; this one changes it"
            yield Finding("P803", file.source.tree.key((dag_id,)), f'there is no pipeline "{dag_id}" to change', hint)
    if DEFAULT in file.layer.value:
        yield from _idle(file.layer.part(DEFAULT), taking)


def _nothing(_: SideFile, __: Sequence[CheckedFile]) -> Iterator[Finding]:
    yield from ()


_LEFT_OVER = {Kind.DEFAULTS: _idle_defaults, Kind.ENVIRONMENT: _of_nothing, Kind.TEMPLATE: _nothing}
