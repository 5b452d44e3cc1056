"""Each documented feature of dag-factory in a file: what our loader makes of it, beside what dag-factory makes.

``docs/dag-factory.md`` says of each file whether it is the same DAG as it stands or after ``pipelines migrate``, is
another, or has to be rewritten by hand, and why; the tests hold the page to it.
"""

from __future__ import annotations

import io
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from pipelines.loader import load
from pipelines.migrate import run

pytestmark = pytest.mark.airflow

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[2]
PAGE = PROJECT / "docs" / "dag-factory.md"
ROW = re.compile(
    r"^\| .* \| \[(?P<name>[\w-]+)\]\(\.\./tests/pipelines/dag_factory/(?P=name)(?:\.yaml)?\)"
    r" \| (?P<how>[^|]+) \| (?P<why>[^|]*)\|$",
    re.M,
)
SAME, MIGRATED, DIFFERENT, BY_HAND = "the same", "the same after migrate", "different", "by hand"
FEATURES = {match["name"]: match["how"].strip() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
# dag-factory adds a tag, and the YAML to the text; the file and its place differ as the loaders do
OWN = {"tags", "fileloc", "relative_fileloc", "bundle_name", "bundle_version", "_processor_dags_folder"}


def of_dag_factory(path: Path) -> dict[str, Any]:
    from dagfactory import load_yaml_dags

    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        # of names of Airflow 2
        warnings.simplefilter("ignore")
        for file in path.rglob("*.yaml") if path.is_dir() else [path]:
            root = str(path if path.is_dir() else path.parent)
            load_yaml_dags(globals_dict=found, config_filepath=str(file), defaults_config_path=root)
    return {dag_id: serialised(dag) for dag_id, dag in found.items()}


def serialised(dag: Any) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization

    data = {key: value for key, value in DagSerialization.to_dict(dag)["dag"].items() if key not in OWN}
    data["tasks"].sort(key=lambda task: task["__var"]["task_id"])
    text = data.pop("doc_md", "").partition("## YML DAG")[0].strip()
    # the zone of the dates beside it, which have one themselves
    data.get("default_args", {}).get("__var", {}).pop("timezone", None)
    return {**data, "doc_md": text}


@pytest.fixture
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of dag-factory, alone in a folder, or a folder of files that belong together."""
    monkeypatch.setenv("PROJECT", str(PROJECT))
    if (FOLDER / request.param).is_dir():
        return shutil.copytree(FOLDER / request.param, tmp_path / "pipelines")
    path = tmp_path / "pipelines" / f"{request.param}.yaml"
    path.parent.mkdir()
    shutil.copy(FOLDER / path.name, path)
    return path


def that_are(*how: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", [name for name in FEATURES if FEATURES[name] in how], indirect=True)


def of_ours(path: Path) -> dict[str, Any]:
    loaded = load(path if path.is_dir() else path.parent)
    assert loaded.diagnostics == ()
    return {dag_id: serialised(dag) for dag_id, dag in loaded.dags.items()}


def migrated(path: Path) -> tuple[bool, str]:
    told = io.StringIO()
    return run([path], io.StringIO(), told, write=True), told.getvalue()


def test_every_file_has_a_row_and_every_row_a_file() -> None:
    folders = (path.parent.name for path in FOLDER.glob("*/.airflowignore"))
    assert sorted(FEATURES) == sorted([*folders, *(path.stem for path in FOLDER.glob("*.yaml"))])
    assert set(FEATURES.values()) == {SAME, MIGRATED, DIFFERENT, BY_HAND}


def test_what_is_not_the_same_has_a_reason() -> None:
    reasons = {match["name"]: match["why"].strip() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    assert [name for name, how in FEATURES.items() if how in (DIFFERENT, BY_HAND) and not reasons[name]] == []


@that_are(SAME)
def test_a_file_of_dag_factory_is_the_same_dag(file: Path) -> None:
    assert of_ours(file) == of_dag_factory(file)


@that_are(MIGRATED)
def test_a_file_is_the_same_dag_after_it_was_migrated(file: Path) -> None:
    before = of_dag_factory(file)
    assert load(file.parent).diagnostics
    done, told = migrated(file)
    assert done, told
    assert of_ours(file) == before


@that_are(DIFFERENT)
def test_a_file_is_another_dag(file: Path) -> None:
    before = of_dag_factory(file)
    done, told = migrated(file)
    assert done, told
    assert of_ours(file) != before


@that_are(BY_HAND)
def test_a_file_must_be_rewritten_by_hand_and_is_told_how(file: Path) -> None:
    assert of_dag_factory(file)
    done, told = migrated(file)
    assert not done
    assert " to do: " in told or "hint: " in told
