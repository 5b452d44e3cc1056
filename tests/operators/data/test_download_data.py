"""DownloadData on real servers and files: what arrives whole is published, all else is told clearly."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.data.download_data import DownloadDataOperator
from operators.data.sources import SourceUnavailableError

TABLE = "name,age\nAda,36\nAlan,41\n"


def download(source: str, **parameters: Any) -> DownloadDataOperator:
    return DownloadDataOperator(task_id="download_data", source=source, **parameters)


@pytest.mark.parametrize(
    ("name", "rows", "columns", "targets"),
    [
        ("breast_cancer", 569, 31, {"benign", "malignant"}),
        ("iris", 150, 5, {"setosa", "versicolor", "virginica"}),
        ("wine", 178, 14, {"class_0", "class_1", "class_2"}),
        ("digits", 1797, 65, set("0123456789")),
    ],
)
def test_samples_have_class_names_as_target(run_task, published, name, rows, columns, targets):
    result = run_task(download(f"sample://{name}")).result
    frame = published(result).read_frame("data.parquet")
    assert frame.shape == (rows, columns)
    assert set(frame["target"]) == targets
    assert result["rows"] == rows
    assert all(column.isidentifier() for column in frame.columns)


def test_sample_diabetes_has_a_number_as_target(run_task, published):
    frame = published(run_task(download("sample://diabetes")).result).read_frame("data.parquet")
    assert frame["target"].dtype == "float64"


def test_breast_cancer_columns_are_snake_case(run_task, published):
    facts = published(run_task(download("sample://breast_cancer")).result).facts
    assert facts["source"] == "sample://breast_cancer"
    assert {"mean_radius", "worst_area", "mean_concavity", "target"} <= set(facts["columns"])


def test_file_is_published_with_the_sha256_of_its_bytes(run_task, published, tmp_path: Path):
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    run = run_task(download(f"file://{file}"))
    artifact = published(run.result)
    assert artifact.reference.kind == "dataset"
    assert artifact.facts["sha256"] == hashlib.sha256(TABLE.encode()).hexdigest()
    assert artifact.read_frame("data.parquet").to_dict("list") == {"name": ["Ada", "Alan"], "age": [36, 41]}
    assert len(json.dumps(run.result)) <= 1000


def test_same_bytes_give_the_same_parquet(run_task, published, tmp_path: Path):
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    first, second = (published(run_task(download(f"file://{file}"), try_number=n).result) for n in (1, 2))
    assert first.files["data.parquet"] == second.files["data.parquet"]


def test_expected_sha256_may_be_upper_case(run_task, web):
    sha256 = hashlib.sha256(TABLE.encode()).hexdigest().upper()
    assert run_task(download(web.serve("/people.csv", TABLE), sha256=sha256)).result["rows"] == 2


def test_wrong_sha256_names_both_and_publishes_nothing(run_task, web, artifact_root: Path):
    source = web.serve("/people.csv", TABLE)
    error = run_task(download(source, sha256="0" * 64), raises=AirflowFailException).error
    assert "0" * 64 in str(error)
    assert hashlib.sha256(TABLE.encode()).hexdigest() in str(error)
    assert not list(artifact_root.rglob("manifest.json"))


def test_sha256_of_another_length_is_refused(run_task):
    error = run_task(download("sample://iris", sha256="abc"), raises=AirflowFailException).error
    assert "download_data.sha256: needs 64 hexadecimal digits" in str(error)


def test_flaky_server_is_retried_and_then_works(run_task, web):
    source = web.serve("/people.csv", TABLE, failures=1)
    error = run_task(download(source), raises=SourceUnavailableError).error
    assert "503" in str(error)
    assert run_task(download(source), try_number=2).result["rows"] == 2


def test_truncated_body_is_retried_not_read_as_a_shorter_table(run_task, web, artifact_root: Path):
    source = web.serve("/people.csv", TABLE, cut_after=17)
    error = run_task(download(source), raises=SourceUnavailableError).error
    assert "without sending complete message body" in str(error)
    assert not list(artifact_root.rglob("manifest.json"))


def test_unreachable_server_is_retried(run_task):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        source = f"http://127.0.0.1:{unused.getsockname()[1]}/people.csv"
        error = run_task(download(source), raises=SourceUnavailableError).error
    assert "refused" in str(error)


def test_redirects_are_followed(run_task, web):
    target = web.serve("/people.csv", TABLE)
    source = web.serve("/latest.csv", status=302, location=target)
    assert run_task(download(source)).result["rows"] == 2


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"status": 404}, "404 Not Found; there is no such file"),
        ({"status": 403}, "403 Forbidden; check the address and the credentials"),
        ({"status": 302, "location": "ftp://elsewhere/people.csv"}, "redirects to something that is not http"),
        ({"status": 302, "location": "/people.csv"}, "redirects in a circle"),
        ({"body": "<!DOCTYPE html><p>Log in"}, "this is a web page, not a table"),
        ({"body": ""}, "the file is empty"),
    ],
)
def test_answers_that_no_retry_can_mend(run_task, web, page, said):
    source = web.serve("/people.csv", **page)
    assert said in str(run_task(download(source), raises=AirflowFailException).error)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("people.csv", "has no scheme; write it as in file:///"),
        ("ftp://host/people.csv", "unknown scheme 'ftp'; allowed are abfs, abfss, file, gs, http, https, s3, sample"),
        ("file://people.csv", "is relative"),
        ("file:///nowhere/people.csv", "file:///nowhere/people.csv does not exist"),
        ("file:///usr/people", "the name 'people' does not tell the format; give one of csv, parquet, jsonl"),
        ("sample://penguins", "found 'penguins'; allowed are breast_cancer, diabetes, digits, iris, wine"),
        ("https://[half/people.csv", "is not a valid address"),
    ],
)
def test_sources_that_mean_nothing(run_task, source, said):
    error = run_task(download(source), raises=AirflowFailException).error
    assert said in str(error)
    assert str(error).startswith("download_data.")


def test_directory_is_no_table(run_task, tmp_path: Path):
    error = run_task(download(f"file://{tmp_path}", format="csv"), raises=AirflowFailException).error
    assert "is a directory" in str(error)


def test_unknown_connection_is_named_and_no_other_credentials_are_tried(run_task):
    error = run_task(download("s3://nobody@bucket/people.csv"), raises=AirflowFailException).error
    assert "connection of s3://nobody@bucket/people.csv does not exist" in str(error)


def test_object_store_without_its_package_says_so(run_task):
    try:
        import s3fs  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        error = run_task(download("s3://bucket/people.csv"), raises=AirflowFailException).error
        assert "needs a package that is not installed" in str(error)
    else:
        pytest.skip("s3fs is installed here")


@pytest.mark.parametrize("page", [{}, {"failures": 9}, {"status": 404}, {"cut_after": 5}])
def test_credentials_reach_no_log_no_artefact_and_no_message(run_task, web, page, caplog, artifact_root: Path):
    caplog.set_level(logging.DEBUG)
    address = web.serve("/people.csv", TABLE, **page).replace("http://", "http://ada:swordfish@")
    source = address + "?X-Amz-Signature=c0ffee&part=1"
    try:
        told = str(run_task(download(source)).result)
    except (AirflowFailException, SourceUnavailableError) as problem:
        told = str(problem)
    told += "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpcore"))
    told += "".join(path.read_text() for path in artifact_root.rglob("manifest.json"))
    assert "people.csv" in told
    assert not [secret for secret in ("swordfish", "c0ffee", "ada:") if secret in told]
    assert "X-Amz-Signature=c0ffee" in web.requests[0]


def test_long_download_tells_how_far_it_is(caplog):
    from operators.data.sources import Progress

    caplog.set_level(logging.INFO, logger="airflow.task")
    now = iter([0.0, 1.0, 6.0, 7.0]).__next__
    progress = Progress(total=100_000_000, clock=now)
    for _ in range(3):
        progress.advance(10_000_000)
    assert [r.getMessage() for r in caplog.records] == ["20.0 MB of 100.0 MB (20 %), 3.3 MB/s, 24 s left"]


def test_columns_are_kept_in_the_order_asked_for(run_task, published, web):
    source = web.serve("/people.csv", TABLE)
    artifact = published(run_task(download(source, columns=["age", "name"])).result)
    assert list(artifact.read_frame("data.parquet")) == ["age", "name"]
    error = run_task(download(source, columns=["ages"]), try_number=2, raises=AirflowFailException).error
    assert "download_data.columns: no column 'ages'; did you mean 'age'?" in str(error)


def test_parquet_and_json_lines(run_task, published, tmp_path: Path):
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": "x"}\n{"a": 2}\n')
    for number, name in enumerate(("t.parquet", "t.jsonl")):
        result = run_task(download(f"file://{tmp_path / name}"), try_number=number).result
        expected = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
        pd.testing.assert_frame_equal(published(result).read_frame("data.parquet"), expected)


def test_the_example_of_the_docstring_is_a_download(run_task, web, docstring_example):
    parameters = docstring_example(DownloadDataOperator)
    parameters |= {"source": web.serve("/people.csv", TABLE), "sha256": hashlib.sha256(TABLE.encode()).hexdigest()}
    assert run_task(download(**parameters)).result["rows"] == 2


def test_census_table_as_the_pipeline_reads_it(run_task, published, shared_data: Path):
    source = f"file://{shared_data / 'adult.csv'}"
    frame = published(run_task(download(source, csv={"missing_values": ["?"]})).result).read_frame("data.parquet")
    assert frame.shape == (48842, 15)
    assert frame["workclass"].isna().sum() == 2799
    assert sorted(frame["income"].unique()) == ["<=50K", "<=50K.", ">50K", ">50K."]
    assert str(frame["age"].dtype) == "int64"
