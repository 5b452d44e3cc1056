"""Talks to the real yaml-language-server over its standard input and output, as an editor does."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ANSWER_TIMEOUT = 60
"""Seconds until a server that says nothing is given up."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two characters, counted from 0, as the protocol does."""

    line: int
    character: int

    def to_json(self) -> dict[str, int]:
        return {"line": self.line, "character": self.character}


@dataclass(slots=True)
class Inbox:
    """What the server has sent: answers by their id, diagnostics by their file."""

    answers: dict[int, queue.Queue[Any]] = field(default_factory=dict)
    diagnostics: dict[str, queue.Queue[Any]] = field(default_factory=dict)


class LanguageServer:
    """One running server with one folder open; use as a context manager."""

    def __init__(self, command: list[str], folder: Path, settings: dict[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        self._ids = itertools.count(1)
        self._inbox = Inbox()
        self._versions: dict[str, int] = {}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        threading.Thread(target=self._read_all, daemon=True).start()

    def __enter__(self) -> Self:
        uri = self._folder.as_uri()
        capabilities = {
            "workspace": {"configuration": True, "didChangeConfiguration": {}},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
        }
        folders = [{"uri": uri, "name": self._folder.name}]
        self.request(
            "initialize",
            {"processId": None, "rootUri": uri, "capabilities": capabilities, "workspaceFolders": folders},
        )
        self._notify("initialized", {})
        self._notify("workspace/didChangeConfiguration", {"settings": self._settings})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.request("shutdown", None)
            self._notify("exit", None)
            self._process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        finally:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open or change a document, and wait for the diagnostics of this text."""
        uri = path.as_uri()
        version = self._versions.get(uri, 0) + 1
        self._versions[uri] = version
        box = self._inbox.diagnostics[uri] = queue.Queue()
        if version == 1:
            document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
            self._notify("textDocument/didOpen", {"textDocument": document})
        else:
            change = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}
            self._notify("textDocument/didChange", change)
        diagnostics: list[dict[str, Any]] = _take(box, f"diagnostics of {path.name}")
        return diagnostics

    def complete(self, path: Path, position: Position) -> list[dict[str, Any]]:
        """Ask what can be written at a place of an open document."""
        answer = self._ask("textDocument/completion", path, position)
        items: list[dict[str, Any]] = answer["items"] if isinstance(answer, dict) else answer or []
        return items

    def hover(self, path: Path, position: Position) -> str:
        """Ask for the text that the mouse shows at a place of an open document."""
        answer = self._ask("textDocument/hover", path, position)
        if answer is None:
            return ""
        contents = answer["contents"]
        return str(contents["value"] if isinstance(contents, dict) else contents)

    def request(self, method: str, parameters: Any) -> Any:
        """Send a request and wait for its answer."""
        number = next(self._ids)
        box = self._inbox.answers[number] = queue.Queue()
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        return _take(box, method)

    def _ask(self, method: str, path: Path, position: Position) -> Any:
        return self.request(method, {"textDocument": {"uri": path.as_uri()}, "position": position.to_json()})

    def _notify(self, method: str, parameters: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self._process.stdin.flush()

    def _read_all(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while (message := _read_message(stream)) is not None:
            self._receive(message)

    def _receive(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            uri = message["params"]["uri"]
            self._inbox.diagnostics.setdefault(uri, queue.Queue()).put(message["params"]["diagnostics"])
        elif method == "workspace/configuration":
            sections = [self._settings.get(item["section"]) for item in message["params"]["items"]]
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": sections})
        elif method is not None and "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        elif "id" in message:
            self._inbox.answers[message["id"]].put(message.get("result", message.get("error")))


def _read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = stream.read(length) if length else b""
    message: dict[str, Any] | None = json.loads(body) if body else None
    return message


def _take(box: queue.Queue[Any], what: str) -> Any:
    try:
        return box.get(timeout=ANSWER_TIMEOUT)
    except queue.Empty:
        raise TimeoutError(f"yaml-language-server gave no {what} in {ANSWER_TIMEOUT} s") from None
