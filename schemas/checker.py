"""Checks files: reads each once, applies the schema and the rules, and gives diagnostics and sound pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schemas.diagnostic import START, Diagnostic, Finding, Severity
from schemas.outline import Node, Outline, iter_outlines
from schemas.rules import RULES
from schemas.rules.graph import id_place
from schemas.shape import iter_shape_findings, reference_keys
from schemas.source import Source, Tree, read_source
from schemas.spec import Pipeline, Task

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What one file gives."""

    path: Path
    text: str
    pipelines: tuple[Pipeline, ...]
    """Those in which there is no error."""
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a set of files gives."""

    files: tuple[CheckedFile, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All diagnostics, sorted."""
        return tuple(sorted(d for file in self.files for d in file.diagnostics))

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines that can be built."""
        return tuple(pipeline for file in self.files for pipeline in file.pipelines)


def iter_pipeline_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files below a folder, sorted; hidden files and folders are left out.

    :param folder: e.g. ``pipelines``
    """
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if path.suffix in SUFFIXES and not hidden and path.is_file():
            yield path


def check_file(path: Path, *, shown_as: str | None = None) -> CheckedFile:
    """Check one file by itself.

    :param path: the YAML file
    :param shown_as: the path that diagnostics name; ``path`` if not given
    """
    source = read_source(path)
    findings = list(dict.fromkeys(_iter_findings(source)))
    shown = shown_as or str(path)
    diagnostics = sorted(finding.in_file(shown) for finding in findings)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    pipelines = tuple(_iter_pipelines(source, errors)) if source.data is not None else ()
    return CheckedFile(path, source.text, pipelines, tuple(diagnostics))


def check_files(paths: Iterable[Path], *, relative_to: Path | None = None) -> Report:
    """Check files together: also that no DAG id is defined in two of them.

    :param paths: the YAML files
    :param relative_to: diagnostics name the paths relative to this folder where they lie in it
    """
    files = [check_file(path, shown_as=_shown(path, relative_to)) for path in dict.fromkeys(paths)]
    return Report(tuple(_without_doubles(files, relative_to)))


def _shown(path: Path, folder: Path | None) -> str:
    if folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.as_posix()


def _iter_findings(source: Source) -> Iterator[Finding]:
    yield from source.findings
    if source.data is None:
        if not source.findings:
            yield Finding("P010", START, "the file is empty; it declares no pipeline")
        return
    yield from iter_shape_findings(source)
    for outline in iter_outlines(source.data):
        for rule in RULES:
            yield from rule(outline, source.tree)


def _iter_pipelines(source: Source, errors: Sequence[Finding]) -> Iterator[Pipeline]:
    if not isinstance(source.data, dict):
        return
    spans = {dag_id: (source.tree.keys[dag_id], source.tree.children[dag_id].place) for dag_id in source.data}
    broken: set[str] = set()
    for error in errors:
        at = (error.place.line, error.place.column)
        inside = [
            dag_id
            for dag_id, (key, value) in spans.items()
            if dag_id != "default" and (key.line, key.column) <= at <= (value.end_line, value.end_column)
        ]
        # what stands outside of every pipeline, or in what they share, concerns them all
        broken.update(inside or spans)
    for outline in iter_outlines(source.data):
        if outline.dag_id not in broken:
            yield _pipeline(outline, source)


def _pipeline(outline: Outline, source: Source) -> Pipeline:
    config = dict(source.data[outline.dag_id])
    config.pop("tasks")
    place = source.tree.key((outline.dag_id,))
    tasks = tuple(_task(node, source.tree) for node in outline.tasks)
    return Pipeline(outline.dag_id, source.path, place, config, source.data.get("default") or {}, tasks)


def _task(node: Node, tree: Tree) -> Task:
    config: dict[str, Any] = {key: value for key, value in (node.config or {}).items() if key != "task_id"}
    references: dict[str, tuple[str, ...]] = {}
    for key in reference_keys(str(config["operator"])):
        if key in config:
            value = config[key]
            references[key] = (value,) if isinstance(value, str) else tuple(value)
    return Task(node.id, config, references, id_place(node, tree))


def _without_doubles(files: Sequence[CheckedFile], folder: Path | None) -> Iterator[CheckedFile]:
    """Keep the first pipeline of each id; the others get a diagnostic and are not built."""
    first: dict[str, Pipeline] = {}
    for file in files:
        kept, doubles = [], []
        for pipeline in file.pipelines:
            known = first.setdefault(pipeline.dag_id, pipeline)
            if known is pipeline:
                kept.append(pipeline)
                continue
            where = f"{_shown(known.path, folder)}:{known.place.line}"
            message = f'pipeline "{pipeline.dag_id}" is defined already, in {where}'
            finding = Finding("P206", pipeline.place, message, "rename one of the two")
            doubles.append(finding.in_file(_shown(file.path, folder)))
        diagnostics = tuple(sorted((*file.diagnostics, *doubles)))
        yield replace(file, pipelines=tuple(kept), diagnostics=diagnostics) if doubles else file
