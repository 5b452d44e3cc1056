"""What a Python author can say, YAML can: each pair of files here is one DAG, written in both.

``pipelines/`` has what is said of a whole DAG, ``tasks/`` what is said of tasks. A pair is a row of the tables of
``docs/yaml.md``; to add one, write ``<form>.yaml``, ``<form>.py`` and the row.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from pipelines.build import build_dag
from schemas.checker import check_file
from tests.pipelines.expressiveness.portrait import portrait

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "docs" / "yaml.md"
PAIRS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.yaml"))


def in_yaml(path: Path) -> dict[str, Any]:
    checked = check_file(path)
    assert [str(diagnostic) for diagnostic in checked.diagnostics] == []
    return {pipeline.dag_id: portrait(build_dag(pipeline)) for pipeline in checked.pipelines}


def in_python(path: Path) -> dict[str, Any]:
    from airflow.sdk import DAG

    spec = importlib.util.spec_from_file_location(f"expressiveness_{path.stem.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {value.dag_id: portrait(value) for value in vars(module).values() if isinstance(value, DAG)}


@pytest.mark.parametrize("name", PAIRS)
def test_yaml_and_python_make_the_same_dag(name: str) -> None:
    ours, theirs = in_yaml(FOLDER / f"{name}.yaml"), in_python(FOLDER / f"{name}.py")
    assert set(ours) == set(theirs)
    for dag_id, dag in theirs.items():
        for part, values in dag.items():
            assert ours[dag_id][part] == values, (dag_id, part)


def test_every_pair_is_a_row_of_the_page_and_every_row_a_pair() -> None:
    prefix = "../tests/pipelines/expressiveness/"
    page = PAGE.read_text(encoding="utf-8")
    rows = {part.partition(".yaml)")[0] for part in page.split(f"]({prefix}")[1:] if ".yaml)" in part}
    assert rows == set(PAIRS)
    assert {path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.py")} == set(PAIRS)
