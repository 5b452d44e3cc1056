"""Checks files: reads each once, applies the schema and the rules, and gives diagnostics and sound pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from schemas.collection import without_collection
from schemas.contract import SCHEMA_FILE, Contract, load_contract
from schemas.file_check import MAX_FINDINGS, FileCheck, Scope
from schemas.pipeline_files import iter_pipeline_files, iter_side_files, iter_yaml_files, sorted_out
from schemas.report import CheckedFile, Report, double_diagnostic, join_files
from schemas.source import Source, read_source
from schemas.surroundings import Surroundings

__all__ = [
    "BASE", "MAX_FINDINGS", "CheckedFile", "Report", "Scope", "check_file", "check_files", "check_source",
    "double_diagnostic", "iter_pipeline_files", "iter_side_files", "iter_yaml_files", "join_files",
]  # fmt: skip

BASE = Scope()
"""Pipelines as they are in no environment."""


def check_file(
    path: Path,
    *,
    shown_as: str | None = None,
    contract: Contract | None = None,
    scope: Scope = BASE,
    surroundings: Surroundings | None = None,
) -> CheckedFile:
    """Check one file by itself.

    :param path: the YAML file
    :param shown_as: the path that diagnostics name; ``path`` if not given
    :param contract: the schema; the committed one if not given
    :param scope: in which environments
    :param surroundings: what other files it takes; files that are checked together share it, so each is read once
    """
    with without_collection():
        source, shown = read_source(path), shown_as or str(path)
        return check_source(source, shown_as=shown, contract=contract, scope=scope, surroundings=surroundings)


def check_source(
    source: Source,
    *,
    shown_as: str,
    contract: Contract | None = None,
    scope: Scope = BASE,
    surroundings: Surroundings | None = None,
) -> CheckedFile:
    """Check a file that was read.

    :param source: the file
    :param shown_as: the path that diagnostics name
    :param contract: the schema; the committed one if not given
    :param scope: in which environments
    :param surroundings: what other files it takes
    """
    around = (surroundings or Surroundings()).of(source.path)
    return FileCheck(source, shown_as, contract or load_contract(), scope, around).result()


def check_files(
    paths: Iterable[Path],
    *,
    relative_to: Path | None = None,
    schema: Path = SCHEMA_FILE,
    scope: Scope = BASE,
    for_building: bool = True,
) -> Report:
    """Check files together: also that no DAG id is defined in two of them.

    Of a file that has a part in pipelines (defaults, an environment, a template), all of these are checked with it.

    :param paths: the YAML files
    :param relative_to: diagnostics name the paths relative to this folder where they lie in it
    :param schema: the schema file in use
    :param scope: in which environments
    :param for_building: whether to keep the pipelines, and the texts of files without diagnostics; who only wants the
        diagnostics of thousands of files saves most of the memory
    """
    contract, surroundings = load_contract(schema), Surroundings(relative_to)
    scope = replace(scope, for_building=for_building)
    pipelines, beside = sorted_out(paths, surroundings)
    files = (
        check_file(p, shown_as=_shown(p, relative_to), contract=contract, scope=scope, surroundings=surroundings)
        for p in pipelines
    )
    report = join_files(files, for_building=for_building)
    if not beside:
        return report
    from schemas.side_reports import iter_side_reports

    reports = iter_side_reports(beside, report.files, surroundings, contract, environment=scope.environment)
    return Report((*report.files, *reports))


def _shown(path: Path, folder: Path | None) -> str:
    if folder is not None and path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return path.as_posix()
