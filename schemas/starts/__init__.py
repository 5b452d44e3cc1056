"""Texts that new pipelines begin as: whole files that check clean, with `# edit:` on what is to be changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.template_file import Template

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
    return text.replace(_NAME, _key(name))


def start_instance(name: str, template: Template) -> str:
    """Give the text of a new pipeline that is made of a template of the project.

    A parameter that must be given gets a value that fits, if one can be guessed; the others keep their defaults.

    :param name: its id
    :param template: one without errors
    """
    lines = [f"{_key(name)}:", f"  template: {template.name}"]
    needed = [parameter for parameter in template.parameters.values() if parameter.default is None]
    lines += ["  parameters:"] if needed else []
    for parameter in needed:
        told = str(parameter.schema.get("description", parameter.name)).strip().replace("\n", " ")
        lines.append(f"    {_key(parameter.name)}: {json.dumps(_guess(parameter.schema))}  # edit: {told}")
    return "\n".join(lines) + "\n"


def _guess(schema: Mapping[str, Any]) -> Any:
    """Give a value that may fit a schema: one that it names, or the least of its type."""
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    kind = schema.get("type", "string")
    least = {"integer": 0, "number": 0, "boolean": False, "array": [], "object": {}, "string": "TODO"}
    value = least.get(kind[0] if isinstance(kind, list) else kind)
    return schema.get("minimum", value) if kind in ("integer", "number") else value


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def to_edit(text: str) -> list[tuple[int, str]]:
    """Give the lines that are to be changed, and what in each.

    :param text: of a new pipeline
    """
    found = [(number, _EDIT.search(line)) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, match[1]) for number, match in found if match]
