"""Artefacts: published whole or not at all, and read only if they are what was published."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from operators.artifacts import (
    Artifact,
    ArtifactError,
    ArtifactWriter,
    Reference,
    open_location,
    path_safe,
)
from operators.artifacts import artifact_root as configured_root

TABLE = pd.DataFrame({"name": ["Ada", None], "age": [36, 41]})


def context(*, run_id: str = "manual__2026-01-01T00:00:00+00:00", try_number: int = 1, map_index: int = -1) -> Any:
    return {
        "ti": SimpleNamespace(
            dag_id="a_dag", run_id=run_id, task_id="a_task", try_number=try_number, map_index=map_index
        )
    }


@pytest.fixture
def published(artifact_root: Path) -> Reference:
    writer = ArtifactWriter(context())
    writer.write_frame("data.parquet", TABLE)
    writer.write_text("notes.txt", "Zoë")
    return writer.publish("dataset", rows=2, facts={"target": "age"})


def folder_of(reference: Reference) -> Path:
    return Path(reference.uri.removeprefix("file://"))


def test_what_was_published_can_be_read(published: Reference):
    artifact = Artifact(published)
    pd.testing.assert_frame_equal(artifact.read_frame("data.parquet"), TABLE)
    assert list(artifact.read_frame("data.parquet", columns=["age"])) == ["age"]
    assert artifact.read_bytes("notes.txt").decode() == "Zoë"
    assert artifact.facts == {"target": "age"}
    assert artifact.files["data.parquet"]["rows"] == 2


def test_manifest_names_the_sha256_and_size_of_each_file(published: Reference):
    for name, entry in Artifact(published).files.items():
        data = (folder_of(published) / name).read_bytes()
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    manifest = (folder_of(published) / "manifest.json").read_bytes()
    assert published.sha256 == hashlib.sha256(manifest).hexdigest()


def test_reference_travels_as_xcom(published: Reference):
    told = json.loads(json.dumps(published.to_xcom()))
    assert Reference.from_xcom(told, where="train_model.data") == published
    assert len(json.dumps(told)) <= 1000


@pytest.mark.parametrize("value", [None, "download_data", {"uri": "file:///x"}, 7, []])
def test_what_is_no_reference_names_the_parameter(value):
    with pytest.raises(AirflowFailException, match=r"train_model\.data: expected the result of an upstream task"):
        Reference.from_xcom(value, where="train_model.data")


@pytest.mark.parametrize("name", ["data.parquet", "manifest.json"])
def test_altered_file_is_not_read(published: Reference, name: str):
    path = folder_of(published) / name
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(ArtifactError, match="was altered: its sha256 is"):
        Artifact(published).read_bytes("data.parquet")


@pytest.mark.parametrize("name", ["data.parquet", "manifest.json"])
def test_deleted_file_is_told(published: Reference, name: str):
    (folder_of(published) / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name} does not exist"):
        Artifact(published).read_bytes("data.parquet")


def test_unknown_file_names_those_that_are_there(published: Reference):
    with pytest.raises(ArtifactError, match=r"has no file 'x'; it has data\.parquet, notes\.txt"):
        Artifact(published).read_bytes("x")


def test_try_publishes_once(published: Reference):
    with pytest.raises(ArtifactError, match="is published already"):
        ArtifactWriter(context())


def test_two_processes_of_one_try_do_not_both_publish(artifact_root: Path):
    first, second = ArtifactWriter(context()), ArtifactWriter(context())
    first.publish("dataset")
    with pytest.raises(ArtifactError, match="published by another process"):
        second.publish("dataset")


def test_try_that_dies_half_way_leaves_nothing_to_read_and_the_next_one_is_another_place(artifact_root: Path):
    ArtifactWriter(context()).write_frame("data.parquet", TABLE)
    reference = ArtifactWriter(context(try_number=2)).publish("dataset")
    assert reference.uri.endswith("/try=2")
    assert not list(artifact_root.rglob("try=1/manifest.json"))


def test_file_that_fails_while_it_is_written_is_not_in_the_manifest(artifact_root: Path):
    writer = ArtifactWriter(context())
    with pytest.raises(TypeError), writer.open("half.txt") as stream:
        stream.write("text where bytes belong")
    assert Artifact(writer.publish("dataset")).files == {}


def test_mapped_tasks_write_beside_each_other(artifact_root: Path):
    uris = {ArtifactWriter(context(map_index=n)).publish("dataset").uri for n in (0, 1)}
    assert len(uris) == 2


@pytest.mark.parametrize("value", [float("nan"), {"a": object()}])
def test_json_that_is_none_is_not_written(artifact_root: Path, value):
    with pytest.raises((ValueError, TypeError)):
        ArtifactWriter(context()).write_json("x.json", value)


def test_run_ids_become_path_segments_that_never_meet():
    assert path_safe("manual__2026-01-01") == "manual__2026-01-01"
    names = {path_safe(name) for name in ("a:b", "a+b", "a/b", "a b", "../a")}
    assert len(names) == 5
    assert not [name for name in names if set(name) & set("/:+ ") or name == ".."]


@pytest.mark.parametrize("columns", [1, 200])
def test_same_table_gives_the_same_bytes(artifact_root: Path, columns: int):
    frame = pd.DataFrame({f"c{n}": range(1000) for n in range(columns)})
    sums = set()
    for number in (1, 2):
        writer = ArtifactWriter(context(try_number=number))
        writer.write_frame("data.parquet", frame)
        sums.add(Artifact(writer.publish("dataset")).files["data.parquet"]["sha256"])
    assert len(sums) == 1


def test_root_is_one_setting_and_a_folder_of_airflow_home_by_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", "/srv/airflow")
    assert configured_root() == "file:///srv/airflow/artifacts"
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", "s3://store@bucket/ml")
    assert configured_root() == "s3://store@bucket/ml"


def test_unknown_connection_is_an_error_not_a_fallback():
    with pytest.raises(AirflowNotFoundException, match="nobody"):
        open_location("s3://nobody@bucket/key")


def test_known_connection_is_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_CONN_STORE", '{"conn_type": "aws"}')
    assert str(open_location("s3://store@bucket/key")) == "s3://store@bucket/key"
