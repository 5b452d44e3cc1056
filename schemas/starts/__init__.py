"""Texts that new pipelines begin as: whole files that check clean, with `# edit:` on what is to be changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parent
STARTS = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
"""Their names."""

_NAME = "NAME"
_PLAIN = re.compile(r"(?!(?:yes|no|on|off|true|false|null|y|n)$)[A-Za-z_][A-Za-z0-9_.-]*", re.IGNORECASE)
"""Names that YAML reads as text without quotes."""
_EDIT = re.compile(r"#\s*edit:\s*(.+)$")


def start(name: str, which: str) -> str:
    """Give the text of a new pipeline.

    :param name: its id, whatever characters it has
    :param which: one of ``STARTS``
    """
    text = (FOLDER / f"{which}.yaml").read_text(encoding="utf-8")
    return text.replace(_NAME, name if _PLAIN.fullmatch(name) else json.dumps(name))


def to_edit(text: str) -> list[tuple[int, str]]:
    """Give the lines that are to be changed, and what in each.

    :param text: of a new pipeline
    """
    found = [(number, _EDIT.search(line)) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, match[1]) for number, match in found if match]
