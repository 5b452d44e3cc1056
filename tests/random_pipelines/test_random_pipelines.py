"""If the check is clean, the DAG builds: random files, made of the schema, are checked, and the clean ones are built.

Nothing here names an operator, an argument or a form of the YAML beyond the tasks that stand around: what the schema
gains is tried too. The files are the same in every run.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, note, seed, settings

from schemas.checker import check_source
from schemas.contract import load_contract
from schemas.source import parse_source
from schemas.spec import Pipeline
from tests.random_pipelines.files import BEFORE, Files, Kind, kinds

# as in production, a warning of Airflow or of a provider does not end a build
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

FILES_EACH = 10
KINDS = tuple(kinds(load_contract()))
FILES = Files(load_contract())
MOST = 0.65
NOT_CHECKED = "P403"
"""Said of an operator that the schema does not know: nobody promises that it can be built."""


@dataclass
class Tally:
    tried: int = 0
    clean: int = 0


@cache
def tally_of(kind: Kind) -> Tally:
    """Try a kind of task; the first clean file that does not build is made as small as can be, and raised."""
    tally = Tally()

    @seed(zlib.crc32(kind.value.encode()))
    @settings(
        max_examples=FILES_EACH,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(FILES.trying(kind))
    def every_clean_file_builds(data: dict[str, Any]) -> None:
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        note(text)
        tally.tried += 1
        checked = check_source(parse_source(Path("random.yaml"), text), shown_as="random.yaml")
        if any(diagnostic.code == NOT_CHECKED for diagnostic in checked.diagnostics):
            return
        for pipeline in checked.pipelines:
            tally.clean += 1
            build(pipeline)

    every_clean_file_builds()
    return tally


def build(pipeline: Pipeline) -> None:
    """Build a pipeline as the DAG processor does, and read it back as the scheduler does."""
    from airflow.serialization.serialized_objects import DagSerialization

    from pipelines.build import build_dag

    dag = build_dag(pipeline)
    ids = {str(task.task_id).rpartition(".")[2]: task for task in dag.tasks}
    assert set(ids) == {task.id for task in pipeline.tasks}
    for task in pipeline.tasks:
        direct = {dependency.name for dependency in task.dependencies if dependency.name in ids}
        assert {ids[name].task_id for name in direct} <= ids[task.id].upstream_task_ids
    assert set(DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_ids) == set(dag.task_ids)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_checks_clean_builds(kind: Kind) -> None:
    assert tally_of(kind).clean > 0, "no file was clean, so nothing was tried"


def test_most_of_the_files_are_clean() -> None:
    tallies = [tally_of(kind) for kind in KINDS]
    clean, tried = sum(tally.clean for tally in tallies), sum(tally.tried for tally in tallies)
    print(f"{clean} of {tried} files clean, and built")  # noqa: T201 (shown by -rP)
    assert tried >= FILES_EACH * len(KINDS) * 0.9
    assert clean / tried > MOST


def test_each_operator_of_this_project_has_its_place_among_the_others() -> None:
    own = {name for name in load_contract().operators if "." not in name}
    assert set(BEFORE) == own, "add it to before.yaml, with the tasks whose results it takes"
