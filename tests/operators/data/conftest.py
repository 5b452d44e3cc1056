"""A web server with bad habits, and readers of what a task published."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pandas as pd
import pytest
import yaml

from operators.artifacts import Artifact, Reference


@dataclass
class Page:
    """What the server answers under one path."""

    body: bytes = b""
    status: int = 200
    failures: int = 0
    """How many requests get a 503 first."""
    cut_after: int | None = None
    """How many bytes are sent although the whole length was announced."""
    location: str | None = None


@dataclass
class WebServer:
    """A real HTTP server on a free port; ``pages`` may be changed while it runs."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def serve(self, path: str, body: bytes | str = b"", **page: Any) -> str:
        self.pages[path] = Page(body.encode() if isinstance(body, str) else body, **page)
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    site: WebServer

    def do_GET(self) -> None:
        self.site.requests.append(self.path)
        page = self.site.pages.get(self.path.partition("?")[0], Page(b"no such page", status=404))
        status = page.status
        if page.failures > 0:
            page.failures -= 1
            status = 503
        self.send_response(status)
        if page.location:
            self.send_header("Location", page.location)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        self.wfile.write(page.body[: page.cut_after])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[WebServer]:
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        site = WebServer(f"http://127.0.0.1:{server.server_port}")
        handler.site = site  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def published() -> Callable[[Any], Artifact]:
    """Open what a task returned."""
    return lambda result: Artifact(Reference.from_xcom(result, where="test"))


@pytest.fixture
def publish_table(run_task: Callable[..., Any], tmp_path: Any) -> Callable[..., dict[str, Any]]:
    """Publish a DataFrame the way DownloadData does; gives the reference that the next task gets."""
    from operators.artifacts import ArtifactWriter

    class Instance:
        dag_id, run_id, task_id, map_index = "a_dag", "a_run", "download_data", -1
        try_number = 0

    def publish(frame: pd.DataFrame, kind: str = "dataset") -> dict[str, Any]:
        Instance.try_number += 1
        artifact = ArtifactWriter({"ti": Instance()})  # type: ignore[typeddict-item]
        artifact.write_frame("data.parquet", frame)
        return artifact.publish(kind, rows=len(frame), facts={"source": "test"}).to_xcom()

    return publish


@pytest.fixture
def docstring_example() -> Callable[[type], dict[str, Any]]:
    """Give the parameters that the YAML example in an operator's docstring has."""

    def read(operator: type) -> dict[str, Any]:
        example = (operator.__doc__ or "").split(".. code-block:: yaml\n")[1].split(":param")[0]
        (task,) = yaml.safe_load(textwrap.dedent(example)).values()
        assert operator.__name__ == task.pop("operator") + "Operator"
        task.pop("dependencies", None)
        return task

    return read
