"""Artefacts: the files that a task leaves behind, published whole or not at all, and passed on by reference."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from airflow.sdk import Context, ObjectStoragePath

MANIFEST = "manifest.json"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.=-]")


class ArtifactError(RuntimeError):
    """An artefact that is missing, altered or already published; the message names it."""


def artifact_root() -> str:
    """Give the artefact root, ``[pipelines] artifact_root``; by default a folder in AIRFLOW_HOME."""
    import os

    from airflow.sdk.configuration import conf

    home = os.environ.get("AIRFLOW_HOME", os.path.expanduser("~/airflow"))  # noqa: PTH111 (a URI is built from it)
    return str(conf.get("pipelines", "artifact_root", fallback=f"file://{home}/artifacts"))


def path_safe(name: str) -> str:
    """Make a run id usable as one path segment everywhere; a changed name gets a hash, so that two never meet."""
    safe = _UNSAFE.sub("_", name)
    return safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def open_location(uri: str) -> ObjectStoragePath:
    """Open a ``file://``, ``s3://conn_id@bucket/…`` or other URI, once its connection is known to exist.

    Airflow only warns of an unknown connection and then falls back to whatever credentials lie about.

    :raises AirflowNotFoundException: if the URI names a connection that does not exist
    """
    from airflow.sdk import Connection, ObjectStoragePath

    scheme, _, rest = uri.partition("://")
    conn_id, at, _ = rest.partition("/")[0].rpartition("@")
    if at and conn_id and scheme not in ("http", "https", "file"):
        Connection.get(conn_id)
    return ObjectStoragePath(uri)


@dataclass(frozen=True, slots=True)
class Reference:
    """What one task tells the next about its artefact; at most 1 kB as XCom."""

    uri: str
    """The artefact's directory."""
    sha256: str
    """Of its manifest, which holds the sha256 of every file."""
    kind: str
    """``dataset``, ``split``, ``features``, ``model``, ``judgement``, ``health`` …"""
    rows: int | None = None

    def to_xcom(self) -> dict[str, Any]:
        """Give the plain form that is returned from ``execute``."""
        return {"uri": self.uri, "sha256": self.sha256, "kind": self.kind, "rows": self.rows}

    @classmethod
    def from_xcom(cls, value: Any, *, where: str) -> Reference:
        """Read what an upstream task returned.

        :param value: the rendered parameter of an operator
        :param where: how to call the parameter in an error, e.g. ``train_model.data``
        :raises AirflowFailException: if it is not a reference
        """
        from airflow.sdk.exceptions import AirflowFailException

        if isinstance(value, Mapping) and {"uri", "sha256", "kind"} <= set(value):
            return cls(value["uri"], value["sha256"], value["kind"], value.get("rows"))
        raise AirflowFailException(
            f"{where}: expected the result of an upstream task (uri, sha256, kind), found {str(value)[:80]!r}. "
            "Name the task that makes it, as in `data: validate_data`, and list it in `dependencies`."
        )


class ArtifactWriter:
    """Collects the files of one task try; :meth:`publish` makes them an artefact.

    Files are written in place, under a directory of this try alone; nobody reads them before the manifest exists,
    and the manifest is created only if absent. A try that dies half-way leaves files that no reference names.
    """

    def __init__(self, context: Context) -> None:
        ti = context["ti"]
        parts = [ti.dag_id, path_safe(ti.run_id), ti.task_id, f"try={ti.try_number}"]
        if ti.map_index is not None and ti.map_index >= 0:
            parts.insert(3, f"map={ti.map_index}")
        self._directory = open_location("/".join([artifact_root().rstrip("/"), *parts]))
        self._created_by = {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id, "try": ti.try_number}
        self._files: dict[str, dict[str, Any]] = {}
        if (self._directory / MANIFEST).exists():
            raise ArtifactError(f"{self._directory} is published already; a task try writes its artefact once")
        self._directory.mkdir(parents=True, exist_ok=True)

    def uri_of(self, name: str) -> str:
        """Give the URI of a file of this artefact."""
        return str(self._directory / name)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a new file for writing bytes; its sha256 and size are taken as it is written."""
        with (self._directory / name).open("wb") as stream:  # type: ignore[no-untyped-call]
            hashing = _HashingWriter(stream)
            yield hashing  # type: ignore[misc]
        self._files[name] = {"sha256": hashing.digest.hexdigest(), "bytes": hashing.size}

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a whole file."""
        with self.open(name) as stream:
            stream.write(data)

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file."""
        self.write_bytes(name, text.encode())

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file; values that JSON lacks are an error, NaN included."""
        self.write_text(name, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))

    def write_frame(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table as zstd-compressed parquet, without its index."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self.open(name) as stream:
            pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), stream, compression="zstd")
        self._files[name]["rows"] = len(frame)

    def publish(self, kind: str, *, rows: int | None = None, facts: Mapping[str, Any] | None = None) -> Reference:
        """Write the manifest, which makes the artefact readable and final.

        :param kind: what it is
        :param rows: how many rows its main table has
        :param facts: small plain values that readers need, e.g. the target's name
        :raises ArtifactError: if the artefact was published meanwhile
        """
        manifest = {
            "kind": kind,
            "rows": rows,
            "facts": dict(facts or {}),
            "files": self._files,
            "created_by": self._created_by,
        }
        data = json.dumps(manifest, indent=2, allow_nan=False, ensure_ascii=False).encode()
        path = self._directory / MANIFEST
        try:
            with path.open("xb") as stream:  # type: ignore[no-untyped-call]
                stream.write(data)
        except FileExistsError:
            raise ArtifactError(f"{self._directory} was published by another process of the same try") from None
        return Reference(str(self._directory), hashlib.sha256(data).hexdigest(), kind, rows)


class Artifact:
    """A published artefact, for reading; every byte is checked against the reference it was opened with."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self._directory = open_location(reference.uri)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest, once its sha256 is what the reference says.

        :raises ArtifactError: if it is missing or altered
        """
        path = self._directory / MANIFEST
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ArtifactError(f"{path} does not exist; the artefact was deleted or never published") from None
        _check_sha256(data, self.reference.sha256, str(path))
        manifest: dict[str, Any] = json.loads(data)
        return manifest

    @property
    def facts(self) -> dict[str, Any]:
        """The small values given at publication."""
        facts: dict[str, Any] = self.manifest["facts"]
        return facts

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        """Name -> sha256, bytes and, for tables, rows."""
        files: dict[str, dict[str, Any]] = self.manifest["files"]
        return files

    def uri_of(self, name: str) -> str:
        """Give the URI of a file of this artefact."""
        return str(self._directory / name)

    def read_bytes(self, name: str) -> bytes:
        """Read a whole file and check it.

        :raises ArtifactError: if the artefact has no such file, or its content is not what was published
        """
        if name not in self.files:
            raise ArtifactError(f"{self.reference.uri} has no file {name!r}; it has {', '.join(sorted(self.files))}")
        try:
            data: bytes = (self._directory / name).read_bytes()
        except FileNotFoundError:
            raise ArtifactError(f"{self.uri_of(name)} does not exist; the file was deleted after its task") from None
        _check_sha256(data, self.files[name]["sha256"], self.uri_of(name))
        return data

    def read_json(self, name: str) -> Any:
        """Read a JSON file."""
        return json.loads(self.read_bytes(name))

    def read_frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a parquet table, or some columns of it.

        :param columns: the columns to read; all if not given
        """
        import pyarrow.parquet as pq

        table = pq.read_table(io.BytesIO(self.read_bytes(name)), columns=list(columns) if columns else None)
        frame: pd.DataFrame = table.to_pandas()
        return frame


class _HashingWriter:
    """Passes bytes through and hashes them on the way; enough of a file for pyarrow and json."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        self._stream.write(view)
        self.digest.update(view)
        self.size += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


def _check_sha256(data: bytes, expected: str, name: str) -> None:
    actual = hashlib.sha256(data).hexdigest()
    if actual != expected:
        raise ArtifactError(f"{name} was altered: its sha256 is {actual}, it was published with {expected}")
