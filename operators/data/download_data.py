"""DownloadData: fetches a table, checks that it is the right one and publishes it as the run's first artefact."""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import ArtifactWriter
from operators.data.samples import load_sample
from operators.data.sources import fetch, hide_secrets, public_name, scheme_of
from operators.data.tabular import format_of, parse_csv_options, read_table, select_columns
from operators.mistakes import DataMistakeError, mistakes_fail_the_task
from operators.parameters import ColumnNames, CsvFormat, Text, shape

if TYPE_CHECKING:
    import pandas as pd
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

TABLE = "data.parquet"
"""The file of the artefact that holds the table."""
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Download:
    """A table that was fetched and read."""

    frame: pd.DataFrame
    sha256: str
    """Of the bytes that were fetched; for a sample, of the table written as CSV."""
    size: int
    """In bytes."""


class DownloadDataOperator(BaseOperator):
    """Fetch a table, check its sha256 if one is given, and publish it as parquet, whole or not at all.

    A wrong sha256, a missing file or a file of another format fails the task at once; a source that cannot be reached
    is retried. Users, passwords and query strings of the source appear in no log, artefact or XCom.

    .. code-block:: yaml

        download_data:
          operator: DownloadData
          source: https://example.org/people.csv
          sha256: 5f1a7c0cc2d9c1e3c6ac2b1c42dfd6b1fd4c1e54a1d0c5f6fb5a8a1e6f0e8d11
          csv: {missing_values: ["?"], strip: true}

    :param source: where the table is: ``sample://breast_cancer`` (also ``diabetes``, ``digits``, ``iris``, ``wine``),
        ``https://…``, ``file:///…``, ``s3://conn_id@bucket/…``, ``gs://…``, ``abfs://…`` (templated)
    :param sha256: what the sha256 of the fetched bytes must be (templated)
    :param format: ``csv``, ``parquet`` or ``jsonl``; by default what the name of the source ends in (templated)
    :param csv: how a CSV file is written: ``header`` (true), ``separator`` (``,``), ``missing_values`` (beside the
        empty cell), ``strip`` (false), ``columns`` (names), ``encoding`` (utf-8) (templated)
    :param columns: the columns to keep, in this order; all if not given (templated)
    """

    template_fields: Sequence[str] = ("source", "sha256", "format", "csv", "columns")

    def __init__(
        self,
        *,
        source: Text,
        sha256: Annotated[str, shape(pattern="^[0-9a-fA-F]{64}$")] | None = None,
        format: Literal["csv", "parquet", "jsonl"] | None = None,  # noqa: A002
        csv: CsvFormat | None = None,
        columns: ColumnNames | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.sha256 = sha256
        self.format = format
        self.csv = csv
        self.columns = columns

    def execute(self, context: Context) -> dict[str, Any]:
        """Fetch, check, read and publish.

        :returns: the reference of an artefact of kind ``dataset``
        :raises AirflowFailException: if the source, the file or its content is not what was declared
        :raises SourceUnavailableError: if the source cannot be read now
        """
        with mistakes_fail_the_task(self.task_id):
            hide_secrets(self.source)
            if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
                raise DataMistakeError(f"sha256: needs 64 hexadecimal digits; found {self.sha256!r}")
            download = self._download()
            frame = select_columns(download.frame, self.columns)
        return self._publish(context, frame, download)

    def _download(self) -> Download:
        if scheme_of(self.source) == "sample":
            frame = load_sample(self.source.removeprefix("sample://"))
            data = frame.to_csv(index=False).encode()
            sha256 = hashlib.sha256(data).hexdigest()
            self._check_sha256(sha256)
            return Download(frame, sha256, len(data))
        name = Path(urlsplit(self.source).path).name
        kind, csv = format_of(name, self.format), parse_csv_options(self.csv, name)
        with tempfile.TemporaryDirectory() as folder:
            fetched = fetch(self.source, Path(folder) / "fetched")
            self._check_sha256(fetched.sha256)
            return Download(read_table(fetched.path, kind, csv), fetched.sha256, fetched.size)

    def _check_sha256(self, actual: str) -> None:
        if self.sha256 is not None and actual != self.sha256.lower():
            raise DataMistakeError(
                f"sha256: {public_name(self.source)} has the sha256 {actual}; expected was {self.sha256.lower()}. "
                "The file was changed, or the expected value is that of another file"
            )

    def _publish(self, context: Context, frame: pd.DataFrame, download: Download) -> dict[str, Any]:
        artifact = ArtifactWriter(context)
        artifact.write_frame(TABLE, frame)
        facts = {
            "source": public_name(self.source),
            "sha256": download.sha256,
            "bytes": download.size,
            "columns": {str(name): str(dtype) for name, dtype in frame.dtypes.items()},
        }
        log.info("%s: %d rows, %d columns, sha256 %s", facts["source"], len(frame), frame.shape[1], download.sha256)
        ti = context["ti"]
        stats.emit(stats.ML_DATA_ROWS, len(frame), dag_id=ti.dag_id, task_id=ti.task_id, kind="in")
        return artifact.publish("dataset", rows=len(frame), facts=facts).to_xcom()
