"""Checks files: reads each once, applies the schema and the rules, and gives diagnostics and sound pipelines."""

from __future__ import annotations

import gc
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemas.contract import SCHEMA_FILE, Contract, load_contract
from schemas.diagnostic import START, Diagnostic, Finding, Place, Severity
from schemas.ignores import without_ignored
from schemas.layers import lay_over
from schemas.masking import mask, read_secrets
from schemas.outline import Outline, iter_outlines
from schemas.rules import RULES
from schemas.rules.secrets import SECRET_CODES, iter_secret_findings
from schemas.shape import iter_shape_findings
from schemas.source import Source, Tree, read_source
from schemas.spec import Pipeline
from schemas.tasks import groups_of, task_of

SUFFIXES = (".yaml", ".yml")
MAX_FINDINGS = 300
"""More in one file, secrets not counted, are not looked for: nobody reads them, and each takes its time."""
_MORE = "the file has more problems; check again when these are solved"
_ALIAS = re.compile(r"(?:^|[\s\[{,])\*\w", re.MULTILINE)
_FORBIDDEN = ("P401", "P402")
_SHAPE_OF_FORBIDDEN = ("P101", "P103")
_OWNER = re.compile(r'\b(?:task group|task|pipeline) "[^"]*"')


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What one file gives."""

    path: Path
    shown: str
    """The path as diagnostics name it."""
    text: str
    """What it says, with asterisks in the place of secrets."""
    pipelines: tuple[Pipeline, ...]
    """Those in which there is no error."""
    diagnostics: tuple[Diagnostic, ...]
    """Those too that lie in another file which has a part in its pipelines; the path of each says where."""
    depends_on: tuple[Path, ...] = ()
    """Other files that decide what it gives: defaults, environment, templates; also where one could be, and is not."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Shown path -> text, with asterisks in the place of secrets, of the other files that diagnostics lie in."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a set of files gives."""

    files: tuple[CheckedFile, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All diagnostics, sorted."""
        return tuple(sorted({d for file in self.files for d in file.diagnostics}))

    @property
    def texts(self) -> Mapping[str, str]:
        """Shown path -> text, of all files that diagnostics may lie in."""
        texts = {shown: text for file in self.files for shown, text in file.texts.items()}
        return texts | {file.shown: file.text for file in self.files}

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines that can be built."""
        return tuple(pipeline for file in self.files for pipeline in file.pipelines)


def iter_pipeline_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files below a folder, sorted, links to nothing too; hidden files and folders are left out.

    :param folder: e.g. ``pipelines``
    """
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and not hidden and (path.is_file() or _is_broken_link(path)):
            yield path


def _is_broken_link(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def check_file(path: Path, *, shown_as: str | None = None, contract: Contract | None = None) -> CheckedFile:
    """Check one file by itself.

    :param path: the YAML file
    :param shown_as: the path that diagnostics name; ``path`` if not given
    :param contract: the schema; the committed one if not given
    """
    with without_collection():
        return check_source(read_source(path), shown_as=shown_as or str(path), contract=contract)


@contextmanager
def without_collection() -> Iterator[None]:
    """Put off the search for garbage in cycles: a check makes none, but so many objects that the search takes long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def check_source(source: Source, *, shown_as: str, contract: Contract | None = None) -> CheckedFile:
    """Check a file that was read.

    :param source: the file
    :param shown_as: the path that diagnostics name
    :param contract: the schema; the committed one if not given
    """
    contract = contract or load_contract()
    outlines = tuple(iter_outlines(source.data, contract, source.text))
    secrets = [finding for outline in outlines for finding in iter_secret_findings(outline, source.tree)]
    others, is_whole = _limited(_iter_findings(source, outlines, contract))
    findings = _merged([*secrets, *others])
    hidden = read_secrets({"": source.text}, secrets, SECRET_CODES)
    # a secret is hidden even where a comment silences its rule
    text, findings = mask(source.text, findings, SECRET_CODES)
    if source.data is not None:
        findings = without_ignored(findings, source.text)
    if findings:
        from schemas.migrate.advice import with_advice

        findings = with_advice(findings, source)
    diagnostics = sorted(finding.in_file(shown_as) for finding in findings)
    if not is_whole:
        diagnostics[-1] = replace(diagnostics[-1], hint=f"{diagnostics[-1].hint}; {_MORE}".removeprefix("; "))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    # after so many errors no more were looked for, so nothing may be built
    looked_through = sum(finding.severity is Severity.ERROR for finding in others) < MAX_FINDINGS
    sound = _without_broken(outlines, source, errors) if looked_through else ()
    pipelines = tuple(_pipeline(outline, source, contract, hidden) for outline in sound)
    return CheckedFile(source.path, shown_as, text, pipelines, tuple(diagnostics))


def check_files(paths: Iterable[Path], *, relative_to: Path | None = None, schema: Path = SCHEMA_FILE) -> Report:
    """Check files together: also that no DAG id is defined in two of them.

    :param paths: the YAML files
    :param relative_to: diagnostics name the paths relative to this folder where they lie in it
    :param schema: the schema file in use
    """
    contract = load_contract(schema)
    files = [check_file(p, shown_as=_shown(p, relative_to), contract=contract) for p in dict.fromkeys(paths)]
    return Report(tuple(_without_doubles(files)))


def _shown(path: Path, folder: Path | None) -> str:
    if folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.as_posix()


def _iter_findings(source: Source, outlines: Sequence[Outline], contract: Contract) -> Iterator[Finding]:
    yield from source.findings
    if source.data is None:
        if not source.findings:
            yield Finding("P010", START, "the file is empty; it declares no pipeline")
        return
    yield from iter_shape_findings(source, outlines, contract)
    for outline in outlines:
        for rule in RULES:
            # those have been looked for, all of them
            if rule is not iter_secret_findings:
                yield from rule(outline, source.tree)


def _limited(findings: Iterable[Finding]) -> tuple[list[Finding], bool]:
    """Take the first errors and the first warnings; after so many errors no more is looked for.

    :returns: these, and whether they are all
    """
    kept: list[Finding] = []
    counts = dict.fromkeys(Severity, 0)
    is_whole = True
    for finding in findings:
        counts[finding.severity] += 1
        if counts[finding.severity] <= MAX_FINDINGS:
            kept.append(finding)
        else:
            is_whole = False
        if counts[Severity.ERROR] > MAX_FINDINGS:
            break
    return kept, is_whole


def _without_broken(outlines: Sequence[Outline], source: Source, errors: Sequence[Finding]) -> Sequence[Outline]:
    if not errors or not outlines:
        return outlines
    at = sorted((error.place.line, error.place.column) for error in errors)
    has_aliases = _ALIAS.search(source.text) is not None
    stretches = [(dag_id, stretch) for dag_id in source.data for stretch in _stretches(dag_id, source, has_aliases)]
    broken: set[str] = set()
    inside = [False] * len(at)
    for dag_id, (start, end) in stretches:
        first, last = bisect_left(at, start), bisect_left(at, end)
        if dag_id != "default" and first < last:
            broken.add(dag_id)
            inside[first:last] = [True] * (last - first)
    if not all(inside):
        # what stands outside of every pipeline, or in what they share, concerns them all
        return []
    return [outline for outline in outlines if outline.dag_id not in broken]


_Position = tuple[int, int]


def _stretches(dag_id: str, source: Source, has_aliases: bool) -> Iterator[tuple[_Position, _Position]]:
    """Yield where a pipeline stands: its key, its value, and whatever aliases take into it from elsewhere."""
    tree = source.tree.find((dag_id,))
    yield _span(source.tree.key((dag_id,)))
    yield _span(tree.place)
    if has_aliases:
        yield from _aliased(tree)


def _aliased(tree: Tree) -> Iterator[tuple[_Position, _Position]]:
    start, end = _span(tree.place)
    for key, child in tree.children.items():
        for place in (child.place, tree.keys.get(key, child.place)):
            if not start <= (place.line, place.column) < end:
                yield _span(place)
        yield from _aliased(child)


def _span(place: Place) -> tuple[_Position, _Position]:
    """Give the start and the end of a place; one without width still has room for what is said of it."""
    start, end = (place.line, place.column), (place.end_line, place.end_column)
    return start, max(end, (place.line, place.column + 1))


def _pipeline(outline: Outline, source: Source, contract: Contract, secrets: tuple[str, ...]) -> Pipeline:
    config = lay_over(source.data[outline.dag_id], source.data.get("default") or {})
    config.pop("tasks")
    config.pop("task_groups", None)
    place = source.tree.key((outline.dag_id,))
    tasks = tuple(task_of(node, source.tree, contract) for node in outline.tasks)
    return Pipeline(outline.dag_id, source.path, place, config, tasks, groups_of(outline, source.tree), secrets)


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Say one mistake once, though an alias repeats it, or what is forbidden has the wrong shape besides."""
    first: dict[tuple[str, Place, str], Finding] = {}
    # jsonschema's order is that of sets; which of several is told must not change from run to run
    for finding in sorted(findings, key=lambda finding: finding.message):
        first.setdefault((finding.code, finding.place, _OWNER.sub("", finding.message)), finding)
    forbidden = sorted((f.place.line, f.place.column) for f in first.values() if f.code in _FORBIDDEN)
    return [f for f in first.values() if not (f.code in _SHAPE_OF_FORBIDDEN and _holds_one(f.place, forbidden))]


def _holds_one(place: Place, starts: Sequence[tuple[int, int]]) -> bool:
    following = bisect_left(starts, (place.line, place.column))
    return following < len(starts) and starts[following] < (place.end_line, place.end_column)


def _without_doubles(files: Sequence[CheckedFile]) -> Iterator[CheckedFile]:
    """Keep the first pipeline of each id; the others get a diagnostic and are not built."""
    first: dict[str, tuple[Pipeline, str]] = {}
    for file in files:
        kept, doubles = [], []
        for pipeline in file.pipelines:
            known, shown = first.setdefault(pipeline.dag_id, (pipeline, file.shown))
            if known is pipeline:
                kept.append(pipeline)
                continue
            doubles.append(double_diagnostic(pipeline, file.shown, known, shown))
        diagnostics = tuple(sorted((*file.diagnostics, *doubles)))
        yield replace(file, pipelines=tuple(kept), diagnostics=diagnostics) if doubles else file


def double_diagnostic(pipeline: Pipeline, shown: str, first: Pipeline, shown_first: str) -> Diagnostic:
    """Say of a pipeline that another file has its id already.

    :param pipeline: the later one
    :param shown: its file, as diagnostics name it
    :param first: the one that keeps the id
    :param shown_first: the file of that
    """
    message = f'pipeline "{pipeline.dag_id}" is defined already, in {shown_first}:{first.place.line}'
    return Finding("P206", pipeline.place, message, "rename one of the two").in_file(shown)
