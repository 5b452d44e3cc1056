"""A person at an editor: texts with the cursor drawn into them, and what the editor then shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.editor.language_server import LanguageServer, Position

CURSOR = "¦"
MODELINE = "# yaml-language-server: $schema=../schemas/pipeline.schema.json\n"


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of the list that completion shows."""

    label: str
    inserts: str
    documentation: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One red line; the position counts from 1, as the checker's do."""

    line: int
    column: int
    message: str
    underlined: str


class Editor:
    """The repository, open in an editor; every text is a new file in ``pipelines/``."""

    def __init__(self, server: LanguageServer, repository: Path, name: str = "not_saved.yaml") -> None:
        self._server = server
        self._repository = repository
        self._file = repository / "pipelines" / name

    def on(self, name: str) -> Editor:
        """Give the same editor with another file open."""
        return Editor(self._server, self._repository, name)

    def offers(self, drawn: str, *, modeline: str = MODELINE) -> list[Offer]:
        """Complete at the cursor."""
        position = self._open_at_cursor(modeline + drawn)
        return [_offer(item) for item in self._server.complete(self._file, position)]

    def labels(self, drawn: str, *, modeline: str = MODELINE) -> list[str]:
        """Name what completion offers at the cursor."""
        return [offer.label for offer in self.offers(drawn, modeline=modeline)]

    def hover(self, drawn: str) -> str:
        """Show what the mouse shows at the cursor."""
        position = self._open_at_cursor(MODELINE + drawn)
        return self._server.hover(self._file, position)

    def marks(self, text: str, *, modeline: str = MODELINE) -> list[Mark]:
        """Show what is underlined; lines count without the modeline."""
        lines = (modeline + text).splitlines()
        above = modeline.count("\n")
        return [_mark(d, lines, above) for d in self._server.open(self._file, modeline + text)]

    def _open_at_cursor(self, drawn: str) -> Position:
        before, cursor, after = drawn.partition(CURSOR)
        assert cursor, "the text has no cursor"
        self._server.open(self._file, before + after)
        return Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


def _offer(item: dict[str, Any]) -> Offer:
    documentation = item.get("documentation", "")
    text = documentation["value"] if isinstance(documentation, dict) else documentation
    return Offer(item["label"], item.get("insertText", ""), text)


def _mark(diagnostic: dict[str, Any], lines: list[str], above: int) -> Mark:
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    line = lines[start["line"]] if start["line"] < len(lines) else ""
    stop = end["character"] if end["line"] == start["line"] else len(line)
    underlined = line[start["character"] : stop]
    return Mark(start["line"] + 1 - above, start["character"] + 1, diagnostic["message"], underlined)
