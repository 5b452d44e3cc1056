"""Reads a fetched file into a table with types: what is surely a number becomes one, all else stays text."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from operators.mistakes import DataMistakeError, check_choice, check_columns_exist, check_keys, quoted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMATS = ("csv", "parquet", "jsonl")
CSV_OPTIONS = ("header", "separator", "missing_values", "strip", "columns", "encoding")

_FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_INDEX = re.compile(r"__index_level_\d+__")
_GZIP_MAGIC = b"\x1f\x8b"
_BROKEN_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)
_LONGEST_PROBLEM = 300
# A leading zero or more digits than a double holds: a code, such as a postcode or a card number.
_CODE = r"^[+-]?(0[0-9]|[0-9]{16,}$)"


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How a CSV file is written."""

    header: bool = True
    separator: str = ","
    missing_values: tuple[str, ...] = ()
    """Texts that mean "no value", beside the empty cell."""
    strip: bool = False
    """Whether blanks around each value and name are removed."""
    columns: tuple[str, ...] | None = None
    """Names in place of those of the header, or where there is none."""
    encoding: str = "utf-8"


def parse_csv_options(value: Mapping[str, Any] | None, name: str) -> CsvOptions:
    """Read the ``csv`` parameter; a ``.tsv`` file is separated by tabs unless the parameter says otherwise.

    :param name: the file's name, for its suffix
    :raises DataMistakeError: for an unknown key, or a file without header and names
    """
    given = dict(value or {})
    check_keys(given, CSV_OPTIONS, where="csv")
    if ".tsv" in _suffixes(name):
        given.setdefault("separator", "\t")
    given["missing_values"] = tuple(map(str, given.get("missing_values") or ()))
    given["columns"] = tuple(map(str, given["columns"])) if given.get("columns") else None
    options = CsvOptions(**given)
    if not options.header and not options.columns:
        raise DataMistakeError("csv.columns: a file without header needs the names of its columns; found none")
    if len(options.separator) != 1:
        raise DataMistakeError(f"csv.separator: needs one character; found {options.separator!r}")
    return options


def format_of(name: str, given: str | None) -> str:
    """Tell the format of a file from the parameter, else from the end of its name (``.gz`` apart).

    :raises DataMistakeError: if neither tells
    """
    if given is not None:
        return check_choice(given, FORMATS, where="format")
    for suffix in reversed(_suffixes(name)):
        if suffix in _FORMAT_OF_SUFFIX:
            return _FORMAT_OF_SUFFIX[suffix]
    raise DataMistakeError(
        f"format: the name {name!r} does not tell the format; give one of {', '.join(FORMATS)}, as in `format: csv`"
    )


def read_table(path: Path, kind: str, csv: CsvOptions) -> pd.DataFrame:
    """Read a file whole.

    :param path: the file; gzip is recognised by its first bytes
    :param kind: one of :data:`FORMATS`
    :raises DataMistakeError: if the file is not of that format, or holds columns that are no plain values
    """
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if not start:
        raise DataMistakeError("source: the file is empty")
    if start.startswith((b"<!doctype html", b"<html")):
        raise DataMistakeError("source: this is a web page, not a table; perhaps a login page. Open it in a browser")
    with _problems_of(kind):
        table = _READERS[kind](path, csv)
        _check_names(table.column_names)
        return cast("pd.DataFrame", _plain(table).to_pandas())


def select_columns(frame: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    """Keep the named columns, in that order; all if none are named.

    :raises DataMistakeError: if one does not exist
    """
    if columns is None:
        return frame
    check_columns_exist(columns, frame.columns, where="columns")
    return frame[list(columns)]


def _suffixes(name: str) -> list[str]:
    return [suffix.lower() for suffix in Path(name).suffixes]


@contextmanager
def _problems_of(kind: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError, LookupError, *_BROKEN_GZIP) as problem:
        text = " ".join(str(problem).split())[:_LONGEST_PROBLEM]
        hint = "; set csv.encoding, as in latin-1" if "UTF8" in text or isinstance(problem, UnicodeError) else ""
        raise DataMistakeError(f"source: cannot be read as {kind}: {text}{hint}") from None


def _check_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataMistakeError(f"source: columns with the same name: {quoted(twice)}; name them in csv.columns")
    if "" in names:
        raise DataMistakeError(f"source: column {names.index('') + 1} has no name; name the columns in csv.columns")


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if compressed else file


def _read_parquet(path: Path, csv: CsvOptions) -> pa.Table:
    import pyarrow.parquet as pq

    # What pandas noted about its own types would bring them back, and its index as columns.
    table = pq.read_table(path).replace_schema_metadata(None)
    return table.select([name for name in table.column_names if not _INDEX.fullmatch(name)])


def _read_jsonl(path: Path, csv: CsvOptions) -> pa.Table:
    import pyarrow as pa
    from pyarrow import json

    with _open(path) as file:
        table = json.read_json(file)
    guessed = [pa.field(f.name, pa.string()) for f in table.schema if pa.types.is_timestamp(f.type)]
    if not guessed:
        return table
    # Text that looks like a time is still text, until a check declares it a datetime.
    with _open(path) as file:
        return json.read_json(file, parse_options=json.ParseOptions(explicit_schema=pa.schema(guessed)))


def _read_csv(path: Path, options: CsvOptions) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    parse = csv.ParseOptions(delimiter=options.separator, newlines_in_values=True)
    reading: dict[str, Any] = {"encoding": options.encoding}
    if options.columns:
        reading |= {"column_names": list(options.columns), "skip_rows": int(options.header)}
    with _open(path) as file:
        names = csv.open_csv(file, csv.ReadOptions(**reading), parse).schema.names
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    with _open(path) as file:
        table = csv.read_csv(file, csv.ReadOptions(**reading), parse, convert)
    if options.strip:
        table = table.rename_columns([name.strip() for name in table.column_names])
    columns = [_typed_column(column.combine_chunks(), options) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _typed_column(texts: pa.Array, options: CsvOptions) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if options.strip:
        texts = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(texts, value_set=pa.array(["", *options.missing_values], pa.string()))
    values = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    if values.null_count == len(values):
        return values
    for kind in (pa.int64(), pa.float64()):
        try:
            numbers = pc.cast(values, kind)
        except pa.ArrowInvalid:
            continue
        return values if pc.any(pc.match_substring_regex(values, _CODE)).as_py() else numbers
    return values


def _plain(table: pa.Table) -> pa.Table:
    """Bring each column to a plain type: number, text, boolean or time."""
    import pyarrow as pa

    kinds: list[tuple[Callable[[Any], bool], Any]] = [
        (pa.types.is_decimal, pa.float64()),
        (pa.types.is_date, pa.timestamp("us")),
        (pa.types.is_large_string, pa.string()),
        (pa.types.is_string_view, pa.string()),
    ]
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)  # noqa: PLW2901
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            raise DataMistakeError(f"source: column {name!r} holds {column.type}; a table needs plain values")
        target = next((target for matches, target in kinds if matches(column.type)), None)
        columns.append(column.cast(target) if target is not None else column)
    return pa.table(columns, names=table.column_names)


_READERS: dict[str, Callable[[Path, CsvOptions], Any]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "jsonl": _read_jsonl,
}
