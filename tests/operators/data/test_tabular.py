"""Reading files: numbers become numbers, codes and names stay what they are, broken files are told."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from operators.data.tabular import format_of, parse_csv_options, read_table
from operators.mistakes import DataMistakeError


def read_csv(tmp_path: Path, content: str | bytes, name: str = "t.csv", **options: Any) -> pd.DataFrame:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(file, "csv", parse_csv_options(options, name))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2"], "int64"),
        (["1", ""], "float64"),
        (["1.5", "2"], "float64"),
        (["1e3", "-2"], "float64"),
        (["007", "42"], "str"),
        (["4111111111111111", "5500000000000004"], "str"),
        (["1", "many"], "str"),
        (["true", "false"], "str"),
        (["2026-01-01", "2026-01-02"], "str"),
        (["None", "NA"], "str"),
    ],
)
def test_only_what_is_surely_a_number_becomes_one(tmp_path, cells, expected):
    frame = read_csv(tmp_path, "row,value\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    assert str(frame["value"].dtype) == expected
    if expected == "str":
        assert list(frame["value"]) == cells


def test_missing_values_are_the_empty_cell_and_what_is_named(tmp_path):
    frame = read_csv(tmp_path, "a,b\n1,?\n,NA\n3,x\n", missing_values=["?"])
    assert frame["a"].isna().tolist() == [False, True, False]
    assert frame["b"].tolist()[1:] == ["NA", "x"]
    assert frame["b"].isna()[0]


def test_header_false_and_strip_as_in_the_census_file(tmp_path):
    content = "39, State-gov, <=50K\n50, ?, >50K \n\n"
    frame = read_csv(
        tmp_path, content, header=False, strip=True, missing_values=["?"], columns=["age", "workclass", "income"]
    )
    assert frame["age"].tolist() == [39, 50]
    assert frame["income"].tolist() == ["<=50K", ">50K"]
    assert frame["workclass"].isna().tolist() == [False, True]


def test_columns_rename_a_header(tmp_path):
    assert list(read_csv(tmp_path, "A 1,B 2\n1,2\n", columns=["a", "b"])) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("name;city\nZoë;Köln\n".encode("latin-1"), {"separator": ";", "encoding": "latin-1"}),
        ("\ufeffname;city\nZoë;Köln\n".encode(), {"separator": ";"}),
        (gzip.compress("name;city\nZoë;Köln\n".encode()), {"separator": ";"}),
        ('name;city\n"Zoë";"Köln"\n', {"separator": ";"}),
    ],
    ids=["latin-1", "byte order mark", "gzip", "quotes"],
)
def test_ways_to_write_the_same_table(tmp_path, content, options):
    assert read_csv(tmp_path, content, **options).to_dict("list") == {"name": ["Zoë"], "city": ["Köln"]}


def test_tsv_is_separated_by_tabs(tmp_path):
    assert read_csv(tmp_path, "a\tb\n1\t2\n", name="t.tsv").shape == (1, 2)


def test_quoted_line_break_is_one_cell(tmp_path):
    assert read_csv(tmp_path, 'a,b\n1,"two\nlines"\n')["b"].tolist() == ["two\nlines"]


def test_table_without_rows_is_a_table(tmp_path):
    frame = read_csv(tmp_path, "a,b\n")
    assert (list(frame), len(frame)) == (["a", "b"], 0)


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("a,b\n1,2\n3\n", {}, "Expected 2 columns, got 1"),
        ("a,b\n1,2,3\n", {}, "Expected 2 columns, got 3"),
        ("a,a\n1,2\n", {}, "columns with the same name: 'a'"),
        ("a,\n1,2\n", {}, "column 2 has no name"),
        (b"a\n\xff\xfe\n", {}, "set csv.encoding"),
        ("a\n1\n", {"encoding": "klingon"}, "klingon"),
        ("a\n1\n", {"header": False}, "csv.columns: a file without header needs the names"),
        ("a\n1\n", {"seperator": ";"}, "csv: unknown key 'seperator'; allowed are header, separator"),
        ("a\n1\n", {"separator": "||"}, "csv.separator: needs one character"),
        ("a,b\n1,2\n", {"columns": ["a"]}, "Expected 1 columns, got 2"),
    ],
)
def test_broken_files_and_options_are_told(tmp_path, content, options, said):
    with pytest.raises(DataMistakeError, match=said):
        read_csv(tmp_path, content, **options)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("t.csv", None, "csv"),
        ("T.CSV.gz", None, "csv"),
        ("t.pq", None, "parquet"),
        ("t.ndjson", None, "jsonl"),
        ("adult.data", "csv", "csv"),
    ],
)
def test_format_is_told_by_the_name_or_the_parameter(name, given, expected):
    assert format_of(name, given) == expected


def test_json_times_and_codes_stay_text(tmp_path):
    file = tmp_path / "t.jsonl"
    file.write_text('{"at": "2026-01-01", "code": "007", "n": 1.5}\n{"at": "2026-01-02", "code": "008"}\n')
    frame = read_table(file, "jsonl", parse_csv_options(None, ""))
    assert frame["at"].tolist() == ["2026-01-01", "2026-01-02"]
    assert frame["code"].tolist() == ["007", "008"]
    assert frame["n"].tolist()[0] == 1.5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": {"b": 1}}\n', "column 'a' holds struct"),
        ('{"a": 1}\n{"a": "x"}\n', "cannot be read as jsonl"),
        ("{broken\n", "cannot be read as jsonl"),
    ],
)
def test_json_that_is_no_table(tmp_path, content, said):
    file = tmp_path / "t.jsonl"
    file.write_text(content)
    with pytest.raises(DataMistakeError, match=said):
        read_table(file, "jsonl", parse_csv_options(None, ""))


def test_parquet_types_become_plain_ones(tmp_path):
    import datetime
    import decimal

    table = pa.table(
        {
            "category": pa.array(["x", "y"]).dictionary_encode(),
            "price": [decimal.Decimal("1.50"), decimal.Decimal("2.25")],
            "day": [datetime.date(2026, 1, 1), None],
            "flag": [True, False],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet", "parquet", parse_csv_options(None, ""))
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "float64", "datetime64[us]", "bool"]


def test_parquet_of_pandas_comes_without_its_index_and_nullable_types(tmp_path):
    frame = pd.DataFrame(
        {"n": pd.array([1, None, 3], dtype="Int64"), "b": pd.array([True, None, False], dtype="boolean")}
    )
    frame.set_axis(["x", "y", "z"]).to_parquet(tmp_path / "t.parquet")
    got = read_table(tmp_path / "t.parquet", "parquet", parse_csv_options(None, ""))
    assert {name: str(dtype) for name, dtype in got.dtypes.items()} == {"n": "float64", "b": "object"}
    assert got["b"].tolist() == [True, None, False]


def test_broken_gzip_is_told(tmp_path):
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    with pytest.raises(DataMistakeError, match="cannot be read as csv"):
        read_csv(tmp_path, content[:-20], name="t.csv.gz")


def test_text_named_parquet_is_told(tmp_path):
    file = tmp_path / "t.parquet"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(DataMistakeError, match="cannot be read as parquet"):
        read_table(file, "parquet", parse_csv_options(None, ""))
